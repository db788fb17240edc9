#include "sim/engine/pool_options.h"

#include <algorithm>
#include <limits>

namespace busbar::engine {

using base::Id;
using model::Site;
using scheduling::PoolOption;

PoolOptions::PoolOptions(const Parts& parts)
    : parts_(parts), ceilings_(parts.fleet.pools.size(), std::numeric_limits<double>::infinity()) {
  for (const Site& site : parts.scenario.platform.sites) {
    forecasts_.emplace_back(site, parts.scenario.start_unix_s);
  }
}

std::vector<PoolOption> PoolOptions::of(const model::Job& job, double now_s) {
  std::vector<PoolOption> options;
  for (const std::int32_t index : parts_.works.pools_for(job)) {
    const Work work = parts_.works.evaluate(job, index);
    if (!work.feasible || !is_ported(job, index, now_s)) continue;
    options.push_back(at(job, work, index, {work.run_time_s()}, now_s));
  }
  const auto beyond = [&](const auto& option) { return ceiling(option.pool) < option.chips; };
  if (!std::all_of(options.begin(), options.end(), beyond)) std::erase_if(options, beyond);
  const auto undelivered = [&](const auto& option) { return option.capacity_chips < option.chips; };
  if (!std::all_of(options.begin(), options.end(), undelivered)) {
    std::erase_if(options, undelivered);
  }
  return options;
}

// Whether its model has been ported to the pool's vendor. After a halt of the vendor's software no
// port is finished, or later by as long as the halt lasts.
bool PoolOptions::is_ported(const model::Job& job, std::int32_t index, double now_s) const {
  if (job.stream < 0 || !job.model) return true;
  const model::Scenario& scenario = parts_.scenario;
  const model::Platform& platform = scenario.platform;
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  const std::string& vendor =
      platform.accelerator_of(platform.clusters[pool.clusters.front()]).vendor;
  for (const model::Portability& row : scenario.workload.portability) {
    if (row.model != job.model || row.vendor != vendor || row.from_unix_s <= 0.0) continue;
    double from_s = row.from_unix_s - scenario.start_unix_s;
    for (const model::Shock& shock : scenario.shocks) {
      if (shock.kind != "supplier-halt" || !shock.stops_what("software") ||
          shock.vendor != vendor || from_s <= shock.at_s) {
        continue;
      }
      if (shock.duration_s <= 0.0) return false;
      from_s += shock.duration_s;
    }
    return from_s <= now_s;
  }
  return true;
}

PoolOption PoolOptions::at(const model::Job& job, const Work& work, std::int32_t index,
                           const Rest& rest, double now_s) {
  const model::Platform& platform = parts_.scenario.platform;
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  PoolOption option;
  option.pool = index;
  option.chips = work.chips;
  option.run_time_s = rest.run_time_s;
  option.not_before_s = rest.not_before_s;
  option.wan_usd = rest.wan_usd;
  option.price_usd_per_s =
      work.chips * platform.accelerator_of(platform.clusters[pool.clusters.front()]).price.value;
  if (rest.place == Rest::Place::kComes) {
    add_room(job, work, now_s, option);
  } else {
    add_queue(rest, now_s, option);
  }
  add_sites(job, work, now_s, option);
  return option;
}

PoolOption PoolOptions::later(const model::Job& job, const Work& work, PoolOption option,
                              double not_before_s, double now_s) {
  option.not_before_s = not_before_s;
  option.energy_j = option.energy_usd = option.carbon_g = 0.0;
  option.from_home_s = option.from_data_s = option.power_share = 0.0;
  add_sites(job, work, now_s, option);
  return option;
}

void PoolOptions::add_idling(const Work& work, PoolOption& option, double from_s, double to_s) {
  const auto& parts = parts_.fleet.pools[static_cast<size_t>(option.pool)].state.parts;
  const double mean_chips = option.chips - option.lent_chip_s / (to_s - from_s);
  const double idle_w = mean_chips * (work.total_w_per_chip - work.busy_w_per_chip);
  const SiteForecast::PerWatt idle =
      forecasts_[static_cast<size_t>(parts.front().site)].between(from_s, to_s);
  option.energy_j += idle_w * idle.energy_j;
  option.energy_usd += idle_w * idle.energy_usd;
  option.carbon_g += idle_w * idle.carbon_g;
}

// A job that stands in the pool waits for what is before it; one that runs there waits for nothing.
void PoolOptions::add_queue(const Rest& rest, double now_s, PoolOption& option) const {
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(option.pool)];
  option.capacity_chips = pool.capacity_chips();
  option.room_now = rest.place == Rest::Place::kRuns;
  option.backlog_chip_s =
      pool.backlog_chip_s(now_s) - pool.coming_chip_s - pool.queued_chip_s + rest.ahead_chip_s;
}

