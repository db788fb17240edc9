/// Deliveries as the shocks of a scenario leave them.
#pragma once

#include <vector>

#include "sim/model/scenario.h"

namespace busbar::model {

/// The deliveries of a cluster under late deliveries, supplier halts and export bans, by date.
///
/// A shock of date t postpones what was still to come after t, in order of the shocks: a
/// late-delivery by its duration; a supplier-halt that stops deliveries and an export-ban by
/// theirs, and without one for ever. What is removed later is at most what has come by then to that
/// building.
std::vector<Delivery> deliveries_under_shocks(const Scenario& scenario, Id<Cluster> cluster);

/// Domains of a cluster at a date, delivered under shocks and burnt in, without those that a
/// `decommission` has taken away.
int domains_under_shocks(const Scenario& scenario, Id<Cluster> cluster, double unix_s);

}  // namespace busbar::model
