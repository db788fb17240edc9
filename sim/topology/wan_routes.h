/// Routes between sites over the wide-area network.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/model/platform.h"

namespace busbar::topology {

/// A path between two sites: WAN links in order and their summed one-way latency.
struct WanRoute {
  std::vector<base::Id<model::WanLink>> links;
  base::Seconds latency;
};

/// All shortest routes by latency (Dijkstra), over sites and routers, computed once. Equal
/// latencies: fewest links first, then the order of the world file.
class WanRoutes {
 public:
  /// @param cut  by link index, those that carry nothing; empty: none.
  explicit WanRoutes(const model::Platform& platform, const std::vector<bool>& cut = {});
  /// The route between two sites; empty links for a site to itself, nothing if not connected.
  const std::optional<WanRoute>& between(base::Id<model::Site> a, base::Id<model::Site> b) const {
    return routes_[static_cast<size_t>(a.index) * sites_ + static_cast<size_t>(b.index)];
  }

 private:
  size_t sites_;
  std::vector<std::optional<WanRoute>> routes_;
};

}  // namespace busbar::topology
