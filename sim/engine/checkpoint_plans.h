/// When the jobs of a run save their state, and what that costs them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "sim/engine/sends.h"
#include "sim/faults/checkpoint.h"
#include "sim/model/scenario.h"

namespace busbar::engine {

/// Copies of one job's state, in its steps.
struct SavePlan {
  double every = 0.0;          // steps from one copy to the next; 0: it saves nothing
  double lag = 0.0;            // steps until a copy is safe
  double stored_every = 0.0;   // steps between copies on storage, of copies in memory; 0: all are
  double stall_s = 0.0;        // for which chips stand still, a mean over steps
  double memory_load_s = 0.0;  // reading a copy in memory back
  void scale(double steps) {
    every *= steps, lag *= steps, stored_every *= steps;
    stall_s /= steps;
  }
};

/// Plans checkpoints by each stream's policy, from the failures of a job's own components.
class CheckpointPlans {
 public:
  explicit CheckpointPlans(const model::Scenario& scenario);

  /// @param step_s    of one step, without checkpoints.
  /// @param replicas  of the job that can drop out alone; below 2: none.
  /// @param sends     gets the bytes that are written, a mean over steps.
  SavePlan plan(const model::TrainingStream& stream, const model::Cluster& cluster, double chips,
                double step_s, int replicas, Sends& sends) const;

  /// Mean time between failures after which a job goes back to a checkpoint: of all components that
  /// it needs, and where it goes on without a replica, of what stops all of them.
  base::Seconds mttf(const model::Cluster& cluster, double chips, int replicas) const;

 private:
  const model::Scenario& scenario_;
  std::map<std::string, std::unique_ptr<faults::CheckpointPolicy>> by_stream_;
};

}  // namespace busbar::engine
