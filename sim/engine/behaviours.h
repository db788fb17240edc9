/// The exchangeable parts of a simulation, chosen by name from the registries.
#pragma once

#include <memory>

#include "sim/scheduling/policy.h"
#include "sim/serving/replica_model.h"
#include "sim/training/step_model.h"

namespace busbar::engine {

struct Behaviours {
  std::unique_ptr<scheduling::QueuePolicy> queue_policy;
  std::unique_ptr<scheduling::Placement> placement;
  std::unique_ptr<scheduling::Broker> broker;
  std::unique_ptr<training::StepModel> step_model;
  std::unique_ptr<serving::ServingModel> serving_model;
};

}  // namespace busbar::engine
