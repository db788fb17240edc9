/// When jobs should be done.
#pragma once

#include "sim/model/job.h"
#include "sim/model/scenario.h"

namespace busbar::engine {

/// Deadline of a job in seconds of the scenario: the earlier of its stream's, counted from its
/// submission, and the date of its campaign; infinite: none.
double deadline_of(const model::Scenario& scenario, const model::Job& job);

}  // namespace busbar::engine
