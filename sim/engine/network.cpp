#include "sim/engine/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "sim/engine/part_wiring.h"
#include "sim/topology/load_balancing.h"
#include "sim/training/across_sites.h"

namespace busbar::engine {

using base::Id;

namespace {

// One flow of each NIC is under way at a time, as a ring has it.
constexpr double kFlowsPerNic = 1.0;

}  // namespace

Network::Network(const model::Scenario& scenario, const Fleet& fleet)
    : scenario_(scenario),
      fleet_(fleet),
      cut_(scenario.platform.wan_links.size(), false),
      routes_(scenario.platform) {
  const model::Platform& platform = scenario.platform;
  for (const Pool& pool : fleet.pools) {
    auto& of_pool = parts_.emplace_back();
    for (const PartInfo& part : pool.parts) add_fabric(pool, part, of_pool.emplace_back());
  }
  for (const model::Site& site : platform.sites) add_site(site);
  first_wan_link_ = static_cast<std::int32_t>(links_.size());
  for (const model::WanLink& wan : platform.wan_links) {
    add_link(fmt::format("wan:{}", wan.name), wan.bandwidth.value);
  }
  find_routes();
}

std::int32_t Network::add_link(std::string name, double capacity_Bps) {
  if (capacity_Bps <= 0.0) return -1;
  links_.push_back({std::move(name), capacity_Bps});
  return static_cast<std::int32_t>(links_.size() - 1);
}

// The link into a tier is all links from the groups below it together.
void Network::add_fabric(const Pool& pool, const PartInfo& part, PartLinks& links) {
  const model::Platform& platform = scenario_.platform;
  const model::Cluster& cluster = platform.clusters[part.cluster];
  const model::Domain& domain = platform.domains[pool.domain];
  const model::Node& node = platform.nodes[domain.node];
  if (!cluster.fabric || !node.nic) return;
  const model::Fabric& fabric = platform.fabrics[cluster.fabric];
  std::string name = fmt::format("fabric:{}", cluster.name);
  if (part.building >= 0) {
    const model::Site& site = platform.sites[cluster.site];
    name += ":" + site.buildings[static_cast<size_t>(part.building)].name;
  }
  const auto domains = static_cast<double>(most_domains(cluster, part.building));
  const double nics = 1.0 * node.nics * domain.nodes;  // of a domain
  double narrower = 1.0;
  std::int64_t group = 1;  // domains below
  for (size_t t = 0; t < fabric.tiers.size(); ++t) {
    const model::FabricTier& tier = fabric.tiers[t];
    narrower *= tier.oversubscription;
    if (tier.oversubscription > 1.0 && group > 0) {
      const double below = nics * static_cast<double>(group);
      const double of_domain_Bps =
          platform.nics[node.nic].bandwidth.value * nics / narrower *
          topology::usable_share(fabric.load_balancing, kFlowsPerNic * below, below / narrower);
      const bool top = t + 1 == fabric.tiers.size();
      const std::int32_t link =
          add_link(top ? name : name + "/" + tier.name, of_domain_Bps * domains);
      if (link >= 0) links.tiers.push_back({link, group});
    }
    group = tier.domains;
  }
}

// Uplinks of a site's buildings and its storage systems, for the parts that use them.
void Network::add_site(const model::Site& site) {
  const model::Platform& platform = scenario_.platform;
  const auto of_parts = [&](const auto& give) {
    for (size_t p = 0; p < fleet_.pools.size(); ++p) {
      for (size_t i = 0; i < fleet_.pools[p].parts.size(); ++i) {
        const PartInfo& part = fleet_.pools[p].parts[i];
        const model::Cluster& cluster = platform.clusters[part.cluster];
        if (&platform.sites[cluster.site] == &site) give(part, cluster, parts_[p][i]);
      }
    }
  };
  for (size_t b = 0; b < site.buildings.size(); ++b) {
    const model::Building& building = site.buildings[b];
    const std::int32_t link =
        add_link(fmt::format("building:{}:{}", site.name, building.name), building.uplink.value);
    of_parts([&](const PartInfo& part, const model::Cluster&, PartLinks& links) {
      if (part.building == static_cast<int>(b)) links.uplink = link;
    });
  }
  for (const model::Storage& storage : site.storages) {
    const std::string name = fmt::format("storage:{}:{}", site.name, storage.name);
    const std::int32_t read = add_link(name + ":read", storage.read.value);
    const std::int32_t write = add_link(name + ":write", storage.write.value);
    of_parts([&](const PartInfo&, const model::Cluster& cluster, PartLinks& links) {
      if (cluster.storage != storage.name) return;
      links.read = read;
      links.write = write;
    });
  }
}

// ── Routes ───────────────────────────────────────────────────────────────────────────────────────

void Network::find_routes() {
  const auto sites = scenario_.platform.sites.ids();
  islands_.assign(scenario_.platform.sites.size(), -1);
  for (const auto site : sites) {
    std::int32_t& island = islands_[static_cast<size_t>(site.index)];
    if (island >= 0) continue;
    island = site.index;
    for (const auto other : sites) {
      if (routes_.between(site, other)) islands_[static_cast<size_t>(other.index)] = site.index;
    }
  }
}

void Network::set_cut(Id<model::WanLink> wan, bool cut) {
  cut_[static_cast<size_t>(wan.index)] = cut;
  routes_ = topology::WanRoutes(scenario_.platform, cut_);
  find_routes();
}

base::Seconds Network::latency(Id<model::Site> from, Id<model::Site> to) const {
  const auto& route = routes_.between(from, to);
  return route ? route->latency : base::Seconds{std::numeric_limits<double>::infinity()};
}

base::UsdPerByte Network::price(Id<model::Site> from, Id<model::Site> to) const {
  base::UsdPerByte sum;
  for (const auto wan : routes_.between(from, to)->links) {
    sum = sum + scenario_.platform.wan_links[wan].price;
  }
  return sum;
}

std::vector<std::int32_t> Network::path(Id<model::Site> from, Id<model::Site> to) const {
  std::vector<std::int32_t> links;
  for (const auto wan : routes_.between(from, to)->links) links.push_back(link_of(wan));
  return links;
}

std::optional<Network::Way> Network::way(const Place& from, const Place& to,
                                         std::int64_t domains) const {
  const auto links_at = [&](const Place& place) -> const PartLinks& {
    return parts_[static_cast<size_t>(place.pool)][static_cast<size_t>(place.part)];
  };
  const auto info_at = [&](const Place& place) -> const PartInfo& {
    return fleet_.pools[static_cast<size_t>(place.pool)].parts[static_cast<size_t>(place.part)];
  };
  Way way;
  if (from == to) {
    for (const Tier& tier : links_at(from).tiers) {
      if (domains > tier.group) way.links.push_back(tier.link);
    }
    return way;
  }
  const model::Platform& platform = scenario_.platform;
  const Id<model::Site> a = platform.clusters[info_at(from).cluster].site,
                        b = platform.clusters[info_at(to).cluster].site;
  const auto& route = routes_.between(a, b);
  if (!route) return std::nullopt;
  const bool one_building = a == b && info_at(from).building == info_at(to).building;
  for (const Place* place : {&from, &to}) {
    for (const Tier& tier : links_at(*place).tiers) way.links.push_back(tier.link);
    const std::int32_t uplink = links_at(*place).uplink;
    if (uplink >= 0 && !one_building) way.links.push_back(uplink);
  }
  for (const auto wan : route->links) way.links.push_back(link_of(wan));
  way.latency_s = route->latency.value;
  return way;
}

// ── Traffic ──────────────────────────────────────────────────────────────────────────────────────

JobTraffic Network::traffic(std::int32_t pool_index, const std::vector<scheduling::Share>& shares,
                            const Sends& sends) const {
  const Pool& pool = fleet_.pools[static_cast<size_t>(pool_index)];
  JobTraffic all;
  double chips = 0.0;
  for (const auto& share : shares) chips += static_cast<double>(pool.state.chips_of(share));
  std::map<std::int32_t, SiteParts> sites;
  for (const auto& share : shares) {
    const auto part = static_cast<size_t>(share.part);
    const PartLinks& links = parts_[static_cast<size_t>(pool_index)][part];
    const auto here = static_cast<double>(pool.state.chips_of(share));
    climb(pool.state.parts[part], links, share, sends.domain_bytes * here / chips, all);
    store(links, here / chips, sends, all);
    SiteParts& site = sites[pool.state.parts[part].site];
    site.chips += here;
    // Clusters of one building meet below its uplink.
    const int building = pool.parts[part].building;
    site.buildings[building].uplink = links.uplink;
    site.buildings[building].chips += here;
  }
  for (const auto& [site, parts] : sites) within_site(parts, sends.gradient_bytes, all);
  if (sites.size() > 1) between_sites(sites, sends, all);
  return all;
}

// A job climbs a tier where one group below does not hold it, or where it had to take domains of
// several groups.
void Network::climb(const scheduling::Part& part, const PartLinks& links,
                    const scheduling::Share& share, double bytes, JobTraffic& all) const {
  const std::int64_t domains = share.whole_domains + (share.shared_chips > 0 ? 1 : 0);
  Route route;
  route.load.bytes_per_step = bytes;
  for (const Tier& tier : links.tiers) {
    const bool across = share.pods > 1 && tier.group == part.pods.domains();
    if (domains <= tier.group && !across) continue;
    route.path.push_back(tier.link);
  }
  if (!route.path.empty() && bytes > 0.0) all.routes.push_back(std::move(route));
}

// Every part writes and reads its share.
void Network::store(const PartLinks& links, double share, const Sends& sends,
                    JobTraffic& all) const {
  if (links.write >= 0 && sends.checkpoint_bytes > 0.0) {
    Route route;
    route.path = {links.write};
    route.load.bytes_per_step = sends.checkpoint_bytes * share;
    route.load.purpose = Purpose::kCheckpoint;
    if (sends.checkpointing == model::Checkpointing::kBlocking) {
      route.load.sending = Sending::kBursty;
    }
    all.routes.push_back(std::move(route));
  }
  if (links.read >= 0 && sends.read_bytes > 0.0) {
    Route route;
    route.path = {links.read};
    route.load.bytes_per_step = sends.read_bytes * share;
    all.routes.push_back(std::move(route));
  }
}

void Network::within_site(const SiteParts& parts, double bytes, JobTraffic& all) const {
  const auto n = static_cast<double>(parts.buildings.size());
  Route route;
  route.load.bytes_per_step = training::ring_bytes(n, bytes);
  for (const auto& [building, part] : parts.buildings) {
    if (part.uplink >= 0) route.path.push_back(part.uplink);
  }
  if (n > 1.0 && bytes > 0.0 && !route.path.empty()) all.routes.push_back(std::move(route));
}

void Network::between_sites(const std::map<std::int32_t, SiteParts>& sites, const Sends& sends,
                            JobTraffic& all) const {
  if (sends.outer_bytes <= 0.0) return;
  const auto n = static_cast<double>(sites.size());
  const double steps = sends.across.sync_every;
  Route ring;
  ring.load.bytes_per_step = training::ring_bytes(n, sends.outer_bytes) / steps;
  ring.load.sending = sends.across.overlapped ? Sending::kSmooth : Sending::kBursty;
  double edge_s = 0.0;
  for (auto from = sites.begin(); from != sites.end(); ++from) {
    auto to = std::next(from);
    if (to == sites.end()) to = sites.begin();
    const auto& route = routes_.between({from->first}, {to->first});
    edge_s = std::max(edge_s, route->latency.value);
    for (const auto wan : route->links) ring.path.push_back(link_of(wan));
  }
  const double latency_s = training::exchange_latency_s(n, edge_s);
  if (steps <= 1.0) {
    all.latency_s += latency_s;
  } else if (sends.across.overlapped) {
    ring.load.wait_s = latency_s * sends.across.fragments / steps;
  } else {
    all.latency_s += latency_s / steps;
  }
  // Each building of a site sends its chips' share of it; a lone one, the whole.
  for (const auto& [site, parts] : sites) {
    for (const auto& [building, part] : parts.buildings) {
      if (part.uplink < 0) continue;
      if (parts.buildings.size() == 1) {
        ring.path.push_back(part.uplink);
        continue;
      }
      Route up = ring;
      up.path = {part.uplink};
      up.load.bytes_per_step *= part.chips / parts.chips;
      all.routes.push_back(std::move(up));
    }
  }
  std::sort(ring.path.begin(), ring.path.end());
  ring.path.erase(std::unique(ring.path.begin(), ring.path.end()), ring.path.end());
  all.routes.push_back(std::move(ring));
}

}  // namespace busbar::engine
