/// What a stream's jobs do about failures, and whether their world allows it.
#pragma once

#include "sim/base/diagnostics.h"
#include "sim/model/scenario.h"
#include "sim/xml/document.h"

namespace busbar::input {

/// Reads these attributes of a <stream> and checks that they go together.
model::Resilience read_resilience(const xml::Element& e, base::Diagnostics& problems);

/// Checks a stream against the clusters that it may use: storage for checkpoints, hot spares,
/// replicas of whole domains.
void check_resilience(const model::Scenario& scenario, const model::TrainingStream& stream,
                      const xml::Element& e, base::Diagnostics& problems);

/// Reads the <failures> of a scenario.
model::FailureChoice read_failure_choice(const xml::Element& e, const model::Platform& platform,
                                         base::Diagnostics& problems);

}  // namespace busbar::input
