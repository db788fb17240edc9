#include "sim/topology/fleet_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "sim/topology/wiring_network.h"

namespace busbar::topology {
namespace {

size_t at(int index) { return static_cast<size_t>(index); }

class FleetBuilder {
 public:
  explicit FleetBuilder(const model::Platform& platform) : platform_(platform) {
    fleet_.network = wan_of(platform);
    fleet_.up.assign(fleet_.network.vertices().size(), -1);
  }

  FleetNetwork build() {
    for (const auto id : platform_.clusters.ids()) {
      std::map<int, int> domains_in;  // by building, -1: none
      for (const model::Delivery& d : platform_.clusters[id].deliveries) {
        domains_in[d.building >= 0 ? d.building : platform_.clusters[id].building] += d.domains;
      }
      int first = 0;
      for (const auto& [building, domains] : domains_in) {
        if (domains > 0) add_part(id, building, first, domains);
        first += std::max(0, domains);
      }
    }
    join_buildings();
    return std::move(fleet_);
  }

 private:
  struct Port {
    int vertex = -1;
    base::BytesPerSecond up;
    int first = 0;  // number of its first domain in the part
  };
  struct Building {
    int vertex = -1;
    base::BytesPerSecond below;  // what its clusters can send
  };

  int add_vertex(const std::string& name, VertexKind kind, int group = 0) {
    fleet_.up.push_back(-1);
    return fleet_.network.add_vertex({name, kind, group});
  }
  void join(int below, int above, base::BytesPerSecond capacity, base::Seconds latency,
            const std::string& layer) {
    fleet_.up[at(below)] = fleet_.network.add_cable({below, above, capacity, latency, layer});
  }

  // The domains of a cluster in one building.
  void add_part(base::Id<model::Cluster> id, int building, int first, int domains) {
    const model::Cluster& cluster = platform_.clusters[id];
    const model::Domain& domain = platform_.domain_of(cluster);
    const model::Node& node = platform_.node_of(cluster);
    if (!node.nic || node.nics == 0) return;
    std::vector<model::FabricTier> tiers = {{"fabric", 0, 1.0}};
    base::Seconds latency;
    if (cluster.fabric) {
      const model::Fabric& fabric = platform_.fabrics[cluster.fabric];
      if (!fabric.tiers.empty()) tiers = fabric.tiers;
      latency = fabric.latency * 0.5;  // of NIC to NIC
    }
    std::string prefix = cluster.name;
    const model::Site& site = platform_.sites[cluster.site];
    if (building >= 0) prefix += "." + site.buildings[at(building)].name;
    std::vector<Port> ports;
    for (int d = 0; d < domains; ++d) {
      const int vertex =
          add_vertex(fmt::format("{}-{}", cluster.name, first + d), VertexKind::kDomain, id.index);
      ports.push_back(
          {vertex, platform_.nics[node.nic].bandwidth * (1.0 * node.nics * domain.nodes), d});
    }
    std::string layer = "nic";
    for (size_t t = 0; t < tiers.size(); ++t) {
      ports = gather(prefix, tiers[t], ports, t == 0 ? latency : base::Seconds{}, layer);
      if (t == 0) note_blocks(id, cluster.site, ports);
      if (t + 1 < tiers.size()) layer = tiers[t + 1].name;
    }
    const int top = building >= 0 ? building_vertex(cluster.site, building) : cluster.site.index;
    for (const Port& port : ports) {
      join(port.vertex, top, port.up, {}, "site");
      if (building >= 0) buildings_.at({cluster.site.index, building}).below += port.up;
    }
  }

  std::vector<Port> gather(const std::string& prefix, const model::FabricTier& tier,
                           const std::vector<Port>& ports, base::Seconds latency,
                           const std::string& layer) {
    std::vector<Port> above;
    const int size = tier.domains > 0 ? tier.domains : std::numeric_limits<int>::max();
    int block = -1;
    for (const Port& port : ports) {
      if (port.first / size != block) {
        block = port.first / size;
        above.push_back(
            {add_vertex(fmt::format("{}.{}-{}", prefix, tier.name, block), VertexKind::kSwitch),
             {},
             port.first});
      }
      const base::BytesPerSecond capacity = port.up / tier.oversubscription;
      join(port.vertex, above.back().vertex, capacity, latency, layer);
      above.back().up += capacity;
    }
    return above;
  }

  void note_blocks(base::Id<model::Cluster> cluster, base::Id<model::Site> site,
                   const std::vector<Port>& ports) {
    for (const Port& port : ports) {
      DomainBlock block{cluster, site, port.vertex, {}};
      for (const int link : fleet_.network.links_from(port.vertex)) {
        block.domains.push_back(fleet_.network.target(link));
      }
      fleet_.blocks.push_back(std::move(block));
    }
  }

  int building_vertex(base::Id<model::Site> site, int building) {
    const auto [entry, is_new] = buildings_.emplace(std::pair{site.index, building}, Building{});
    if (is_new) {
      const model::Site& of = platform_.sites[site];
      const std::string& name = of.buildings[at(building)].name;
      entry->second.vertex = add_vertex(fmt::format("{}.{}", of.name, name), VertexKind::kSwitch);
    }
    return entry->second.vertex;
  }
  // Cables of the buildings, once all their clusters are known: without a stated uplink they carry
  // what the clusters can send.
  void join_buildings() {
    for (const auto& [key, building] : buildings_) {
      const auto& [site, number] = key;
      const base::BytesPerSecond stated = platform_.sites[{site}].buildings[at(number)].uplink;
      join(building.vertex, site, stated.value > 0.0 ? stated : building.below, {}, "building");
    }
  }

  const model::Platform& platform_;
  FleetNetwork fleet_;
  std::map<std::pair<std::int32_t, int>, Building> buildings_;  // by site and number
};

}  // namespace

FleetNetwork fleet_network(const model::Platform& platform) {
  return FleetBuilder(platform).build();
}

}  // namespace busbar::topology
