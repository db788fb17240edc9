/// Pauses of running jobs, as a broker may choose them: until which hour, and what that takes.
#pragma once

#include <vector>

#include "sim/engine/active_job.h"
#include "sim/engine/clock.h"
#include "sim/engine/fleet.h"
#include "sim/engine/later_starts.h"
#include "sim/engine/pool_options.h"
#include "sim/engine/work_model.h"
#include "sim/model/job.h"
#include "sim/scheduling/policy.h"
#include "sim/scheduling/relocation.h"

namespace busbar::engine {

/// Offers a broker to stop a running job and start it again in the same pool at a later full hour.
///
/// A pause costs what is done again or written before it, the restart, and the chips meanwhile:
/// their shadow price and the power that they idle with. Jobs that wait in the pool and would start
/// on these chips use them; a pause ends no sooner than they are expected to.
class Pauses {
 public:
  struct Parts {
    const Clock& clock;
    const Fleet& fleet;
    PoolOptions& options;
    const LaterStarts& later_starts;
    scheduling::Terms terms;
  };
  explicit Pauses(const Parts& parts) : parts_(parts) {}

  /// A job at its pause.
  struct Pausing {
    const model::Job& job;
    const Work& work;
    const ActiveJob& active;
    double rest_s = 0.0;  // that it runs after the pause, work done again and its restart included
  };
  bool any() const { return parts_.terms.pause.value > 0.0; }
  /// Adds a pause until each full hour of the run within the broker's bound, and the same from its
  /// next look. Left out are hours at which others are expected to hold the chips.
  /// @param until_next_look  the job where it runs until then; null: it is done before.
  void add(const Pausing& pausing, const scheduling::PoolOption* until_next_look,
           scheduling::Choices& choices) const;

 private:
  // Waiting jobs that would start on the chips of one that pauses.
  struct Takers {
    double chip_s = 0.0;  // of its chips, that they take
    double longest_s = 0.0;
  };
  Takers takers(const Pool& pool, const ActiveJob& active) const;
  scheduling::PoolOption until(const Pausing& pausing, const Takers& takers, double pause_s,
                               double resume_s, double rest_s) const;

  Parts parts_;
};

}  // namespace busbar::engine
