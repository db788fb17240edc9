#include "sim/cli/registries.h"

namespace busbar::cli {

Registries::Registries() {
  scheduling::add_builtin(queue_policies);
  scheduling::add_builtin(placements);
  scheduling::add_builtin(brokers);
  training::add_builtin(step_models);
  serving::add_builtin(serving_models);
  collectives::add_builtin(collectives);
  generator::add_builtin(arrivals);
  generator::add_builtin(logs);
}

base::KnownBehaviours Registries::known() const {
  base::KnownBehaviours known;
  queue_policies.describe(known);
  placements.describe(known);
  brokers.describe(known);
  step_models.describe(known);
  serving_models.describe(known);
  collectives.describe(known);
  arrivals.describe(known);
  logs.describe(known);
  if (!chosen_policy.empty()) known.choose(queue_policies.kind(), chosen_policy);
  return known;
}

engine::Behaviours Registries::make(const model::Scenario& scenario) const {
  return {queue_policies.make(scenario.queue_policy), placements.make(scenario.placement),
          brokers.make(scenario.broker), step_models.make({"calibrated", {}}),
          serving_models.make({"steady-state", {}})};
}

}  // namespace busbar::cli
