/// Whether a job that waits or runs goes on in another pool, or later.
#pragma once

#include <optional>
#include <vector>

#include "sim/base/quantity.h"
#include "sim/scheduling/policy.h"

namespace busbar::scheduling {

/// What a job has to choose from for the rest of its work, each with all that it takes from now on:
/// work done again, time on the way, what it pays when it starts again.
struct Choices {
  PoolOption stay;
  std::vector<PoolOption> go;           // to other pools, now
  std::vector<PoolOption> later;        // the same at the broker's next look
  std::vector<PoolOption> pause;        // where it runs: it stops now, and starts again later
  std::vector<PoolOption> pause_later;  // the same if it stops at the broker's next look
};

/// Where and when a job does the rest of its work: the index of a `go`, or beyond those that of a
/// `pause`; none if it stays.
///
/// It goes to the best of them (ties as at its submission) if that takes less than staying does, in
/// the broker's own unit, by more than the broker's `gain` times what staying takes, and if going
/// later takes no less; a pause also gives way to a later one that takes as much and is done first.
/// A broker without a unit moves nothing. Pure.
std::optional<size_t> choose_move(const Broker& broker, const Choices& choices);

/// One option for a part of a job's rest, then another for what is left. Waiting is that of the
/// second.
PoolOption in_turn(const PoolOption& first, const PoolOption& then);

/// Whether a job writes a checkpoint before it leaves its chips, or goes back to its last one: what
/// takes less of its time. Pure.
bool saves_first(base::Seconds unsaved, base::Seconds write);

}  // namespace busbar::scheduling
