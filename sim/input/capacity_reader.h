/// What scenarios say of capacity over time: shocks, reservations, maintenance.
#pragma once

#include "sim/base/diagnostics.h"
#include "sim/model/scenario.h"
#include "sim/xml/document.h"

namespace busbar::input {

/// Reads every <event>. Kinds that no run simulates yet are kept and noted as unused.
void read_shocks(const xml::Element& root, model::Scenario& scenario, base::Diagnostics& problems);

/// Reads every <reservation> and <maintenance>.
void read_windows(const xml::Element& root, model::Scenario& scenario, base::Diagnostics& problems);

}  // namespace busbar::input
