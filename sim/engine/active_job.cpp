#include "sim/engine/active_job.h"

#include <algorithm>
#include <cmath>

namespace busbar::engine {

// One checkpoint is loaded at all sites: none has done what others do not know.
void ActiveJob::begin(double now_s, double restart_s) {
  segment_start_s = now_s;
  restart_left_s = restart_s;
  updates = worked_s = saved_s = steps_since_save = 0.0;
  saved_steps_left = steps_left;
}

void ActiveJob::work_on(double seconds) {
  const double restart_s = std::min(seconds, restart_left_s);
  restart_left_s -= restart_s;
  lost_s += restart_s;
  worked_s += seconds - restart_s;
  const double steps = (seconds - restart_s) / step_s;
  updates += steps;
  steps_left = std::max(0.0, steps_left - steps * batch_share);
  if (work.checkpoint_steps <= 0.0) return;
  constexpr double kRounding = 1e-9;
  steps_since_save += steps;
  const double checkpoints = std::floor(steps_since_save / work.checkpoint_steps + kRounding);
  if (checkpoints < 1.0) return;
  steps_since_save = std::max(0.0, steps_since_save - checkpoints * work.checkpoint_steps);
  saved_s = worked_s - steps_since_save * step_s;
  saved_steps_left = steps_left + steps_since_save * batch_share;
}

void ActiveJob::lose(double steps) {
  lost_steps += steps;
  steps_left += steps;
  saved_steps_left = std::max(saved_steps_left, steps_left);
}

void ActiveJob::save() {
  if (work.checkpoint_steps <= 0.0) return;
  saved_s = worked_s;
  saved_steps_left = steps_left;
  steps_since_save = 0.0;
}

void ActiveJob::give_way() {
  lost_s += worked_s - saved_s;
  kept_s += saved_s;
  lost_steps += saved_steps_left - steps_left;
  steps_left = saved_steps_left;
}

}  // namespace busbar::engine
