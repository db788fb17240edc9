#include "sim/faults/effective_time.h"

#include <algorithm>
#include <cmath>

namespace busbar::faults {

double effective_time(const CheckpointPlan& plan, base::Seconds restart, base::Seconds mttf) {
  const double work_s = plan.interval.value, stall_s = plan.stall.value;
  if (std::isinf(mttf.value)) {
    return std::isinf(work_s) ? 1.0 : work_s / (work_s + stall_s);
  }
  const double m = mttf.value;
  const double unsafe_s = std::max(plan.lag.value - stall_s, 0.0);
  return work_s / m * std::exp(-(restart.value + unsafe_s) / m) /
         std::expm1((work_s + stall_s) / m);
}

TimeShares elastic_time(const ElasticModel& model, const CheckpointPlan& plan,
                        base::Seconds restart, base::Seconds mttf) {
  TimeShares shares;
  const double helped = 1.0 - model.failed_share;
  const double alone_s = model.units * mttf.value / helped;  // of one unit between its failures
  const double absence_s = helped > 0.0 ? model.absence.value : 0.0;
  const double settled_s =
      std::isinf(alone_s) ? 1.0 : alone_s * std::exp(-model.rejoin.value / alone_s);
  const double away_s =
      std::isinf(alone_s) ? 0.0 : std::max(absence_s - model.reconfigure.value, 0.0);
  const double cycle_s =
      std::isinf(alone_s) ? 1.0 : alone_s + std::max(absence_s, model.reconfigure.value);
  const double up = settled_s / (settled_s + away_s);
  const double pauses = std::pow((settled_s + away_s) / cycle_s, model.units);
  // Units that are away cannot fail.
  const double unhelped = model.failed_share * up / mttf.value;
  const double restarts =
      effective_time(plan, restart, base::Seconds{unhelped > 0.0 ? 1.0 / unhelped : INFINITY});
  const double running = pauses * restarts;
  shares.effective = running * up;
  shares.degraded = running * (1.0 - up);
  shares.stalled = 1.0 - running;
  return shares;
}

}  // namespace busbar::faults
