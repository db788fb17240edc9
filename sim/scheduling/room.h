/// What a pass has left of a pool, now and through the windows ahead.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "sim/scheduling/policy.h"
#include "sim/scheduling/pool_timeline.h"

namespace busbar::scheduling {

/// Finds room for one job after the other, of which some leave or come back at another size.
///
/// Without windows room is what the pool's state finds. With windows it also holds from now until
/// the job's requested end; a timeline is built anew after each change that is asked about.
class Room {
 public:
  explicit Room(const PoolView& pool);

  const PoolState& state() const { return state_; }
  /// Finds room for a job, without taking it.
  bool find(const WaitingJob& job, Allocation& found);
  /// The same for an allocation that the job has or had.
  bool holds(const WaitingJob& job, const Allocation& allocation);
  /// A job takes what was found.
  void take(const WaitingJob& job, Allocation& found);
  /// A running job, or one that took its room here, gives it back.
  void leave(std::int32_t id, const Allocation& allocation);

 private:
  PoolTimeline& timeline();

  const PoolView& pool_;
  PoolState state_;
  std::map<std::int32_t, RunningJob> running_;  // where there are windows
  std::deque<Allocation> taken_;                // that they point to
  std::optional<PoolTimeline> timeline_;
};

}  // namespace busbar::scheduling
