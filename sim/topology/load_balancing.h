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

/// Speed of the slowest of `ranks` ranks that all wait for each other, over that of a rank whose
/// flows are spread evenly.
///
/// With ECMP the fullest of n uplinks gets f + sqrt(2 f ln n) of the f flows that come to one on
/// average, and a collective waits for it. Source of the form: Raab and Steger, Balls into bins,
/// RANDOM 1998. Adaptive routing and packet spraying keep all.
double slowest_share(model::LoadBalancing balancing, double ranks);

}  // namespace busbar::topology
