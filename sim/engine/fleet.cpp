#include "sim/engine/fleet.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/base/error.h"
#include "sim/engine/part_wiring.h"
#include "sim/power/site_power.h"

namespace busbar::engine {

using base::Id;
using model::Cluster;

double Pool::capacity_chips() const {
  std::int64_t domains = 0;
  for (const PartInfo& part : parts) domains += part.usable() - part.serving;
  return static_cast<double>(domains) * used_chips_per_domain;
}

Fleet::Fleet(const model::Scenario& scenario, double horizon_s) : scenario_(scenario) {
  const model::Platform& platform = scenario.platform;
  for (const model::Site& site : platform.sites) {
    sites.emplace_back(site, scenario.start_unix_s, horizon_s);
  }
  pool_of_cluster_.assign(platform.clusters.size(), -1);
  pools_at_site_.resize(platform.sites.size());
  // Clusters that are scheduled together come first where their first cluster stands.
  for (const auto id : platform.clusters.ids()) {
    if (pool_of_cluster_[static_cast<size_t>(id.index)] >= 0) continue;
    std::vector<Id<Cluster>> together{id};
    for (const model::CoSchedule& group : scenario.co_schedules) {
      if (std::find(group.clusters.begin(), group.clusters.end(), id) != group.clusters.end()) {
        together = group.clusters;
      }
    }
    add_pool(together);
  }
}

void Fleet::add_pool(const std::vector<Id<Cluster>>& clusters) {
  const model::Platform& platform = scenario_.platform;
  Pool pool;
  pool.clusters = clusters;
  pool.domain = platform.clusters[clusters.front()].domain;
  pool.used_chips_per_domain = platform.domains[pool.domain].chips_used;
  pool.state.headroom.resize(platform.sites.size());
  const auto index = static_cast<std::int32_t>(pools.size());
  for (const auto id : clusters) {
    const Cluster& cluster = platform.clusters[id];
    std::vector<int> buildings;
    for (const model::Delivery& delivery : cluster.deliveries) {
      const int building = delivery.building >= 0 ? delivery.building : cluster.building;
      if (std::find(buildings.begin(), buildings.end(), building) == buildings.end()) {
        buildings.push_back(building);
      }
    }
    std::sort(buildings.begin(), buildings.end());
    for (const int building : buildings) {
      add_part(pool, id, building);
    }
    pool_of_cluster_[static_cast<size_t>(id.index)] = index;
    auto& here = pools_at_site_[static_cast<size_t>(cluster.site.index)];
    if (here.empty() || here.back() != index) here.push_back(index);
  }
  domain_power.push_back(
      {power::idle_domain_power(platform, pool.domain).value,
       platform.accelerators[platform.nodes[platform.domains[pool.domain].node].accelerator]
           .idle_power.value});
  pools.push_back(std::move(pool));
}

void Fleet::add_part(Pool& pool, Id<Cluster> id, int building) {
  const model::Platform& platform = scenario_.platform;
  const Cluster& cluster = platform.clusters[id];
  scheduling::Part counts{.cluster = id.index,
                          .site = cluster.site.index,
                          .chips_per_domain = pool.used_chips_per_domain};
  PartInfo part{.cluster = id, .building = building};
  const PartWiring wiring = wiring_of(platform, cluster, building);
  counts.feed = wiring.feed;
  counts.bisections = &bisections_.emplace_back(wiring.bisections);
  if (wiring.pods > 1) {
    counts.pods = scheduling::PodCounts(wiring.rule, wiring.pods, wiring.pod_domains);
    part.pods = PodBooks(wiring.pods, wiring.pod_domains);
  }
  pool.parts.push_back(std::move(part));
  pool.state.parts.push_back(std::move(counts));
}

double Fleet::largest_capacity(std::int32_t pool, double until_s) const {
  const Pool& p = pools[static_cast<size_t>(pool)];
  // Capacity changes only at deliveries: look after each of them.
  double largest = 0.0;
  for (const auto probe : p.clusters) {
    std::vector<double> times{0.0, until_s};
    const Cluster& source = scenario_.platform.clusters[probe];
    for (const model::Delivery& delivery : source.deliveries) {
      const double t = delivery.date_unix_s + source.burn_in.value - scenario_.start_unix_s;
      if (t > 0.0 && t < until_s) times.push_back(t);
    }
    for (const double t : times) {
      double chips = 0.0;
      for (const auto id : p.clusters) {
        const Cluster& cluster = scenario_.platform.clusters[id];
        const int domains = cluster.domains_at(scenario_.start_unix_s + t);
        chips += std::max(0, domains - cluster.spare_domains()) *
                 static_cast<double>(p.used_chips_per_domain);
      }
      largest = std::max(largest, chips);
    }
  }
  return largest;
}

// Pods are filled one after the other, and the last may stay in part.
std::int64_t Fleet::most_slices(std::int32_t index, std::int64_t slice_chips) const {
  const Pool& pool = pools[static_cast<size_t>(index)];
  const std::int64_t of_slice = slice_chips / pool.used_chips_per_domain;
  std::int64_t slices = 0;
  for (size_t i = 0; i < pool.parts.size(); ++i) {
    const bool kept = pool.state.parts[i].pods.rule() == scheduling::PodCounts::Rule::kSlices;
    if (!kept || of_slice <= 1) return std::numeric_limits<std::int64_t>::max();
    const Cluster& cluster = scenario_.platform.clusters[pool.parts[i].cluster];
    const std::int64_t domains = most_domains(cluster, pool.parts[i].building);
    const std::int64_t of_pod = scenario_.platform.pods[cluster.pod].domains;
    slices += domains / of_pod * (of_pod / of_slice) + domains % of_pod / of_slice;
  }
  return slices;
}

PartInfo& Fleet::part_of(Id<Cluster> cluster, int building) {
  Pool& pool = pools[static_cast<size_t>(pool_of(cluster))];
  for (PartInfo& part : pool.parts) {
    if (part.cluster == cluster && part.building == building) return part;
  }
  throw base::InternalError("internal error: delivery to an unknown part");
}

void Fleet::deliver(double now_s, Id<Cluster> cluster, int building, std::int64_t domains) {
  PartInfo& part = part_of(cluster, building);
  if (domains >= 0) {
    part.unpowered += domains;
    return;
  }
  part.leaving += std::min(-domains, part.staying());
  const std::int32_t pool = pool_of(cluster);
  const auto& parts = pools[static_cast<size_t>(pool)].parts;
  let_leave(now_s, pool, static_cast<std::int32_t>(&part - parts.data()));
}

// What is without power leaves first.
std::int64_t Fleet::let_leave(double now_s, std::int32_t index, std::int32_t at) {
  Pool& pool = pools[static_cast<size_t>(index)];
  PartInfo& part = pool.parts[static_cast<size_t>(at)];
  scheduling::Part& counts = pool.state.parts[static_cast<size_t>(at)];
  const std::int64_t dark = std::min(part.leaving, part.unpowered);
  while (part.leaving - dark > counts.free_domains && release_spare(index, at)) {
  }
  const std::int64_t idle =
      std::min(part.leaving - dark, std::max<std::int64_t>(counts.free_domains, 0));
  part.unpowered -= dark;
  part.leaving -= dark + idle;
  if (idle > 0) {
    part.pods.remove(counts, idle);
    power_down(now_s, index, at, idle);
  }
  return dark + idle;
}

// Free domains draw no power any more.
void Fleet::power_down(double now_s, std::int32_t index, std::int32_t at, std::int64_t domains) {
  Pool& pool = pools[static_cast<size_t>(index)];
  scheduling::Part& counts = pool.state.parts[static_cast<size_t>(at)];
  pool.parts[static_cast<size_t>(at)].powered -= domains;
  counts.free_domains -= domains;
  sites[static_cast<size_t>(counts.site)].add_it_power(
      now_s, -static_cast<double>(domains) * domain_power[static_cast<size_t>(index)].idle_w);
}

std::vector<std::pair<std::int32_t, std::int64_t>> Fleet::energise(double now_s) {
  std::vector<std::pair<std::int32_t, std::int64_t>> grown;
  for (size_t index = 0; index < pools.size(); ++index) {
    Pool& pool = pools[index];
    std::int64_t domains = 0;
    for (size_t i = 0; i < pool.parts.size(); ++i) {
      PartInfo& part = pool.parts[i];
      if (part.unpowered == 0 || part.closings > 0) continue;
      SiteMeter& site = sites[static_cast<size_t>(pool.state.parts[i].site)];
      const scheduling::Headroom room = site.headroom(now_s);
      const double idle_w = domain_power[index].idle_w;
      const double possible = std::min(room.it_w, room.grid_w) / std::max(idle_w, 1e-9);
      const auto count =
          static_cast<std::int64_t>(std::clamp(possible, 0.0, static_cast<double>(part.unpowered)));
      if (count == 0) continue;
      part.unpowered -= count;
      part.powered += count;
      pool.state.parts[i].free_domains += count;
      part.pods.power_on(pool.state.parts[i], count);
      const std::int64_t spares = scenario_.platform.clusters[part.cluster].hot_spares;
      const std::int64_t held = std::clamp<std::int64_t>(spares - part.spare, 0, count);
      part.spare += held;
      pool.state.parts[i].free_domains -= held;
      part.pods.hold(pool.state.parts[i], held);
      site.add_it_power(now_s, static_cast<double>(count) * idle_w);
      domains += count;
    }
    if (domains > 0) grown.emplace_back(static_cast<std::int32_t>(index), domains);
  }
  return grown;
}

void Fleet::take_out(double now_s, std::int32_t pool, std::int32_t part, std::int32_t pod) {
  Pool& p = pools[static_cast<size_t>(pool)];
  PartInfo& info = p.parts[static_cast<size_t>(part)];
  scheduling::Part& counts = p.state.parts[static_cast<size_t>(part)];
  --info.powered;
  --counts.free_domains;
  info.pods.take_out(counts, pod);
  ++info.out;
  sites[static_cast<size_t>(counts.site)].add_it_power(
      now_s, -domain_power[static_cast<size_t>(pool)].idle_w);
}

bool Fleet::release_spare(std::int32_t pool, std::int32_t part, std::int32_t pod) {
  Pool& p = pools[static_cast<size_t>(pool)];
  PartInfo& info = p.parts[static_cast<size_t>(part)];
  scheduling::Part& counts = p.state.parts[static_cast<size_t>(part)];
  if (info.spare == 0 || !info.pods.release(counts, pod)) return false;
  --info.spare;
  ++counts.free_domains;
  return true;
}

void Fleet::bring_back(std::int32_t pool, std::int32_t part, std::int32_t pod) {
  PartInfo& info = pools[static_cast<size_t>(pool)].parts[static_cast<size_t>(part)];
  --info.out;
  info.pods.bring_back(pod);
  ++info.unpowered;
}

void Fleet::close(double now_s, std::int32_t index, std::int32_t at) {
  Pool& pool = pools[static_cast<size_t>(index)];
  PartInfo& part = pool.parts[static_cast<size_t>(at)];
  ++part.closings;
  while (release_spare(index, at)) {
  }
  const std::int64_t free = part.pods.power_off(pool.state.parts[static_cast<size_t>(at)]);
  if (free == 0) return;
  power_down(now_s, index, at, free);
  part.unpowered += free;
}

void Fleet::open(std::int32_t pool, std::int32_t part) {
  --pools[static_cast<size_t>(pool)].parts[static_cast<size_t>(part)].closings;
}

std::vector<Fleet::Place> Fleet::places_at(base::Id<model::Site> site) const {
  std::vector<Place> places;
  for (const std::int32_t index : pools_at(site)) {
    const Pool& pool = pools[static_cast<size_t>(index)];
    for (size_t i = 0; i < pool.parts.size(); ++i) {
      if (pool.state.parts[i].site != site.index) continue;
      places.push_back({index, static_cast<std::int32_t>(i)});
    }
  }
  return places;
}

void Fleet::refresh_headroom(double now_s, Pool& pool) const {
  for (const scheduling::Part& part : pool.state.parts) {
    const auto site = static_cast<size_t>(part.site);
    pool.state.headroom[site] = sites[site].headroom(now_s);
  }
}

scheduling::Obstacle Fleet::obstacle_when_empty(double now_s, const Pool& pool,
                                                const scheduling::Request& request,
                                                const scheduling::Placement& placement) const {
  scheduling::PoolState empty;
  empty.headroom.resize(sites.size());
  for (size_t i = 0; i < pool.parts.size(); ++i) {
    scheduling::Part part = pool.state.parts[i];
    part.free_domains = pool.parts[i].usable() - pool.parts[i].serving;
    part.pods = part.pods.rule() == scheduling::PodCounts::Rule::kSlices
                    ? pool.parts[i].pods.without_jobs(part)
                    : scheduling::PodCounts();
    part.shared.clear();
    part.shared_pod.clear();
    part.shared_free_chips = 0;
    // Power: what the site may draw beyond the idle draw of what is powered on there.
    const auto site = static_cast<size_t>(part.site);
    double idle_w = 0.0;
    for (const std::int32_t other : pools_at_site_[site]) {
      const Pool& neighbour = pools[static_cast<size_t>(other)];
      for (size_t j = 0; j < neighbour.parts.size(); ++j) {
        if (neighbour.state.parts[j].site != part.site) continue;
        idle_w += static_cast<double>(neighbour.parts[j].powered) *
                  domain_power[static_cast<size_t>(other)].idle_w;
      }
    }
    const double busy_w = sites[site].it_power_w() + sites[site].held_up_w() - idle_w;
    const scheduling::Headroom now = sites[site].headroom(now_s);
    empty.headroom[site] = {now.it_w + busy_w, now.grid_w + busy_w};
    empty.parts.push_back(part);
  }
  scheduling::Allocation found;
  scheduling::Obstacle why = scheduling::Obstacle::kNone;
  empty.find(request, placement, found, why);
  return why;
}

}  // namespace busbar::engine
