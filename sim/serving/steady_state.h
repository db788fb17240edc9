/// The first serving model: roofline replicas in steady state. See sim/doc/models/serving.md.
#pragma once

#include "sim/serving/replica_model.h"

namespace busbar::serving {

class SteadyState : public ServingModel {
 public:
  ReplicaEstimate estimate(const model::Service& service, const model::LanguageModel& model,
                           const model::Platform& platform, base::Id<model::Domain> domain,
                           Phase phase) const override;
};

}  // namespace busbar::serving
