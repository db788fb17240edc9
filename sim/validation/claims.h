/// Public figures beside what a world gives, without a run: everything delivered, every chip at
/// full load, no more than the sites' limits allow.
#pragma once

#include "sim/model/platform.h"

namespace busbar::validation {

/// When the last delivery of a world has burnt in and its last limit holds, in Unix seconds.
double complete_unix_s(const model::Platform& platform);

/// What a world gives for a claim, in the claim's unit (W, chips, USD), at the claim's own date or
/// when the world is complete; the increase, if the claim is about one. Not a number for what only
/// a run can tell (training jobs) and for what is unknown (a purchase price).
double world_figure(const model::Platform& platform, const model::Claim& claim);

/// The dates at which a site's chips or limits change, ascending: deliveries that have burnt in, IT
/// and grid limits.
std::vector<double> change_dates(const model::Platform& platform, base::Id<model::Site> site);

/// What the grid gives a site at a date, in watts; infinity: no limit.
double grid_limit(const model::Platform& platform, base::Id<model::Site> site, double unix_s);

/// Chips, IT and facility power of a site at full load at a date.
/// @param vendor  counts this vendor's chips alone, with their share of a limit; empty: all.
struct SitePower {
  double it_w = 0.0;
  double facility_w = 0.0;
  double chips = 0.0;  // installed
};
SitePower full_load_power(const model::Platform& platform, base::Id<model::Site> site,
                          double unix_s, const std::string& vendor = {});

}  // namespace busbar::validation
