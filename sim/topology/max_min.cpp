#include "sim/topology/max_min.h"

#include <algorithm>
#include <limits>

namespace busbar::topology {

std::vector<double> max_min_shares(std::span<const double> capacity_Bps,
                                   const std::vector<std::vector<std::int32_t>>& paths,
                                   std::span<const double> demand_Bps) {
  const size_t flows = paths.size();
  std::vector<double> rate(flows, 0.0);
  std::vector<double> left(capacity_Bps.begin(), capacity_Bps.end());
  std::vector<bool> fixed(flows, false);
  for (size_t open = flows; open > 0;) {
    // How far all open flows can grow together: to the nearest demand or the first full link.
    std::vector<int> users(left.size(), 0);
    double step = std::numeric_limits<double>::infinity();
    for (size_t f = 0; f < flows; ++f) {
      if (fixed[f]) continue;
      step = std::min(step, demand_Bps[f] - rate[f]);
      for (const std::int32_t link : paths[f]) ++users[static_cast<size_t>(link)];
    }
    for (size_t l = 0; l < left.size(); ++l) {
      if (users[l] > 0) step = std::min(step, left[l] / users[l]);
    }
    for (size_t l = 0; l < left.size(); ++l) left[l] -= step * users[l];
    for (size_t f = 0; f < flows; ++f) {
      if (!fixed[f]) rate[f] += step;
    }
    for (size_t f = 0; f < flows; ++f) {
      if (fixed[f]) continue;
      const bool met = rate[f] >= demand_Bps[f] * (1.0 - 1e-12);
      const bool full = std::any_of(paths[f].begin(), paths[f].end(), [&](std::int32_t link) {
        return left[static_cast<size_t>(link)] <= 1e-12 * capacity_Bps[static_cast<size_t>(link)];
      });
      if (met || full) {
        fixed[f] = true;
        --open;
      }
    }
  }
  return rate;
}

}  // namespace busbar::topology
