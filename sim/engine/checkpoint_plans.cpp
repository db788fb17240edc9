#include "sim/engine/checkpoint_plans.h"

#include <cmath>
#include <limits>

#include "sim/faults/population.h"
#include "sim/training/across_sites.h"

namespace busbar::engine {

CheckpointPlans::CheckpointPlans(const model::Scenario& scenario) : scenario_(scenario) {
  faults::CheckpointPolicies policies{"checkpoint policy"};
  faults::add_builtin(policies);
  for (const model::TrainingStream& stream : scenario.workload.streams) {
    const std::string& name = stream.resilience.checkpoint;
    if (name == "fixed") continue;
    base::BehaviourChoice choice{name, {}};
    if (name == "in-memory") choice.params.set("fallback", stream.checkpoint_interval.value);
    by_stream_.emplace(stream.name, policies.make(choice));
  }
}

base::Seconds CheckpointPlans::mttf(const model::Cluster& cluster, double chips,
                                    int replicas) const {
  const model::Platform& platform = scenario_.platform;
  const auto set = platform.failures_of(cluster);
  double rate = 0.0;
  if (set && scenario_.failures) {
    const auto population = faults::population_of_job(platform, platform.domain_of(cluster), chips);
    for (const model::FailureMode& mode : platform.failure_models[set].modes) {
      const bool all_stop = mode.takes == model::FailureUnit::kJob;
      if (mode.slowdown > 0.0 || (replicas > 1 && !all_stop)) continue;
      rate += faults::rate_of(mode, population).value;
    }
    rate *= scenario_.failures->rates;
  }
  return base::Seconds{rate > 0.0 ? 1.0 / rate : std::numeric_limits<double>::infinity()};
}

SavePlan CheckpointPlans::plan(const model::TrainingStream& stream, const model::Cluster& cluster,
                               double chips, double step_s, int replicas, Sends& sends) const {
  SavePlan found;
  const double bytes =
      stream.model ? training::state_bytes(scenario_.workload.models[stream.model]) : 0.0;
  const auto policy = by_stream_.find(stream.name);
  if (policy == by_stream_.end()) {
    found.every = stream.checkpoint_interval.value / step_s;
    if (found.every > 0.0) {
      sends.checkpoint_bytes = bytes * step_s / stream.checkpoint_interval.value;
    }
    return found;
  }
  const model::Platform& platform = scenario_.platform;
  const model::Storage& storage = *platform.storage_of(cluster);  // checked with the input
  const model::Node& node = platform.node_of(cluster);
  faults::CheckpointTask task;
  task.size = base::Bytes{bytes};
  task.write = storage.write;
  task.read = storage.read;
  task.snapshot = stream.resilience.snapshot * chips;
  if (node.nic) {
    task.replica = platform.nics[node.nic].bandwidth * (node.nics * chips / node.accelerators);
  }
  task.mttf = mttf(cluster, chips, replicas);
  const faults::CheckpointPlan plan = policy->second->plan(task);
  const bool behind = plan.in_memory || stream.resilience.checkpoint == "asynchronous";
  const double stored_s = plan.in_memory ? plan.fallback_interval.value : plan.interval.value;
  found.every = plan.interval.value / step_s;
  if (plan.in_memory) found.stored_every = stored_s / step_s;
  sends.checkpoint_bytes = bytes * step_s / stored_s;
  if (!behind) return found;  // chips wait for the write itself
  sends.checkpointing = model::Checkpointing::kBackground;
  found.lag = (plan.lag - plan.stall).value / step_s;
  found.stall_s = plan.stall.value * step_s / plan.interval.value;
  found.memory_load_s = plan.in_memory ? plan.restore.value : 0.0;
  return found;
}

}  // namespace busbar::engine
