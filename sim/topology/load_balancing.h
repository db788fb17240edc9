/// What a fabric's load balancing leaves of its capacity.
#pragma once

#include "sim/model/platform.h"

namespace busbar::topology {

/// Share of the capacity of `uplinks` equal links that `flows` flows can use.
///
/// ECMP hashes each flow onto one link, wherever the others went: balls in bins. Of u links,
/// 1 - (1 - 1/u)^f are hit by at least one of f flows; the others carry nothing. Adaptive routing
/// and packet spraying use all links.
/// @param flows, uplinks  above 0; may be fractions of a group.
double usable_share(model::LoadBalancing balancing, double flows, double uplinks);

}  // namespace busbar::topology
