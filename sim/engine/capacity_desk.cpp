#include "sim/engine/capacity_desk.h"

#include <algorithm>
#include <map>

#include "sim/model/capacity.h"

namespace busbar::engine {

using base::Id;
using model::Cluster;
using record::EventKind;

void CapacityDesk::schedule() {
  schedule_deliveries();
  schedule_limits();
  schedule_shocks();
}

// ── Deliveries and limits ────────────────────────────────────────────────────────────────────────

void CapacityDesk::schedule_deliveries() {
  const model::Scenario& scenario = parts_.scenario;
  for (const auto id : scenario.platform.clusters.ids()) {
    const Cluster& cluster = scenario.platform.clusters[id];
    for (const model::Delivery& delivery : model::deliveries_under_shocks(scenario, id)) {
      const double burn_in_s = delivery.domains > 0 ? cluster.burn_in.value : 0.0;
      const double at_s = std::max(0.0, delivery.date_unix_s + burn_in_s - scenario.start_unix_s);
      if (at_s > parts_.horizon_s) continue;
      const int building = delivery.building >= 0 ? delivery.building : cluster.building;
      ++events_left_;
      parts_.clock.at(at_s, Phase::kChange, static_cast<std::uint64_t>(id.index),
                      [this, id, building, domains = delivery.domains] {
                        --events_left_;
                        deliver(id, building, domains);
                      });
    }
  }
}

void CapacityDesk::schedule_limits() {
  const model::Platform& platform = parts_.scenario.platform;
  for (const auto id : platform.sites.ids()) {
    const model::Site& site = platform.sites[id];
    for (const auto* steps : {&site.it_limit_w, &site.grid_limit_w}) {
      for (const model::DatedValue& step : *steps) {
        const double at_s = step.from_unix_s - parts_.scenario.start_unix_s;
        if (at_s <= 0.0 || at_s > parts_.horizon_s) continue;
        ++events_left_;
        parts_.clock.at(at_s, Phase::kChange,
                        platform.clusters.size() + static_cast<std::uint64_t>(id.index),
                        [this, id] {
                          --events_left_;
                          limits_changed(id.index);
                        });
      }
    }
  }
}

void CapacityDesk::deliver(Id<Cluster> cluster, int building, std::int64_t domains) {
  parts_.reporter.integrate_capacity(parts_.clock.now());
  parts_.fleet.deliver(parts_.clock.now(), cluster, building, domains);
  parts_.journal.note(EventKind::kDelivery, cluster.index, static_cast<double>(domains));
  energise();
  parts_.jobs.capacity_changed(parts_.fleet.pool_of(cluster));
}

void CapacityDesk::limits_changed(std::int32_t site) {
  const SiteMeter& meter = parts_.fleet.sites[static_cast<size_t>(site)];
  const double now = parts_.clock.now();
  parts_.journal.note(EventKind::kLimit, site,
                      std::min(meter.it_limit_w(now), meter.grid_limit_w(now)));
  parts_.reporter.integrate_capacity(now);
  energise();
  for (const std::int32_t pool : parts_.fleet.pools_at({site})) parts_.jobs.capacity_changed(pool);
}

void CapacityDesk::energise() {
  for (const auto& [pool, domains] : parts_.fleet.energise(parts_.clock.now())) {
    parts_.journal.note(EventKind::kInstalled,
                        parts_.fleet.pools[static_cast<size_t>(pool)].clusters.front().index,
                        static_cast<double>(domains));
    parts_.jobs.capacity_changed(pool);
  }
  parts_.faults.capacity_changed();
}

// ── Closing and leaving ──────────────────────────────────────────────────────────────────────────

std::vector<CapacityDesk::Place> CapacityDesk::places_of(Id<Cluster> cluster) const {
  std::vector<Place> places;
  const std::int32_t index = parts_.fleet.pool_of(cluster);
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  for (size_t part = 0; part < pool.parts.size(); ++part) {
    if (pool.parts[part].cluster == cluster) {
      places.push_back({index, static_cast<std::int32_t>(part)});
    }
  }
  return places;
}

double CapacityDesk::chips_in(const std::vector<Place>& places) const {
  double chips = 0.0;
  for (const Place& place : places) {
    const Pool& pool = parts_.fleet.pools[static_cast<size_t>(place.pool)];
    const PartInfo& part = pool.parts[static_cast<size_t>(place.part)];
    chips +=
        static_cast<double>(part.powered + part.unpowered + part.out) * pool.used_chips_per_domain;
  }
  return chips;
}

// Jobs with chips in some parts, the last started first; ties: the highest id.
std::vector<std::int32_t> CapacityDesk::newest_first(const std::vector<Place>& places) const {
  const std::set<Place> all(places.begin(), places.end());
  std::set<std::int32_t> pools;
  for (const Place& place : places) pools.insert(place.pool);
  std::vector<std::pair<double, std::int32_t>> jobs;
  for (const std::int32_t index : pools) {
    for (const auto& job : parts_.fleet.pools[static_cast<size_t>(index)].running) {
      const auto& shares = job.allocation->shares;
      const bool here = std::any_of(shares.begin(), shares.end(), [&](const auto& share) {
        return all.contains({index, share.part});
      });
      if (here) jobs.emplace_back(-job.start_s, -job.id);
    }
  }
  std::sort(jobs.begin(), jobs.end());
  std::vector<std::int32_t> ids;
  for (const auto& [start_s, id] : jobs) ids.push_back(-id);
  return ids;
}

void CapacityDesk::close(const std::vector<Place>& places, bool announced) {
  parts_.reporter.integrate_capacity(parts_.clock.now());
  std::vector<std::int32_t> stopped = newest_first(places);
  std::sort(stopped.begin(), stopped.end());
  for (const std::int32_t job : stopped) parts_.jobs.vacate(job, announced);
  std::set<std::int32_t> pools;
  for (const Place& place : places) {
    parts_.serving.lose_all(place.pool, place.part);
    parts_.fleet.close(parts_.clock.now(), place.pool, place.part);
    pools.insert(place.pool);
  }
  for (const std::int32_t job : stopped) parts_.jobs.requeue(job);
  energise();
  for (const std::int32_t pool : pools) parts_.jobs.capacity_changed(pool);
}

void CapacityDesk::open(const std::vector<Place>& places) {
  parts_.reporter.integrate_capacity(parts_.clock.now());
  for (const Place& place : places) parts_.fleet.open(place.pool, place.part);
  energise();
}

void CapacityDesk::let_leave(std::int32_t index) {
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  for (size_t part = 0; part < pool.parts.size(); ++part) {
    if (pool.parts[part].leaving == 0) continue;
    parts_.reporter.integrate_capacity(parts_.clock.now());
    const std::int64_t gone =
        parts_.fleet.let_leave(parts_.clock.now(), index, static_cast<std::int32_t>(part));
    if (gone == 0) continue;
    parts_.journal.note(EventKind::kRemoved, pool.parts[part].cluster.index,
                        static_cast<double>(gone));
    parts_.faults.capacity_changed();
  }
}

// Tells domains of a cluster to leave, building by building: those that nothing uses, or any.
// Returns how many are left to be found.
std::int64_t CapacityDesk::leave(Id<Cluster> cluster, std::int64_t domains, bool idle_only) {
  for (const Place& place : places_of(cluster)) {
    Pool& pool = parts_.fleet.pools[static_cast<size_t>(place.pool)];
    PartInfo& part = pool.parts[static_cast<size_t>(place.part)];
    const std::int64_t free =
        std::max<std::int64_t>(pool.state.parts[static_cast<size_t>(place.part)].free_domains, 0);
    const std::int64_t possible = idle_only ? part.unpowered + free - part.leaving : part.staying();
    const std::int64_t count = std::clamp<std::int64_t>(possible, 0, domains);
    part.leaving += count;
    domains -= count;
  }
  let_leave(parts_.fleet.pool_of(cluster));
  return domains;
}

// ── Shocks ───────────────────────────────────────────────────────────────────────────────────────

void CapacityDesk::schedule_shocks() {
  using Apply = void (CapacityDesk::*)(size_t, bool);
  const std::map<std::string, Apply> known = {{"fibre-cut", &CapacityDesk::cut},
                                              {"site-outage", &CapacityDesk::outage},
                                              {"supplier-halt", &CapacityDesk::halt},
                                              {"late-delivery", &CapacityDesk::halt},
                                              {"export-ban", &CapacityDesk::halt}};
  for (size_t i = 0; i < parts_.scenario.shocks.size(); ++i) {
    const model::Shock& shock = parts_.scenario.shocks[i];
    const auto order = static_cast<std::uint64_t>(i);
    if (shock.kind == "decommission") {
      parts_.clock.at(shock.at_s, Phase::kChange, order, [this, i] { decommission(i); });
      continue;
    }
    const auto at = known.find(shock.kind);
    if (at == known.end()) continue;
    const Apply apply = at->second;
    parts_.clock.at(shock.at_s, Phase::kChange, order,
                    [this, apply, i] { (this->*apply)(i, true); });
    if (shock.duration_s <= 0.0 || shock.kind == "late-delivery") continue;
    ++events_left_;
    parts_.clock.at(shock.at_s + shock.duration_s, Phase::kChange, order,
                    [this, apply, i] { (this->*apply)(i, false); });
  }
}

void CapacityDesk::note(size_t shock, bool begins, double value) {
  parts_.journal.note(begins ? EventKind::kShockBegin : EventKind::kShockEnd,
                      static_cast<std::int32_t>(shock), value);
}

void CapacityDesk::cut(size_t index, bool begins) {
  if (!begins) --events_left_;
  const auto wan = parts_.scenario.platform.wan_links.find(parts_.scenario.shocks[index].link);
  note(index, begins, link_changed(wan));
  routes_changed();
}

void CapacityDesk::routes_changed() {
  parts_.jobs.routes_changed();
  parts_.serving.routes_changed();
}

// Several cuts of one link multiply; a link that keeps nothing carries no routes. Returns what it
// carries now.
double CapacityDesk::link_changed(base::Id<model::WanLink> wan) {
  const std::string& name = parts_.scenario.platform.wan_links[wan].name;
  double kept = broken_fibres_[wan.index] > 0 ? 0.0 : 1.0;
  for (const model::Shock& shock : parts_.scenario.shocks) {
    if (shock.kind != "fibre-cut" || shock.link != name) continue;
    if (shock.holds_at(parts_.clock.now())) kept *= shock.factor;
  }
  const std::int32_t link = parts_.network.link_of(wan);
  const double capacity = kept * parts_.network.links()[static_cast<size_t>(link)].capacity_Bps;
  if (capacity > 0.0) parts_.traffic.set_capacity(link, capacity);
  parts_.network.set_cut(wan, capacity <= 0.0);
  return capacity;
}

void CapacityDesk::fibre_failed(base::Id<model::WanLink> wan, bool begins) {
  events_left_ += begins ? 1 : -1;
  broken_fibres_[wan.index] += begins ? 1 : -1;
  link_changed(wan);
  routes_changed();
}

void CapacityDesk::power_failed(base::Id<model::Site> site, bool begins) {
  events_left_ += begins ? 1 : -1;
  power_changed(parts_.fleet.places_at(site), record::FaultCause::kPower, begins);
}

void CapacityDesk::supply_failed(base::Id<model::Site> site, size_t supply, bool begins) {
  events_left_ += begins ? 1 : -1;
  const bool cooling = parts_.scenario.platform.sites[site].supplies[supply].cooling;
  power_changed(begins ? supplies_.fail(site, supply) : supplies_.restore(site, supply),
                supply_fault(cooling).cause, begins);
}

void CapacityDesk::outage(size_t index, bool begins) {
  const auto site = parts_.scenario.platform.sites.find(parts_.scenario.shocks[index].site);
  parts_.reporter.integrate_capacity(parts_.clock.now());
  if (!begins) --events_left_;
  note(index, begins, parts_.faults.chips_at(site.index, begins));
  power_changed(parts_.fleet.places_at(site), record::FaultCause::kPower, begins);
}

void CapacityDesk::power_changed(const std::vector<Place>& places, record::FaultCause cause,
                                 bool begins) {
  if (!begins) return open(places);
  parts_.reporter.integrate_capacity(parts_.clock.now());
  parts_.faults.begin_outage(places, cause);
  energise();
}

std::vector<Id<Cluster>> CapacityDesk::covered(const model::Shock& shock) const {
  std::vector<Id<Cluster>> clusters;
  const model::Platform& platform = parts_.scenario.platform;
  for (const auto id : platform.clusters.ids()) {
    if (shock.covers(platform, platform.clusters[id])) clusters.push_back(id);
  }
  return clusters;
}

// Deliveries, spares and ports follow their shocks by themselves; capacity that is rented goes.
void CapacityDesk::halt(size_t index, bool begins) {
  const model::Shock& shock = parts_.scenario.shocks[index];
  if (!begins) --events_left_;
  std::vector<Place> places;
  for (const Id<Cluster> cluster : covered(shock)) {
    for (const Place& place : places_of(cluster)) places.push_back(place);
  }
  const bool withdraws = shock.kind == "supplier-halt" && shock.stops_what("capacity");
  note(index, begins, withdraws ? chips_in(places) : 0.0);
  if (withdraws) {
    for (const Place& place : places) {
      PartInfo& part = parts_.fleet.pools[static_cast<size_t>(place.pool)]
                           .parts[static_cast<size_t>(place.part)];
      part.withdrawals += begins ? 1 : -1;
    }
    if (begins) {
      close(places, false);
    } else {
      open(places);
    }
  }
  update_ceilings();
}

// Domains leave that nothing uses first; then those of jobs, which end or are stopped, and of
// services.
void CapacityDesk::decommission(size_t index) {
  const model::Shock& shock = parts_.scenario.shocks[index];
  parts_.reporter.integrate_capacity(parts_.clock.now());
  for (const Id<Cluster> cluster : covered(shock)) {
    const std::vector<Place> places = places_of(cluster);
    std::int64_t left = shock.domains;
    if (left == 0) left = std::numeric_limits<std::int64_t>::max() / 2;
    note(index, true, shock.domains == 0 ? chips_in(places) : static_cast<double>(left));
    left = leave(cluster, left, true);
    std::vector<std::int32_t> stopped;
    if (!shock.drains) {
      for (const std::int32_t job : newest_first(places)) {
        if (left == 0) break;
        parts_.jobs.vacate(job, true);
        stopped.push_back(job);
        left = leave(cluster, left, true);
      }
      for (const Place& place : places) {
        const auto& part = parts_.fleet.pools[static_cast<size_t>(place.pool)]
                               .parts[static_cast<size_t>(place.part)];
        for (; left > 0 && part.serving > 0; left = leave(cluster, left, true)) {
          parts_.serving.lose(place.pool, place.part, 0, part.pods.of_serving(0));
        }
      }
    }
    leave(cluster, left, false);
    std::sort(stopped.begin(), stopped.end());
    for (const std::int32_t job : stopped) parts_.jobs.requeue(job);
    parts_.jobs.capacity_changed(parts_.fleet.pool_of(cluster));
  }
  energise();
  update_ceilings();
}

// Most chips that a pool can offer from now on. What is withdrawn does not count, even if it is to
// come back.
double CapacityDesk::ceiling(std::int32_t index) const {
  const model::Scenario& scenario = parts_.scenario;
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  double domains = 0.0;
  for (const PartInfo& part : pool.parts) {
    if (part.withdrawals > 0) continue;
    domains += static_cast<double>(part.staying());
  }
  std::vector<std::pair<double, double>> changes;
  for (const Id<Cluster> id : pool.clusters) {
    const Cluster& cluster = scenario.platform.clusters[id];
    for (const model::Delivery& delivery : model::deliveries_under_shocks(scenario, id)) {
      const double burn_in_s = delivery.domains > 0 ? cluster.burn_in.value : 0.0;
      const double at_s = delivery.date_unix_s + burn_in_s - scenario.start_unix_s;
      const int building = delivery.building >= 0 ? delivery.building : cluster.building;
      const bool withdrawn =
          std::any_of(pool.parts.begin(), pool.parts.end(), [&](const PartInfo& part) {
            return part.cluster == id && part.building == building && part.withdrawals > 0;
          });
      if (at_s > parts_.clock.now() && at_s <= parts_.horizon_s && !withdrawn) {
        changes.emplace_back(at_s, delivery.domains);
      }
    }
  }
  std::sort(changes.begin(), changes.end());
  double most = domains;
  for (const auto& [at_s, more] : changes) {
    domains = std::max(0.0, domains + more);
    most = std::max(most, domains);
  }
  return most * pool.used_chips_per_domain;
}

void CapacityDesk::update_ceilings() {
  for (size_t pool = 0; pool < parts_.fleet.pools.size(); ++pool) {
    const auto index = static_cast<std::int32_t>(pool);
    parts_.jobs.set_ceiling(index, ceiling(index));
  }
  for (size_t pool = 0; pool < parts_.fleet.pools.size(); ++pool) {
    parts_.jobs.broker_anew(static_cast<std::int32_t>(pool));
  }
}

}  // namespace busbar::engine
