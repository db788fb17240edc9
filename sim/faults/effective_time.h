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

/// Shares of a job that goes on without what failed. With n units that fail 1 / M together, each is
/// up for a = 1 / (1 + absence / (n M)) of the time; all stand still with probability
/// 1 - e^(-(reconfigure + rejoin) a / M), and a share `failed_share` of failures costs a full
/// `restart` and the work since the last checkpoint. Exact up to the order of 1/n.
TimeShares elastic_time(const ElasticModel& model, const CheckpointPlan& plan,
                        base::Seconds restart, base::Seconds mttf);

}  // namespace busbar::faults
