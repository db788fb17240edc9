/// Everything that can be chosen by name, from the open lists of all folders.
#pragma once

#include <string>

#include "sim/base/registry.h"
#include "sim/collectives/algorithm.h"
#include "sim/engine/behaviours.h"
#include "sim/model/scenario.h"
#include "workloads/generator/generator.h"

namespace busbar::cli {

struct Registries {
  Registries();
  base::Registry<scheduling::QueuePolicy> queue_policies{"queue policy"};
  base::Registry<scheduling::Placement> placements{"placement"};
  base::Registry<scheduling::Broker> brokers{"broker"};
  base::Registry<training::StepModel> step_models{"step model"};
  base::Registry<serving::ServingModel> serving_models{"serving model"};
  base::Registry<collectives::Algorithm> collectives{"collective"};
  base::Registry<generator::ArrivalProcess> arrivals{"arrival process"};
  base::Registry<generator::LogReader> logs{"log format"};

  // A queue policy that takes the place of the scenario's, from a library; empty: none.
  std::string chosen_policy;

  /// What input files may name.
  base::KnownBehaviours known() const;
  /// The behaviours that a scenario chose.
  engine::Behaviours make(const model::Scenario& scenario) const;
};

}  // namespace busbar::cli
