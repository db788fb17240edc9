#include "sim/engine/network.h"

#include <fmt/format.h>

#include <algorithm>

namespace busbar::engine {

using base::Id;

namespace {

// Largest number of domains that ever stand in one part.
std::int64_t most_domains(const model::Cluster& cluster, int building) {
  std::int64_t now = 0, most = 0;
  for (const model::Delivery& delivery : cluster.deliveries) {
    const int here = delivery.building >= 0 ? delivery.building : cluster.building;
    if (here != building) continue;
    now += delivery.domains;
    most = std::max(most, now);
  }
  return most;
}

}  // namespace

Network::Network(const model::Scenario& scenario, const Fleet& fleet)
    : scenario_(scenario), fleet_(fleet), routes_(scenario.platform) {
  const model::Platform& platform = scenario.platform;
  const auto add = [&](std::string name, double capacity_Bps) {
    links_.push_back({std::move(name), capacity_Bps});
    return static_cast<std::int32_t>(links_.size() - 1);
  };
  for (const Pool& pool : fleet.pools) {
    auto& of_pool = fabric_link_.emplace_back();
    for (const PartInfo& part : pool.parts) {
      const model::Cluster& cluster = platform.clusters[part.cluster];
      std::int32_t link = -1;
      if (cluster.fabric && platform.fabrics[cluster.fabric].oversubscription() > 1.0) {
        const model::Domain& domain = platform.domains[pool.domain];
        const model::Node& node = platform.nodes[domain.node];
        const double nics_Bps =
            node.nic ? platform.nics[node.nic].bandwidth.value * node.nics * domain.nodes : 0.0;
        const double top_Bps = nics_Bps *
                               static_cast<double>(most_domains(cluster, part.building)) /
                               platform.fabrics[cluster.fabric].oversubscription();
        if (top_Bps > 0.0) {
          const model::Site& site = platform.sites[cluster.site];
          link = add(part.building < 0
                         ? fmt::format("fabric:{}", cluster.name)
                         : fmt::format("fabric:{}:{}", cluster.name,
                                       site.buildings[static_cast<size_t>(part.building)].name),
                     top_Bps);
        }
      }
      of_pool.push_back(link);
    }
  }
  for (const model::Site& site : platform.sites) {
    auto& of_site = building_link_.emplace_back();
    for (const model::Building& building : site.buildings) {
      of_site.push_back(
          building.uplink.value > 0.0
              ? add(fmt::format("building:{}:{}", site.name, building.name), building.uplink.value)
              : -1);
    }
  }
  first_wan_link_ = static_cast<std::int32_t>(links_.size());
  for (const model::WanLink& wan : platform.wan_links) {
    add(fmt::format("wan:{}", wan.name), wan.bandwidth.value);
  }
}

std::vector<std::int32_t> Network::path_between(const Pool& pool, std::int32_t a, std::int32_t b,
                                                double& latency_s) const {
  std::vector<std::int32_t> path;
  const auto uplink = [&](std::int32_t part) {
    const PartInfo& info = pool.parts[static_cast<size_t>(part)];
    if (info.building < 0) return;
    const auto site = static_cast<size_t>(pool.state.parts[static_cast<size_t>(part)].site);
    const std::int32_t link = building_link_[site][static_cast<size_t>(info.building)];
    if (link >= 0) path.push_back(link);
  };
  const Id<model::Site> from{pool.state.parts[static_cast<size_t>(a)].site};
  const Id<model::Site> to{pool.state.parts[static_cast<size_t>(b)].site};
  if (from == to &&
      pool.parts[static_cast<size_t>(a)].building == pool.parts[static_cast<size_t>(b)].building) {
    return path;  // two clusters of one building
  }
  uplink(a);
  if (from != to) {
    const auto& route = routes_.between(from, to);
    for (const auto id : route->links) path.push_back(first_wan_link_ + id.index);
    latency_s = route->latency.value;
  }
  uplink(b);
  return path;
}

bool Network::connected(std::int32_t pool, const scheduling::Allocation& allocation) const {
  const auto& parts = fleet_.pools[static_cast<size_t>(pool)].state.parts;
  const auto site_of = [&](const scheduling::Share& share) {
    return Id<model::Site>{parts[static_cast<size_t>(share.part)].site};
  };
  const Id<model::Site> first = site_of(allocation.shares.front());
  return std::all_of(allocation.shares.begin(), allocation.shares.end(), [&](const auto& share) {
    return routes_.between(first, site_of(share)).has_value();
  });
}

std::vector<Traffic> Network::traffic(std::int32_t pool_index,
                                      const scheduling::Allocation& allocation,
                                      double domain_bytes_per_step, double gradient_bytes) const {
  const Pool& pool = fleet_.pools[static_cast<size_t>(pool_index)];
  std::vector<Traffic> all;
  double chips = 0.0;
  for (const auto& share : allocation.shares) {
    chips += static_cast<double>(pool.state.chips_of(share));
  }
  for (const auto& share : allocation.shares) {
    const auto part = static_cast<size_t>(share.part);
    const std::int32_t link = fabric_link_[static_cast<size_t>(pool_index)][part];
    if (link < 0) continue;
    // A job below one switch group of the lowest tier never climbs to the tiers above.
    const model::Cluster& cluster = scenario_.platform.clusters[pool.parts[part].cluster];
    const auto& tiers = scenario_.platform.fabrics[cluster.fabric].tiers;
    const std::int64_t domains = share.whole_domains + (share.shared_chips > 0 ? 1 : 0);
    if (domains <= 1 || domains <= tiers.front().domains) continue;
    const double share_of_job = static_cast<double>(pool.state.chips_of(share)) / chips;
    all.push_back({{link}, domain_bytes_per_step * share_of_job, 0.0});
  }
  const size_t n = allocation.shares.size();
  if (n < 2 || gradient_bytes <= 0.0) return all;
  const double edge_bytes =
      2.0 * static_cast<double>(n - 1) / static_cast<double>(n) * gradient_bytes;
  for (size_t i = 0; i < (n == 2 ? 1 : n); ++i) {
    Traffic edge;
    edge.path = path_between(pool, allocation.shares[i].part, allocation.shares[(i + 1) % n].part,
                             edge.latency_s);
    edge.bytes_per_step = edge_bytes;
    if (!edge.path.empty() || edge.latency_s > 0.0) all.push_back(std::move(edge));
  }
  return all;
}

}  // namespace busbar::engine
