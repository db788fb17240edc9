#include "sim/engine/part_wiring.h"

#include <algorithm>

#include "sim/topology/slice_offer.h"

namespace busbar::engine {

using Rule = scheduling::PodCounts::Rule;

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

namespace {

// Domains that ever arrive. Those that are to leave stand beside them as long as they are in use.
std::int64_t delivered_domains(const model::Cluster& cluster, int building) {
  std::int64_t all = 0;
  for (const model::Delivery& delivery : cluster.deliveries) {
    const int here = delivery.building >= 0 ? delivery.building : cluster.building;
    if (here == building) all += std::max(delivery.domains, 0);
  }
  return all;
}

std::int32_t feed_of(const model::Site& site, const model::Cluster& cluster, int building) {
  for (size_t i = 0; i < site.supplies.size(); ++i) {
    const auto serves = [&](const std::string& name) {
      return std::find(site.supplies[i].serves.begin(), site.supplies[i].serves.end(), name) !=
             site.supplies[i].serves.end();
    };
    if (site.supplies[i].cooling) continue;
    const bool hall = building >= 0 && serves(site.buildings[static_cast<size_t>(building)].name);
    if (hall || serves(cluster.name)) return static_cast<std::int32_t>(i);
  }
  return -1;
}

// Half of the chips send to the other half, each with what its links and NICs give.
scheduling::Bisections bisections_of(const model::Platform& platform,
                                     const model::Cluster& cluster) {
  const model::Domain& domain = platform.domain_of(cluster);
  const model::Node& node = platform.node_of(cluster);
  scheduling::Bisections of_chip;
  const int most = cluster.pod ? platform.pods[cluster.pod].slice_domains : 1;
  for (int domains = 1; domains <= most; ++domains) {
    of_chip.slice_Bps.push_back(topology::bisection_of(domain, domains).value /
                                (1.0 * domains * domain.chips_used));
  }
  if (!cluster.fabric || !node.nic) return of_chip;
  const model::Fabric& fabric = platform.fabrics[cluster.fabric];
  const double nic_Bps = platform.nics[node.nic].bandwidth.value * node.nics / node.accelerators;
  const double in_group = fabric.tiers.empty() ? 1.0 : fabric.tiers.front().oversubscription;
  of_chip.group_Bps = nic_Bps / 2.0 / in_group;
  of_chip.across_Bps = nic_Bps / 2.0 / fabric.oversubscription();
  return of_chip;
}

}  // namespace

PartWiring wiring_of(const model::Platform& platform, const model::Cluster& cluster, int building) {
  PartWiring wiring;
  wiring.feed = feed_of(platform.sites[cluster.site], cluster, building);
  wiring.bisections = bisections_of(platform, cluster);
  if (cluster.pod) {
    wiring.rule = Rule::kSlices;
    wiring.pod_domains = platform.pods[cluster.pod].domains;
  } else if (cluster.fabric) {
    for (const model::FabricTier& tier : platform.fabrics[cluster.fabric].tiers) {
      if (tier.domains == 0 || wiring.pod_domains > 0) continue;
      wiring.rule = Rule::kGroups;
      wiring.pod_domains = tier.domains;
    }
  }
  if (wiring.pod_domains > 0) {
    wiring.pods = static_cast<std::int32_t>(
        (delivered_domains(cluster, building) + wiring.pod_domains - 1) / wiring.pod_domains);
  }
  return wiring;
}

}  // namespace busbar::engine
