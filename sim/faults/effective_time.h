/// Effective training time ratio (ETTR) in closed form: useful work over wall time.
///
/// Failures are a Poisson stream of mean time M between them that goes on while the job stands
/// still: one during a restart begins it anew. The Monte-Carlo twin is in sim/validation.
#pragma once

#include "sim/faults/checkpoint.h"
#include "sim/faults/restart.h"

namespace busbar::faults {

/// ETTR of a job that stops and restarts from its last safe checkpoint:
///
///   (work / M) e^(-(restart + lag') / M) / (e^((work + stall) / M) - 1)
///
/// with `work` between checkpoints and lag' = lag - stall, the time for which a copy is not yet
/// safe after work has gone on. Exact for exponential failures; with lag' = 0 it is Daly's complete
/// model. In-memory plans use it as if every copy survived. A job that never fails loses its stalls
/// only.
double effective_time(const CheckpointPlan& plan, base::Seconds restart, base::Seconds mttf);

/// Where the time of a job goes, as shares that add up to 1.
struct TimeShares {
  double effective = 1.0;
  double stalled = 0.0;   // reconfiguring, rejoining, restarting, checkpoints
  double degraded = 0.0;  // throughput of units that are out
};

/// Shares of a job that goes on without what failed. Each of n units runs for a time U, exponential
/// of mean n M, and is then away for D; all stand still for the first c of D (`reconfigure`) and
/// the first j of U (`rejoin`). A unit leaves the others alone with probability
///
///   g = (n M e^(-j / (n M)) + D - c) / (n M + D)
///
/// and is itself there then with a = n M e^(-j / (n M)) / (n M e^(-j / (n M)) + D - c); the job
/// runs for g^n of the time, at a of its throughput. Exact for D >= c. A share `failed_share` of
/// failures takes no unit away but costs a full restart and the work since the last safe
/// checkpoint: multiplied on, as if independent.
TimeShares elastic_time(const ElasticModel& model, const CheckpointPlan& plan,
                        base::Seconds restart, base::Seconds mttf);

}  // namespace busbar::faults
