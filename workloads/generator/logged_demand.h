/// Demand of services that follows a published log of requests.
#pragma once

#include "sim/base/diagnostics.h"
#include "sim/model/scenario.h"

namespace busbar::generator {

/// Reads the request logs that demands name and puts into them the requests per second of every
/// hour of the log; services without token counts of their own get the means of their logs.
/// Problems name file and row.
void read_logged_demand(model::Scenario& scenario, base::Diagnostics& problems);

}  // namespace busbar::generator
