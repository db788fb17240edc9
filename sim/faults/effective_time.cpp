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
  const double m = mttf.value;
  const double up = 1.0 / (1.0 + model.absence.value / (model.units * m));
  const double rate = up / m;
  const double unhelped = rate * model.failed_share;
  // Without a unit the others go on; only unhelped failures fall back to a checkpoint.
  const double pauses =
      std::exp(-(rate - unhelped) * (model.reconfigure.value + model.rejoin.value));
  const double restarts =
      effective_time(plan, restart, base::Seconds{unhelped > 0.0 ? 1.0 / unhelped : INFINITY});
  const double running = pauses * restarts;
  shares.effective = running * up;
  shares.degraded = running * (1.0 - up);
  shares.stalled = 1.0 - running;
  return shares;
}

}  // namespace busbar::faults
