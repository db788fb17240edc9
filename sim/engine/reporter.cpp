#include "sim/engine/reporter.h"

#include <algorithm>
#include <cmath>

#include "sim/economics/capital.h"
#include "sim/model/capacity.h"

namespace busbar::engine {

using base::Id;

namespace {

constexpr double kPerMWh = 3.6e9;  // joules
constexpr double kPerKWh = 3.6e6;

}  // namespace

Reporter::Reporter(const model::Scenario& scenario, const Fleet& fleet, const JobDesk& jobs,
                   const ServingDesk& serving, Links links, record::TraceWriter& trace)
    : scenario_(scenario),
      fleet_(fleet),
      jobs_(jobs),
      serving_(serving),
      links_(links),
      trace_(trace),
      booked_usd_(scenario.platform.sites.size(), 0.0),
      booked_chip_s_(scenario.platform.clusters.size(), 0.0),
      powered_chip_s_(scenario.platform.clusters.size(), 0.0) {}

void Reporter::integrate_capacity(double now_s) {
  for (const Pool& pool : fleet_.pools) {
    for (const PartInfo& part : pool.parts) {
      powered_chip_s_[static_cast<size_t>(part.cluster.index)] +=
          static_cast<double>(part.powered) * pool.used_chips_per_domain * (now_s - integrated_s_);
    }
  }
  integrated_s_ = now_s;
}

void Reporter::sample(double now_s) {
  const model::Platform& platform = scenario_.platform;
  std::vector<record::SiteSample> sites(platform.sites.size());
  for (size_t i = 0; i < sites.size(); ++i) {
    const SiteMeter& meter = fleet_.sites[i];
    record::SiteSample& row = sites[i];
    row.it_power_w = meter.it_power_w();
    row.facility_power_w = row.grid_w = meter.facility_power_w();
    row.price_usd_per_mwh = meter.price_usd_per_j() * kPerMWh;
    row.carbon_g_per_kwh = meter.carbon_g_per_j() * kPerKWh;
    row.it_limit_w = meter.it_limit_w(now_s);
    row.grid_limit_w = meter.grid_limit_w(now_s);
    row.pue = meter.pue();
  }
  std::vector<record::ClusterSample> clusters(platform.clusters.size());
  std::vector<double> free_chips(platform.clusters.size(), 0.0);
  for (size_t p = 0; p < fleet_.pools.size(); ++p) {
    const Pool& pool = fleet_.pools[p];
    for (size_t i = 0; i < pool.parts.size(); ++i) {
      const PartInfo& part = pool.parts[i];
      record::ClusterSample& row = clusters[static_cast<size_t>(part.cluster.index)];
      const auto hole = static_cast<double>(pool.state.parts[i].largest_hole());
      row.largest_hole = std::max(row.largest_hole, hole);
      free_chips[static_cast<size_t>(part.cluster.index)] +=
          static_cast<double>(pool.state.parts[i].free_chips());
      row.idle_in_used_pods += static_cast<double>(part.pods.free_in_used(pool.state.parts[i])) *
                               pool.used_chips_per_domain;
      const auto domains = static_cast<double>(part.powered);
      row.installed += domains * pool.used_chips_per_domain;
      row.it_power_w += domains * fleet_.domain_power[p].idle_w;
      row.failed += static_cast<double>(part.out) * pool.used_chips_per_domain;
    }
    // A queue is shared by the clusters of its pool: it is shown at the first.
    record::ClusterSample& first = clusters[static_cast<size_t>(pool.clusters.front().index)];
    first.queued_jobs = static_cast<double>(jobs_.waiting_jobs(static_cast<std::int32_t>(p)));
    first.queued_chips = static_cast<double>(jobs_.waiting_chips(static_cast<std::int32_t>(p)));
  }
  for (size_t i = 0; i < clusters.size(); ++i) {
    record::ClusterSample& row = clusters[i];
    const ClusterUse& jobs = jobs_.books().use()[i];
    row.allocated = jobs.chips;
    row.serving = serving_.held_chips()[i];
    row.it_power_w += jobs.watts + serving_.watts()[i];
    row.idle = std::max(0.0, row.installed - row.allocated - row.serving);
    if (free_chips[i] > 0.0) row.fragmentation = 1.0 - row.largest_hole / free_chips[i];
  }
  std::vector<double> links(links_.all.size());
  for (size_t i = 0; i < links.size(); ++i) {
    links[i] = links_.solver.throughput(static_cast<std::int32_t>(i));
  }
  trace_.add_sample(now_s, sites, clusters, links);
}

void Reporter::book(double now_s) {
  const model::Platform& platform = scenario_.platform;
  for (size_t i = 0; i < booked_usd_.size(); ++i) {
    const double total = fleet_.sites[i].electricity_usd();
    if (total == booked_usd_[i]) continue;
    trace_.add(record::LedgerRow{now_s, static_cast<std::int32_t>(i), -1,
                                 record::Account::kElectricity, total - booked_usd_[i]});
    booked_usd_[i] = total;
  }
  for (size_t i = 0; i < booked_chip_s_.size(); ++i) {
    const double total =
        jobs_.books().use()[i].chip_seconds_until(now_s) + serving_.chip_seconds()[i];
    if (total == booked_chip_s_[i]) continue;
    const model::Cluster& cluster = platform.clusters[{static_cast<std::int32_t>(i)}];
    trace_.add(record::LedgerRow{
        now_s, cluster.site.index, static_cast<std::int32_t>(i), record::Account::kChipHours,
        (total - booked_chip_s_[i]) * platform.accelerator_of(cluster).price.value});
    booked_chip_s_[i] = total;
  }
}

void Reporter::summarise(double now_s, std::uint64_t events) {
  const JobCounts& counts = jobs_.books().counts;
  const auto set = [&](const char* name, std::int64_t value) { trace_.set_summary(name, value); };
  trace_.set_summary("simulated_s", now_s);
  set("events", static_cast<std::int64_t>(events));
  set("jobs_submitted", counts.submitted);
  set("jobs_started", counts.started);
  set("jobs_completed", counts.completed);
  set("jobs_killed", counts.killed);
  set("jobs_failed", counts.failed);
  set("jobs_cancelled", counts.cancelled);
  set("jobs_rejected", counts.rejected);
  set("jobs_running", counts.running);
  set("jobs_waiting", counts.waiting);
  if (counts.rebrokered > 0) set("jobs_rebrokered", counts.rebrokered);
  if (counts.stranded > 0) set("jobs_stranded", counts.stranded);
  if (counts.never_submitted > 0) set("jobs_never_submitted", counts.never_submitted);
  if (counts.preempted > 0) set("preemptions", counts.preempted);
  if (counts.interrupted > 0) set("interruptions", counts.interrupted);
  if (counts.degraded > 0) set("degradations", counts.degraded);
  if (counts.swapped > 0) set("hot_spares_used", counts.swapped);
  if (counts.degraded_chip_seconds > 0.0) {
    trace_.set_summary("degraded_chip_hours", counts.degraded_chip_seconds / base::kHour);
  }
  if (counts.resized > 0) set("resizes", counts.resized);
  if (counts.deadlines_met + counts.deadlines_missed > 0) {
    set("deadlines_met", counts.deadlines_met);
    set("deadlines_missed", counts.deadlines_missed);
  }
  if (counts.moved > 0) {
    set("moves", counts.moved);
    trace_.set_summary("moved_bytes", counts.moved_bytes);
  }
  if (counts.rounds > 0) {
    set("rounds", counts.rounds);
    trace_.set_summary("planned_least_throughput", counts.planned_least_s / counts.divided_s);
  }
  if (counts.held_back > 0) {
    set("jobs_held_back", counts.held_back);
    trace_.set_summary("held_back_chip_hours", counts.held_back_chip_seconds / base::kHour);
  }
  if (counts.paused > 0) {
    set("pauses", counts.paused);
    trace_.set_summary("paused_chip_hours", counts.paused_chip_seconds / base::kHour);
  }
  const bool stopped =
      counts.preempted + counts.interrupted + counts.degraded + counts.resized + counts.moved > 0;
  if (stopped || counts.lost_chip_seconds > 0.0) {
    const double lost = counts.lost_chip_seconds + counts.restart_chip_seconds +
                        std::max(0.0, counts.degraded_chip_seconds);
    trace_.set_summary("lost_chip_hours", counts.lost_chip_seconds / base::kHour);
    trace_.set_summary("restart_chip_hours", counts.restart_chip_seconds / base::kHour);
    trace_.set_summary("effective_chip_time_ratio", 1.0 - lost / counts.chip_seconds);
  }
  for (const auto& [bound, jobs] : counts.waited_for) {
    if (bound == record::Bound::kChips) set("jobs_waited_for_chips", jobs);
    if (bound == record::Bound::kQueueOrder) set("jobs_waited_for_their_turn", jobs);
    if (bound == record::Bound::kItPower) set("jobs_waited_for_it_power", jobs);
    if (bound == record::Bound::kGridPower) set("jobs_waited_for_grid_power", jobs);
    if (bound == record::Bound::kDelivery) set("jobs_waited_for_delivery", jobs);
    if (bound == record::Bound::kWindow) set("jobs_waited_for_a_window", jobs);
  }
  if (counts.assigned_together > 0) {
    set("jobs_assigned_together", counts.assigned_together);
    trace_.set_summary(
        "assignment_gap_to_flow_bound",
        counts.batch_cost_bound > 0.0 ? counts.batch_cost / counts.batch_cost_bound - 1.0 : 0.0);
  }
  trace_.set_summary("job_chip_hours", counts.chip_seconds / base::kHour);
  trace_.set_summary(
      "chip_time_share_of_jobs_of_256_chips_and_more",
      counts.chip_seconds > 0.0 ? counts.large_chip_seconds / counts.chip_seconds : 0.0);
  trace_.set_summary("requests_arrived", serving_.arrived());
  trace_.set_summary("requests_served", serving_.served());
  trace_.set_summary("kv_bytes", serving_.cache_bytes());
  trace_.set_summary("batch_requests_arrived", serving_.batch().arrived);
  trace_.set_summary("batch_requests_served", serving_.batch().served);
  trace_.set_summary("batch_requests_served_late", serving_.batch().late);
  summarise_sites(now_s);
  summarise_vendors();
  summarise_links(now_s);
  jobs_.campaigns().summarise(trace_);
  summarise_claims(now_s);
}

void Reporter::summarise_sites(double now_s) {
  for (size_t i = 0; i < fleet_.sites.size(); ++i) {
    const SiteMeter& meter = fleet_.sites[i];
    const double seconds = std::max(now_s, 1e-9);
    record::SiteSummaryRow row;
    row.site = static_cast<std::int32_t>(i);
    row.it_power_mean_w = meter.it_energy_j() / seconds;
    row.it_power_peak_w = meter.it_peak_w();
    row.facility_power_mean_w = meter.energy_j() / seconds;
    row.facility_power_peak_w = meter.facility_peak_w();
    row.it_limit_w = meter.it_limit_w(now_s);
    row.grid_limit_w = meter.grid_limit_w(now_s);
    row.energy_j = meter.energy_j();
    row.carbon_g = meter.carbon_g();
    row.electricity_usd = meter.electricity_usd();
    trace_.add(row);
  }
}

void Reporter::summarise_vendors() {
  const model::Platform& platform = scenario_.platform;
  std::map<std::string, record::VendorSummaryRow> rows;
  for (const Pool& pool : fleet_.pools) {
    for (const PartInfo& part : pool.parts) {
      const model::Cluster& cluster = platform.clusters[part.cluster];
      auto& row = rows[platform.accelerator_of(cluster).vendor];
      if (part.withdrawals > 0) continue;
      row.chips_installed += static_cast<double>(part.powered + part.unpowered + part.out) *
                             platform.domains[pool.domain].chips_installed;
    }
    for (const auto id : pool.clusters) {
      const auto i = static_cast<size_t>(id.index);
      auto& row = rows[platform.accelerator_of(platform.clusters[id]).vendor];
      row.chip_seconds += powered_chip_s_[i];
      row.training_chip_seconds += jobs_.books().use()[i].chip_seconds;
      row.serving_chip_seconds += serving_.chip_seconds()[i];
      row.jobs_started += static_cast<double>(jobs_.books().use()[i].started);
    }
  }
  for (auto& [vendor, row] : rows) {
    row.vendor = vendor;
    trace_.add(row);
  }
}

void Reporter::summarise_links(double now_s) {
  for (size_t i = 0; i < links_.all.size(); ++i) {
    record::LinkSummaryRow row;
    row.link = static_cast<std::int32_t>(i);
    row.carried_bytes = links_.traffic.carried_bytes(row.link);
    row.utilisation = row.carried_bytes / (links_.all[i].capacity_Bps * std::max(now_s, 1e-9));
    trace_.add(row);
  }
}

double Reporter::simulated(const model::Claim& claim, double now_s) const {
  const model::Platform& platform = scenario_.platform;
  const double now_unix_s = scenario_.start_unix_s + now_s;
  // What a dated figure says about another time, only the world can tell (`busbar list claims`).
  if (claim.since_unix_s > 0.0 || claim.at_unix_s > now_unix_s) {
    return std::nan("");
  }
  double sum = 0.0;
  switch (claim.quantity) {
    case model::ClaimQuantity::kFacilityPower:
    case model::ClaimQuantity::kItPower:
      for (const auto id : platform.sites.ids()) {
        if (!claim.covers(platform.sites[id])) continue;
        const SiteMeter& meter = fleet_.sites[static_cast<size_t>(id.index)];
        sum += claim.quantity == model::ClaimQuantity::kItPower ? meter.it_peak_w()
                                                                : meter.facility_peak_w();
      }
      return sum;
    case model::ClaimQuantity::kChipsInstalled:
      for (const model::Cluster& cluster : platform.clusters) {
        if (!claim.covers(platform.sites[cluster.site])) continue;
        if (!claim.vendor.empty() && platform.accelerator_of(cluster).vendor != claim.vendor) {
          continue;
        }
        sum += 1.0 *
               model::domains_under_shocks(scenario_, platform.clusters.find(cluster.name),
                                           now_unix_s) *
               platform.domain_of(cluster).chips_installed;
      }
      return sum;
    case model::ClaimQuantity::kTrainingJobs:
      return static_cast<double>(jobs_.books().counts.started);
    case model::ClaimQuantity::kCapitalCost:
    case model::ClaimQuantity::kChipCost:
      for (const model::Cluster& cluster : platform.clusters) {
        if (!claim.covers(platform.sites[cluster.site])) continue;
        sum += economics::chip_cost(platform, cluster, now_unix_s).value;
      }
      if (claim.quantity == model::ClaimQuantity::kChipCost) return sum;
      for (const auto id : platform.sites.ids()) {
        if (!claim.covers(platform.sites[id])) continue;
        const SiteMeter& meter = fleet_.sites[static_cast<size_t>(id.index)];
        sum += economics::site_cost(base::Watts{meter.it_peak_w()}).value;
      }
      return sum;
    case model::ClaimQuantity::kContractValue:
      return std::nan("");
  }
  return std::nan("");
}

void Reporter::summarise_claims(double now_s) {
  for (const model::Claim& claim : scenario_.platform.claims) {
    record::ClaimRow row;
    row.name = claim.name;
    row.unit = model::unit_of(claim.quantity);
    row.source = claim.source;
    row.public_value = claim.value;
    row.simulated_value = simulated(claim, now_s);
    row.bound = static_cast<std::int8_t>(claim.at_most ? 1 : claim.at_least ? 2 : 0);
    trace_.add(row);
  }
}

}  // namespace busbar::engine
