/// What it costs to build: chips with their racks, and the sites around them.
#pragma once

#include "sim/model/platform.h"

namespace busbar::economics {

/// Building and electrical plant of a site without its IT, in USD a watt of IT power: 8 to 10
/// million USD a megawatt (TeraWulf, 2025), the middle.
constexpr double kSiteUsdPerItWatt = 9.0;

/// Purchase of the chips of a cluster with their hosts, network and racks, as delivered by a date.
/// @returns USD; not a number if the chip's purchase price is unknown.
base::Usd chip_cost(const model::Platform& platform, const model::Cluster& cluster, double unix_s);

/// Cost of the sites for an IT power.
base::Usd site_cost(base::Watts it_power);

}  // namespace busbar::economics