// Whether the job would start at once, and how many chips could with it.
void PoolOptions::add_room(const model::Job& job, const Work& work, double now_s,
                           PoolOption& option) {
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(option.pool)];
  option.capacity_chips = pool.capacity_chips();
  option.backlog_chip_s = pool.backlog_chip_s(now_s);
  if (!pool.queue.empty()) return;
  const auto free = static_cast<double>(pool.state.free_chips()) - pool.coming_chips;
  if (pool.coming_chips > 0.0 && free < work.chips) return;
  parts_.fleet.refresh_headroom(now_s, pool);
  scheduling::Allocation found;
  scheduling::Obstacle why = scheduling::Obstacle::kNone;
  const bool fits = pool.state.find(parts_.works.request(job, work), parts_.placement, found, why);
  if (!fits) return;
  // A pass that is still to come at this instant may give the room to others.
  option.room_now = !pool.decision_pending;
  double powered = 0.0;  // chips that the sites' headroom carries
  std::vector<std::int32_t> sites;
  for (const scheduling::Part& part : pool.state.parts) {
    if (std::find(sites.begin(), sites.end(), part.site) != sites.end()) continue;
    sites.push_back(part.site);
    const scheduling::Headroom& room = pool.state.headroom[static_cast<size_t>(part.site)];
    powered +=
        std::max(0.0, std::min(room.it_w, room.grid_w)) / std::max(work.busy_w_per_chip, 1e-9);
  }
  option.free_chips = std::min(free, powered);
}

// Where the job's home is: its data, its organisation's home, the first site that its stream names,
// the first cluster that its organisation owns; the first that is said.
PoolOptions::Origin PoolOptions::origin_of(const model::Job& job) const {
  const model::Platform& platform = parts_.scenario.platform;
  const model::Workload& load = parts_.scenario.workload;
  const auto* stream = job.stream >= 0 ? &load.streams[{job.stream}] : nullptr;
  const auto organisation = platform.organisations.find(
      stream != nullptr ? stream->organisation : load.traces[{job.trace}].organisation);
  Origin origin;
  if (stream != nullptr) origin.data = platform.sites.find(stream->data);
  origin.home = origin.data;
  if (!origin.home && organisation) {
    origin.home = platform.sites.find(platform.organisations[organisation].home);
  }
  if (!origin.home && stream != nullptr && !stream->sites.empty()) {
    origin.home = platform.sites.find(stream->sites.front());
  }
  for (const model::Cluster& cluster : platform.clusters) {
    if (!origin.home && organisation && cluster.owner == organisation) origin.home = cluster.site;
  }
  return origin;
}

// What the sites of a pool make of the job, as their mean by powered chips.
void PoolOptions::add_sites(const model::Job& job, const Work& work, double now_s,
                            PoolOption& option) {
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(option.pool)];
  const Origin origin = origin_of(job);
  const double start_s = now_s + option.wait_s();
  const double job_w = work.chips * work.total_w_per_chip;
  std::int64_t powered = 0;
  for (const PartInfo& part : pool.parts) powered += part.powered;
  for (size_t i = 0; i < pool.parts.size(); ++i) {
    const double share =
        powered > 0 ? static_cast<double>(pool.parts[i].powered) / static_cast<double>(powered)
                    : 1.0 / static_cast<double>(pool.parts.size());
    if (share == 0.0) continue;
    const Id<Site> site{pool.state.parts[i].site};
    const auto at = static_cast<size_t>(site.index);
    const SiteForecast::PerWatt run = forecasts_[at].between(start_s, start_s + option.run_time_s);
    option.energy_j += share * job_w * run.energy_j;
    option.energy_usd += share * job_w * run.energy_usd;
    option.carbon_g += share * job_w * run.carbon_g;
    option.power_share +=
        share * parts_.fleet.sites[at].power_share(now_s, work.chips * work.busy_w_per_chip);
    if (origin.home) {
      option.from_home_s += share * parts_.network.latency(origin.home, site).value;
    }
    if (origin.data) {
      option.from_data_s += share * parts_.network.latency(origin.data, site).value;
    }
  }
}

}  // namespace busbar::engine
