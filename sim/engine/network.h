/// Which links a job's traffic loads: tops of oversubscribed fabrics, building uplinks, WAN.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/engine/fleet.h"
#include "sim/engine/rate_solver.h"
#include "sim/topology/wan_routes.h"

namespace busbar::engine {

/// Bytes that a job sends over one path in every step.
struct Traffic {
  std::vector<std::int32_t> path;  // links
  double bytes_per_step = 0.0;
  double latency_s = 0.0;  // one way, WAN only
};

/// The links of the fleet level and the paths over them. Links that cannot contend (a fabric
/// without oversubscription, a building without a stated uplink) are no links at all.
class Network {
 public:
  Network(const model::Scenario& scenario, const Fleet& fleet);

  const std::vector<Link>& links() const { return links_; }

  /// Traffic of a job in one step. Inside a part, what leaves its domains loads the part's fabric
  /// where that is oversubscribed. Between parts the gradients are reduced around a ring of the
  /// parts: 2 (n-1)/n of their bytes over each of its edges (one edge for two parts).
  std::vector<Traffic> traffic(std::int32_t pool, const scheduling::Allocation& allocation,
                               double domain_bytes_per_step, double gradient_bytes) const;
  /// Whether all parts of an allocation can reach each other.
  bool connected(std::int32_t pool, const scheduling::Allocation& allocation) const;

 private:
  std::vector<std::int32_t> path_between(const Pool& pool, std::int32_t a, std::int32_t b,
                                         double& latency_s) const;

  const model::Scenario& scenario_;
  const Fleet& fleet_;
  topology::WanRoutes routes_;
  std::vector<Link> links_;
  std::vector<std::vector<std::int32_t>> fabric_link_;    // by pool and part; -1: none
  std::vector<std::vector<std::int32_t>> building_link_;  // by site and building; -1: none
  std::int32_t first_wan_link_ = 0;
};

}  // namespace busbar::engine
