#include "sim/engine/active_job.h"

#include <algorithm>
#include <cmath>

namespace busbar::engine {

void ActiveJob::begin(double now_s, double restart_s) {
  stint_start_s = segment_start_s = now_s;
  restart_left_s = restart_s;
  worked_s = saved_s = 0.0;
  saved_steps_left = steps_left;
}

void ActiveJob::work_on(double seconds) {
  const double restart_s = std::min(seconds, restart_left_s);
  restart_left_s -= restart_s;
  lost_s += restart_s;
  const double from_s = worked_s;
  worked_s += seconds - restart_s;
  if (checkpoint_interval_s > 0.0) {
    constexpr double kRounding = 1e-9;
    const double last_s =
        std::floor(worked_s / checkpoint_interval_s + kRounding) * checkpoint_interval_s;
    if (last_s > from_s) {
      saved_s = last_s;
      saved_steps_left = std::max(0.0, steps_left - (last_s - from_s) / step_s);
    }
  }
  steps_left = std::max(0.0, steps_left - (seconds - restart_s) / step_s);
}

void ActiveJob::give_way() {
  lost_s += worked_s - saved_s;
  kept_s += saved_s;
  steps_left = saved_steps_left;
}

}  // namespace busbar::engine
