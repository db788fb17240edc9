#include "sim/engine/copies.h"

#include <algorithm>
#include <cmath>

namespace busbar::engine {

namespace {

constexpr double kRounding = 1e-9;  // of steps over steps between copies

// Where the job stood some of its last steps ago.
SavePoint before(const SavePoint& now, const SavePoint& per_step, double steps) {
  return {now.worked_s - steps * per_step.worked_s, now.useful_s - steps * per_step.useful_s,
          now.steps_left + steps * per_step.steps_left};
}

// A copy of what has been lost holds what is left.
SavePoint at_most(const SavePoint& copy, const SavePoint& now) {
  return {std::min(copy.worked_s, now.worked_s), std::min(copy.useful_s, now.useful_s),
          std::max(copy.steps_left, now.steps_left)};
}

}  // namespace

void Copies::begin(const SavePoint& start) {
  made_ = safe_ = start;
  since_ = 0.0;
}

void Copies::work_on(double steps, const SavePoint& now, const SavePoint& per_step, double every,
                     double lag) {
  if (every <= 0.0) return;
  since_ += steps;
  const double copies = std::floor(since_ / every + kRounding);
  if (copies >= 1.0) {
    since_ = std::max(0.0, since_ - copies * every);
    const SavePoint older = copies >= 2.0 ? before(now, per_step, since_ + every) : made_;
    made_ = before(now, per_step, since_);
    safe_ = older;
  }
  if (since_ >= lag - kRounding * every) safe_ = made_;
}

void Copies::change_steps(double ratio, double every_before, double every) {
  made_.steps_left *= ratio;
  safe_.steps_left *= ratio;
  if (every_before > 0.0) since_ *= every / every_before;
}

void Copies::save(const SavePoint& now) { begin(now); }

void Copies::lose(double steps, const SavePoint& now) {
  since_ = std::max(0.0, since_ - steps);
  made_ = at_most(made_, now);
  safe_ = at_most(safe_, now);
}

}  // namespace busbar::engine
