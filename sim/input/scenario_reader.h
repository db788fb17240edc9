/// Scenario files into the model.
#pragma once

#include "sim/base/registry.h"
#include "sim/model/scenario.h"
#include "sim/xml/document.h"

namespace busbar::input {

/// Reads a <scenario> element that its schema has accepted into a scenario whose platform and
/// workload are there already.
void read_scenario_element(const xml::Element& root, const base::KnownBehaviours& known,
                           model::Scenario& scenario, base::Diagnostics& problems);

/// Reports streams, traces and services that may run nowhere by their organisation's residency.
void check_residency(const model::Scenario& scenario, const xml::Element& workload_root,
                     base::Diagnostics& problems);

/// Reports disaggregated services whose phases may run nowhere, or reach each other nowhere.
void check_disaggregation(const model::Scenario& scenario, const xml::Element& workload_root,
                          base::Diagnostics& problems);

/// Checks names and sizes across the three files of a scenario.
void cross_check(const model::Scenario& scenario, const xml::Element& workload_root,
                 const xml::Element& world_root, base::Diagnostics& problems);

}  // namespace busbar::input
