#include "sim/engine/active_job.h"

#include <algorithm>
#include <cmath>
#include <limits>

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

void ActiveJob::change_size(double now_s, const Work& size, double new_chips, double reshard_s) {
  const double before_s = steps_left * local_s;
  const double requested_s_left = expected_end_s - now_s - restart_left_s;
  const double total = work.steps;
  const double ratio = work.tokens_per_step / size.tokens_per_step;
  if (work.checkpoint_steps > 0.0)
    steps_since_save *= size.checkpoint_steps / work.checkpoint_steps;
  for (double* steps : {&steps_left, &saved_steps_left, &lost_steps, &updates}) *steps *= ratio;
  work = size;
  work.steps = total * ratio;
  chips = new_chips;
  local_s = step_s = work.step_s;
  restart_left_s += reshard_s;
  if (stop_s < std::numeric_limits<double>::infinity()) stop_s += reshard_s;
  const double after_s = steps_left * local_s;
  double left_s = after_s;
  requested_s = work.run_time_s();
  if (limited) {
    left_s = requested_s_left * (before_s > 0.0 ? after_s / before_s : 1.0);
    requested_s = kept_s + worked_s + left_s;
    kill_s = now_s + restart_left_s + left_s;
  }
  expected_end_s = now_s + restart_left_s + left_s;
}

double ActiveJob::restart_left_at(double now_s) const {
  return std::max(0.0, restart_left_s - (now_s - segment_start_s));
}

double ActiveJob::tokens_left_at(double now_s) const {
  const double worked = std::max(0.0, now_s - segment_start_s - restart_left_s);
  const double steps = steps_left - worked / step_s * batch_share;
  return std::max(0.0, steps) * work.tokens_per_step;
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
