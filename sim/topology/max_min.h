/// Shares of links among flows that contend, without a simulator.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace busbar::topology {

/// Max-min fair allocation by progressive filling: all flows grow at one pace until a link is full
/// or a demand is met. The oracle of SimGrid's flows in tests, and the
/// time of contended collectives in closed form. Pure.
///
/// @param capacity_Bps  one per link.   @param paths, demand_Bps  one per flow.
/// @returns one rate per flow.
std::vector<double> max_min_shares(std::span<const double> capacity_Bps,
                                   const std::vector<std::vector<std::int32_t>>& paths,
                                   std::span<const double> demand_Bps);

}  // namespace busbar::topology
