/// What users ask of services, and when.
#pragma once

#include "sim/model/scenario.h"

namespace busbar::engine {

/// What a service's demand has grown by, so long after the start.
double growth_of(const model::Service& service, double since_start_s);

/// Requests per second of one region: a log, or the local day; it grows exponentially over the
/// years.
double requests_per_s(const model::Scenario& scenario, const model::Service& service,
                      const model::Demand& demand, double unix_s);

}  // namespace busbar::engine
