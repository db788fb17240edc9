#include "sim/engine/serving_desk.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "sim/base/calendar.h"
#include "sim/base/globe.h"
#include "sim/base/text.h"
#include "sim/power/site_power.h"

namespace busbar::engine {

using base::Id;

namespace {

// Sized to this share of what the replicas could serve, so that an hour's peaks find room.
constexpr double kTargetUtilisation = 0.75;
// Batch requests fill the replicas to this share: they yield to the others at once.
constexpr double kBatchUtilisation = 0.95;

double growth_of(const model::Service& service, double since_start_s) {
  return std::pow(service.growth_per_year, since_start_s / base::kYear);
}

}  // namespace

ServingDesk::ServingDesk(const model::Scenario& scenario, const Behaviours& behaviours,
                         Clock& clock, Shared shared, Journal& journal)
    : scenario_(scenario),
      behaviours_(behaviours),
      clock_(clock),
      fleet_(shared.fleet),
      network_(shared.network),
      traffic_(shared.traffic),
      journal_(journal),
      deferred_(scenario.workload.services.size()),
      held_(scenario.platform.clusters.size(), 0.0),
      chip_seconds_(scenario.platform.clusters.size(), 0.0),
      watts_(scenario.platform.clusters.size(), 0.0) {
  find_holdings();
}

// Every service at every part that may run it.
void ServingDesk::find_holdings() {
  const model::Platform& platform = scenario_.platform;
  for (const auto id : scenario_.workload.services.ids()) {
    const model::Service& service = scenario_.workload.services[id];
    for (size_t p = 0; p < fleet_.pools.size(); ++p) {
      const Pool& pool = fleet_.pools[p];
      for (size_t i = 0; i < pool.parts.size(); ++i) {
        const model::Cluster& cluster = platform.clusters[pool.parts[i].cluster];
        if (!base::none_or_named(service.vendors, platform.accelerator_of(cluster).vendor) ||
            !base::none_or_named(service.sites, platform.sites[cluster.site].name) ||
            !platform.may_use(service.organisation, cluster.site)) {
          continue;
        }
        Holding holding;
        holding.service = id.index;
        holding.pool = static_cast<std::int32_t>(p);
        holding.part = static_cast<std::int32_t>(i);
        holding.site = cluster.site.index;
        holding.replica = behaviours_.serving_model->estimate(
            service, scenario_.workload.models[service.model], platform, pool.domain);
        if (!holding.replica.feasible) continue;
        holding.chips_per_replica = holding.replica.chips;
        holdings_.push_back(holding);
      }
    }
  }
}

// Regional demand follows a log, or the local day, and grows exponentially over the years.
double ServingDesk::demand(const model::Service& service, const model::Demand& demand,
                           double unix_s) const {
  const double growth = growth_of(service, unix_s - scenario_.start_unix_s);
  if (!demand.logged_per_s.empty()) {
    const size_t hours = demand.logged_per_s.size();
    const auto hour = static_cast<size_t>((unix_s - scenario_.start_unix_s) / base::kHour);
    if (hour >= hours && !demand.repeat) return 0.0;
    return demand.logged_per_s[hour % hours] * growth;
  }
  const Id<model::Region> region = scenario_.platform.regions.find(demand.region);
  const double offset_h = region ? scenario_.platform.regions[region].utc_offset_h : 0.0;
  const double local_h = base::hour_of_day(unix_s + offset_h * base::kHour);
  const double day =
      1.0 + demand.daily_amplitude *
                std::cos(2.0 * std::numbers::pi * (local_h - demand.peak_hour_local) / 24.0);
  return demand.requests.value * day * growth;
}

double ServingDesk::replicas_in(const Holding& holding) const {
  const Pool& pool = fleet_.pools[static_cast<size_t>(holding.pool)];
  return std::floor(static_cast<double>(holding.domains) * pool.used_chips_per_domain /
                    holding.chips_per_replica);
}

// Sends each region's requests to the nearest site first, as far as its parts can hold replicas.
void ServingDesk::route(double now_s) {
  const model::Platform& platform = scenario_.platform;
  const double middle_unix_s = scenario_.start_unix_s + now_s + base::kHour / 2;
  std::vector<std::vector<double>> free_domains;  // what services may take, by pool and part
  for (const Pool& pool : fleet_.pools) {
    auto& of_pool = free_domains.emplace_back();
    for (const PartInfo& part : pool.parts) {
      of_pool.push_back(static_cast<double>(part.powered - part.spare));
    }
  }
  for (Holding& holding : holdings_) {
    holding.requests_per_s = holding.due_per_s = 0.0;
    holding.wanted = 0;
  }
  for (const auto id : scenario_.workload.services.ids()) {
    const model::Service& service = scenario_.workload.services[id];
    for (const model::Demand& regional : service.demands) {
      double left = demand(service, regional, middle_unix_s);
      arrived_ += left * base::kHour;
      const Id<model::Region> region = platform.regions.find(regional.region);
      std::vector<std::pair<double, Holding*>> near;
      for (Holding& holding : holdings_) {
        if (holding.service != id.index) continue;
        near.emplace_back(
            region ? base::great_circle_m(platform.regions[region], platform.sites[{holding.site}])
                   : 0.0,
            &holding);
      }
      std::stable_sort(near.begin(), near.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      for (auto& [distance, holding] : near) {
        double& free =
            free_domains[static_cast<size_t>(holding->pool)][static_cast<size_t>(holding->part)];
        const double taken = std::min(left, free * per_domain(*holding));
        if (taken <= 0.0) continue;
        holding->requests_per_s += taken;
        free -= taken / per_domain(*holding);
        left -= taken;
        if (left <= 0.0) break;
      }
      // What no site can hold is offered to the nearest, which sheds it.
      if (left > 0.0 && !near.empty()) near.front().second->requests_per_s += left;
    }
  }
  // Batch requests that can wait no longer take what room is left, in the order of the world.
  std::vector<double> due;  // by service
  for (const auto& waiting : deferred_) {
    due.push_back(waiting.due_by(now_s + base::kHour) / base::kHour);
  }
  for (Holding& holding : holdings_) {
    double& of_service = due[static_cast<size_t>(holding.service)];
    double& free =
        free_domains[static_cast<size_t>(holding.pool)][static_cast<size_t>(holding.part)];
    holding.due_per_s = std::clamp(of_service, 0.0, free * per_domain(holding));
    of_service -= holding.due_per_s;
    free -= holding.due_per_s / per_domain(holding);
  }
  for (Holding& holding : holdings_) {
    const Pool& pool = fleet_.pools[static_cast<size_t>(holding.pool)];
    const double replicas = std::ceil((holding.requests_per_s + holding.due_per_s) /
                                      (holding.replica.requests_per_s * kTargetUtilisation));
    holding.wanted = static_cast<std::int64_t>(
        std::ceil(replicas * holding.chips_per_replica / pool.used_chips_per_domain));
    const PartInfo& part = pool.parts[static_cast<size_t>(holding.part)];
    holding.wanted = std::min(holding.wanted, part.powered - part.spare);
  }
}

// Requests per second that one domain is sized for.
double ServingDesk::per_domain(const Holding& holding) const {
  return fleet_.pools[static_cast<size_t>(holding.pool)].used_chips_per_domain /
         holding.chips_per_replica * holding.replica.requests_per_s * kTargetUtilisation;
}

serving::ServiceHour ServingDesk::hour_of(const Holding& holding, double replicas) const {
  return serving::steady_state(holding.replica, holding.requests_per_s, replicas,
                               holding.batch_per_s);
}

// The batch requests of the coming hour join those that wait.
void ServingDesk::add_batch(double now_s) {
  for (const auto id : scenario_.workload.services.ids()) {
    const model::Service& service = scenario_.workload.services[id];
    if (service.batch_tokens_per_s <= 0.0) continue;
    const double requests = service.batch_tokens_per_s / service.output_tokens * base::kHour *
                            growth_of(service, now_s);
    deferred_[static_cast<size_t>(id.index)].add(now_s + service.batch_deadline.value, requests);
    batch_.arrived += requests;
  }
}

// What the replicas of this hour have left goes to batch requests, in the order of the world.
void ServingDesk::share_batch() {
  std::vector<double> left;
  for (const auto& waiting : deferred_) left.push_back(waiting.waiting() / base::kHour);
  for (Holding& holding : holdings_) {
    double& of_service = left[static_cast<size_t>(holding.service)];
    const double capacity =
        replicas_in(holding) * holding.replica.requests_per_s * kBatchUtilisation;
    holding.batch_per_s = std::clamp(capacity - holding.requests_per_s, 0.0, of_service);
    of_service -= holding.batch_per_s;
  }
}

void ServingDesk::resize(Holding& holding, std::int64_t domains) {
  Pool& pool = fleet_.pools[static_cast<size_t>(holding.pool)];
  const auto part = static_cast<size_t>(holding.part);
  const double now = clock_.now();
  const std::int64_t delta = domains - holding.domains;
  if (delta == 0) return;
  holding.domain_seconds += static_cast<double>(holding.domains) * (now - holding.edge_s);
  holding.edge_s = now;
  const double replicas_before = replicas_in(holding);
  holding.domains = domains;
  load_weights(holding, replicas_in(holding) - replicas_before);
  pool.state.parts[part].free_domains -= delta;
  pool.parts[part].serving += delta;
  held_[static_cast<size_t>(pool.parts[part].cluster.index)] +=
      static_cast<double>(delta) * pool.used_chips_per_domain;
  set_watts(holding);
  journal_.note(record::EventKind::kReplicas, holding.service, replicas_in(holding));
}

// New replicas read their weights from the storage of their cluster, where it has one. They count
// from the start: hours are long beside it.
void ServingDesk::load_weights(const Holding& holding, double replicas) {
  const std::int32_t link = network_.storage_read(holding.pool, holding.part);
  if (replicas <= 0.0 || link < 0) return;
  traffic_.send({link}, replicas * holding.replica.weight_bytes, [] {});
}

// Power follows the utilisation of the hour.
void ServingDesk::set_watts(Holding& holding) {
  const Pool& pool = fleet_.pools[static_cast<size_t>(holding.pool)];
  const serving::ServiceHour hour = hour_of(holding, replicas_in(holding));
  const power::ChipPower chip = power::busy_chip_power(
      scenario_.platform, pool.domain,
      {.compute = hour.compute_fraction, .communication = hour.communication_fraction});
  const double chips = static_cast<double>(holding.domains) * pool.used_chips_per_domain;
  const double watts = chips * chip.above_idle.value;
  const double reserve = chips * full_load_w(holding.pool) - watts;
  SiteMeter& site = fleet_.sites[static_cast<size_t>(holding.site)];
  site.add_it_power(clock_.now(), watts - holding.watts);
  site.add_reserve(reserve - holding.reserve);
  const PartInfo& part = pool.parts[static_cast<size_t>(holding.part)];
  watts_[static_cast<size_t>(part.cluster.index)] += watts - holding.watts;
  holding.watts = watts;
  holding.reserve = reserve;
}

double ServingDesk::full_load_w(std::int32_t pool) const {
  return power::busy_chip_power(scenario_.platform, fleet_.pools[static_cast<size_t>(pool)].domain,
                                {.compute = 1.0})
      .above_idle.value;
}

void ServingDesk::book(Holding& holding, double now_s) {
  const Pool& pool = fleet_.pools[static_cast<size_t>(holding.pool)];
  holding.domain_seconds += static_cast<double>(holding.domains) * (now_s - holding.edge_s);
  holding.edge_s = now_s;
  const double seconds = now_s - holding.hour_begin_s;
  const double chip_s = holding.domain_seconds * pool.used_chips_per_domain;
  const auto cluster = pool.parts[static_cast<size_t>(holding.part)].cluster;
  chip_seconds_[static_cast<size_t>(cluster.index)] += chip_s;
  if (seconds > 0.0 && (holding.requests_per_s > 0.0 || holding.domains > 0)) {
    const double mean_replicas = chip_s / seconds / holding.chips_per_replica;
    const serving::ServiceHour hour = hour_of(holding, std::floor(mean_replicas + 1e-9));
    auto& waiting = deferred_[static_cast<size_t>(holding.service)];
    const auto batch = waiting.take(holding.batch_per_s * seconds, holding.hour_begin_s);
    batch_.served += batch.served;
    batch_.late += batch.late;
    const model::Service& service = scenario_.workload.services[{holding.service}];
    record::ServingRow row;
    row.time_s = holding.hour_begin_s;
    row.service = holding.service;
    row.site = holding.site;
    row.replicas = mean_replicas;
    row.arrivals = holding.requests_per_s * seconds;
    row.served = hour.served_per_s * seconds;
    row.shed = row.arrivals - row.served;
    row.ttft_p50 = hour.ttft_p50_s;
    row.ttft_p99 = hour.ttft_p99_s;
    row.tpot_p50 = hour.tpot_p50_s;
    row.tpot_p99 = hour.tpot_p99_s;
    row.batch_served = batch.served;
    row.queue = waiting.waiting();
    row.tokens = (row.served + row.batch_served) * service.output_tokens;
    const power::ChipPower chip = power::busy_chip_power(
        scenario_.platform, pool.domain,
        {.compute = hour.compute_fraction, .communication = hour.communication_fraction});
    row.energy_j = chip_s * chip.with_overheads.value;
    row.cost_usd =
        chip_s *
        scenario_.platform.accelerator_of(scenario_.platform.clusters[cluster]).price.value;
    served_ += row.served;
    journal_.trace().add(row);
  }
  holding.domain_seconds = 0.0;
  holding.hour_begin_s = now_s;
}

std::vector<std::int32_t> ServingDesk::begin_hour(double now_s) {
  std::vector<std::int32_t> grown;
  for (Holding& holding : holdings_) book(holding, now_s);
  add_batch(now_s);
  route(now_s);
  // First those that shrink, so that others find what they leave.
  for (Holding& holding : holdings_) {
    if (holding.wanted >= holding.domains) continue;
    resize(holding, holding.wanted);
    grown.push_back(holding.pool);
  }
  for (size_t pool = 0; pool < fleet_.pools.size(); ++pool) {
    claim(static_cast<std::int32_t>(pool));
  }
  share_batch();
  for (Holding& holding : holdings_) set_watts(holding);
  std::sort(grown.begin(), grown.end());
  grown.erase(std::unique(grown.begin(), grown.end()), grown.end());
  return grown;
}

void ServingDesk::claim(std::int32_t index) {
  Pool& pool = fleet_.pools[static_cast<size_t>(index)];
  for (Holding& holding : holdings_) {
    if (holding.pool != index || holding.wanted <= holding.domains) continue;
    const std::int64_t free =
        std::max<std::int64_t>(0, pool.state.parts[static_cast<size_t>(holding.part)].free_domains);
    if (free == 0) continue;
    // Power first: a domain at full serving load must fit under the site's limits.
    const scheduling::Headroom room =
        fleet_.sites[static_cast<size_t>(holding.site)].headroom(clock_.now());
    const double per_domain_w = full_load_w(index) * pool.used_chips_per_domain;
    const double powered = std::min(room.it_w, room.grid_w) / std::max(per_domain_w, 1e-9);
    const auto take = std::min({holding.wanted - holding.domains, free,
                                static_cast<std::int64_t>(std::clamp(powered, 0.0, 1e12))});
    if (take > 0) resize(holding, holding.domains + take);
  }
}

void ServingDesk::lose(std::int32_t pool, std::int32_t part, std::int64_t nth) {
  for (Holding& holding : holdings_) {
    if (holding.pool != pool || holding.part != part) continue;
    if (nth < holding.domains) return resize(holding, holding.domains - 1);
    nth -= holding.domains;
  }
}

void ServingDesk::lose_all(std::int32_t pool, std::int32_t part) {
  for (Holding& holding : holdings_) {
    if (holding.pool == pool && holding.part == part) resize(holding, 0);
  }
}

void ServingDesk::close(double now_s) {
  for (Holding& holding : holdings_) book(holding, now_s);
}

}  // namespace busbar::engine
