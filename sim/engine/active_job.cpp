#include "sim/engine/active_job.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace busbar::engine {

// One checkpoint is loaded at all sites: none has done what others do not know.
void ActiveJob::begin(double now_s, double restart_time_s) {
  segment_start_s = now_s;
  restart_left_s = restart_time_s;
  updates = worked_s = useful_s = 0.0;
  copies.begin(here());
  stored.begin(here());
}

void ActiveJob::work_on(double seconds) {
  const double paid_s = std::min(seconds, restart_left_s);
  restart_left_s -= paid_s;
  lost_s += paid_s;
  restart_s += paid_s;
  worked_s += seconds - paid_s;
  useful_s += (seconds - paid_s) * batch_share / slow;
  const double steps = (seconds - paid_s) / step_s;
  updates += steps;
  steps_left = std::max(0.0, steps_left - steps * batch_share);
  const SavePoint per_step{step_s, step_s * batch_share / slow, batch_share};
  copies.work_on(steps, here(), per_step, work.saves.every, work.saves.lag);
  stored.work_on(steps, here(), per_step, work.saves.stored_every, 0.0);
}

void ActiveJob::change_size(double now_s, const Work& size, double new_chips, double reshard_s) {
  const double before_s = steps_left * local_s;
  const double requested_s_left = expected_end_s - now_s - restart_left_s;
  const double total = work.steps;
  const double ratio = work.tokens_per_step / size.tokens_per_step;
  for (double* steps : {&steps_left, &lost_steps, &updates}) *steps *= ratio;
  copies.change_steps(ratio, work.saves.every, size.saves.every);
  stored.change_steps(ratio, work.saves.stored_every, size.saves.stored_every);
  work = size;
  sized_s = now_s;
  work.steps = total * ratio;
  chips = new_chips;
  local_s = work.step_s;
  step_s = compute_s();
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
  copies.lose(0.0, here());
  stored.lose(0.0, here());
}

double ActiveJob::lose_step() {
  constexpr double kRounding = 1e-9;
  const double begun = std::max(0.0, updates - std::floor(updates + kRounding));
  const double useful = begun * step_s * batch_share / slow;
  updates -= begun;
  worked_s -= begun * step_s;
  lost_s += begun * step_s;
  useful_s -= useful;
  lost_steps += begun * batch_share;
  steps_left += begun * batch_share;
  copies.lose(begun, here());
  stored.lose(begun, here());
  return useful;
}

void ActiveJob::save() {
  if (work.saves.every <= 0.0) return;
  copies.save(here());
  stored.save(here());
}

double ActiveJob::give_way(bool copies_lost) {
  const SavePoint& saved = safe(copies_lost);
  const double lost_useful_s = useful_s - saved.useful_s;
  lost_s += worked_s - saved.worked_s;
  kept_s += saved.worked_s;
  kept_useful_s += saved.useful_s;
  lost_steps += saved.steps_left - steps_left;
  steps_left = saved.steps_left;
  return lost_useful_s;
}

}  // namespace busbar::engine
