#include "sim/engine/serving_desk.h"

#include <algorithm>
#include <cmath>

#include "sim/base/calendar.h"
#include "sim/engine/service_demand.h"
#include "sim/power/site_power.h"

namespace busbar::engine {

ServingDesk::ServingDesk(const model::Scenario& scenario, const Behaviours& behaviours,
                         Clock& clock, Shared shared, Journal& journal)
    : scenario_(scenario),
      clock_(clock),
      fleet_(shared.fleet),
      network_(shared.network),
      traffic_(shared.traffic),
      journal_(journal),
      places_(find_places(scenario, fleet_, network_, *behaviours.serving_model)),
      router_(scenario, fleet_, places_),
      caches_({scenario, fleet_, network_, traffic_, clock_, places_},
              [this](size_t lane) {
                set_watts(places_.lanes[lane].first);
                set_watts(places_.lanes[lane].last);
              }),
      passed_(places_.lanes.size()),
      deferred_(scenario.workload.services.size()),
      held_(scenario.platform.clusters.size(), 0.0),
      chip_seconds_(scenario.platform.clusters.size(), 0.0),
      watts_(scenario.platform.clusters.size(), 0.0) {}

// ── Sizes ────────────────────────────────────────────────────────────────────────────────────────

std::vector<std::int32_t> ServingDesk::begin_hour(double now_s) {
  std::vector<std::int32_t> grown;
  book(now_s);
  add_batch(now_s);
  router_.route(now_s, deferred_, [this](size_t lane) { return caches_.carries(lane); });
  unsettled_ = true;
  // First those that shrink, so that others find what they leave.
  for (size_t i = 0; i < places_.holdings.size(); ++i) {
    const Holding& holding = places_.holdings[i];
    if (holding.wanted >= holding.domains) continue;
    resize(static_cast<std::int32_t>(i), holding.wanted);
    grown.push_back(holding.place.pool);
  }
  for (size_t pool = 0; pool < fleet_.pools.size(); ++pool) {
    claim(static_cast<std::int32_t>(pool));
  }
  router_.share_batch(deferred_);
  unsettled_ = true;
  settle();
  for (size_t i = 0; i < places_.holdings.size(); ++i) set_watts(static_cast<std::int32_t>(i));
  std::sort(grown.begin(), grown.end());
  grown.erase(std::unique(grown.begin(), grown.end()), grown.end());
  return grown;
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

void ServingDesk::claim(std::int32_t index) {
  Pool& pool = fleet_.pools[static_cast<size_t>(index)];
  for (size_t i = 0; i < places_.holdings.size(); ++i) {
    const Holding& holding = places_.holdings[i];
    if (holding.place.pool != index || holding.wanted <= holding.domains) continue;
    const auto part = static_cast<size_t>(holding.place.part);
    const std::int64_t free = std::max<std::int64_t>(0, pool.state.parts[part].free_domains);
    if (free == 0) continue;
    // Power first: a domain at full serving load must fit under the site's limits.
    const scheduling::Headroom room =
        fleet_.sites[static_cast<size_t>(holding.site)].headroom(clock_.now());
    const double per_domain_w = full_load_w(index) * pool.used_chips_per_domain;
    const double powered = std::min(room.it_w, room.grid_w) / std::max(per_domain_w, 1e-9);
    const auto take = even_take(
        holding, std::min(free, static_cast<std::int64_t>(std::clamp(powered, 0.0, 1e12))));
    if (take > 0) resize(static_cast<std::int32_t>(i), holding.domains + take);
  }
  settle();
}

// Of the free domains what a holding is short of. Two phases at one part take turns, so that one
// does not stand there without the other: first whichever has the smaller share of what it wants.
std::int64_t ServingDesk::even_take(const Holding& holding, std::int64_t free) const {
  const Holding* other = nullptr;
  for (const Holding& candidate : places_.holdings) {
    if (candidate.service == holding.service && candidate.place == holding.place &&
        candidate.phase != holding.phase) {
      other = &candidate;
    }
  }
  const std::int64_t short_of = holding.wanted - holding.domains;
  if (other == nullptr || other->wanted <= other->domains) return std::min(short_of, free);
  std::int64_t own = holding.domains, others = other->domains;
  for (; free > 0 && (own < holding.wanted || others < other->wanted); --free) {
    const bool mine = static_cast<double>(own) / static_cast<double>(holding.wanted) <=
                      static_cast<double>(others) / static_cast<double>(other->wanted);
    ++(mine ? own : others);
  }
  return own - holding.domains;
}

void ServingDesk::resize(std::int32_t index, std::int64_t domains, std::int32_t pod) {
  Holding& holding = places_.holdings[static_cast<size_t>(index)];
  Pool& pool = fleet_.pools[static_cast<size_t>(holding.place.pool)];
  const auto part = static_cast<size_t>(holding.place.part);
  const double now = clock_.now();
  const std::int64_t delta = domains - holding.domains;
  if (delta == 0) return;
  holding.domain_seconds += static_cast<double>(holding.domains) * (now - holding.edge_s);
  holding.edge_s = now;
  const double replicas_before = replicas_in(fleet_, holding);
  holding.domains = domains;
  load_weights(holding, replicas_in(fleet_, holding) - replicas_before);
  pool.state.parts[part].free_domains -= delta;
  pool.parts[part].serving += delta;
  pool.parts[part].pods.serve(pool.state.parts[part], delta, pod);
  held_[static_cast<size_t>(pool.parts[part].cluster.index)] +=
      static_cast<double>(delta) * pool.used_chips_per_domain;
  unsettled_ = true;
  set_watts(index);
  journal_.note(record::EventKind::kReplicas, holding.service, replicas_in(fleet_, holding));
}

// New replicas read their weights from the storage of their cluster, where it has one. They count
// from the start: hours are long beside it.
void ServingDesk::load_weights(const Holding& holding, double replicas) {
  const std::int32_t link = network_.storage_read(holding.place.pool, holding.place.part);
  if (replicas <= 0.0 || link < 0) return;
  traffic_.send({link}, replicas * holding.replica.weight_bytes, [] {});
}

void ServingDesk::lose(std::int32_t pool, std::int32_t part, std::int64_t nth, std::int32_t pod) {
  for (size_t i = 0; i < places_.holdings.size(); ++i) {
    const Holding& holding = places_.holdings[i];
    if (!(holding.place == Network::Place{pool, part})) continue;
    if (nth < holding.domains) {
      resize(static_cast<std::int32_t>(i), holding.domains - 1, pod);
      return settle();
    }
    nth -= holding.domains;
  }
}

void ServingDesk::lose_all(std::int32_t pool, std::int32_t part) {
  for (size_t i = 0; i < places_.holdings.size(); ++i) {
    if (!(places_.holdings[i].place == Network::Place{pool, part})) continue;
    resize(static_cast<std::int32_t>(i), 0);
  }
  settle();
}

void ServingDesk::routes_changed() {
  unsettled_ = true;
  settle();
}

// Caches follow replicas and offers; the power of both phases follows what passes.
void ServingDesk::settle() {
  if (!unsettled_) return;
  unsettled_ = false;
  caches_.settle();
  for (size_t i = 0; i < places_.holdings.size(); ++i) {
    if (places_.holdings[i].phase != serving::Phase::kBoth) set_watts(static_cast<std::int32_t>(i));
  }
}

// ── Power ────────────────────────────────────────────────────────────────────────────────────────

serving::ServiceHour ServingDesk::now_at(std::int32_t index) const {
  const Holding& holding = places_.holdings[static_cast<size_t>(index)];
  const double replicas = replicas_in(fleet_, holding);
  if (holding.phase == serving::Phase::kBoth) {
    return serving::steady_state(holding.replica, holding.requests_per_s, replicas,
                                 holding.batch_per_s);
  }
  const CacheFlows::Rate rate = caches_.through(index);
  return serving::steady_state(holding.replica, rate.requests_per_s, replicas, rate.batch_per_s);
}

// Power follows the utilisation of the hour.
void ServingDesk::set_watts(std::int32_t index) {
  Holding& holding = places_.holdings[static_cast<size_t>(index)];
  const Pool& pool = fleet_.pools[static_cast<size_t>(holding.place.pool)];
  const serving::ServiceHour hour = now_at(index);
  const power::ChipPower chip = power::busy_chip_power(
      scenario_.platform, pool.domain,
      {.compute = hour.compute_fraction, .communication = hour.communication_fraction});
  const double chips = static_cast<double>(holding.domains) * pool.used_chips_per_domain;
  const double watts = chips * chip.above_idle.value;
  const double reserve = chips * full_load_w(holding.place.pool) - watts;
  SiteMeter& site = fleet_.sites[static_cast<size_t>(holding.site)];
  holding.advance(clock_.now());
  site.add_it_power(clock_.now(), watts - holding.watts);
  site.add_reserve(reserve - holding.reserve);
  const PartInfo& part = pool.parts[static_cast<size_t>(holding.place.part)];
  watts_[static_cast<size_t>(part.cluster.index)] += watts - holding.watts;
  holding.watts = watts;
  holding.reserve = reserve;
}

double ServingDesk::full_load_w(std::int32_t pool) const {
  return power::busy_chip_power(scenario_.platform, fleet_.pools[static_cast<size_t>(pool)].domain,
                                {.compute = 1.0})
      .above_idle.value;
}

// ── Books ────────────────────────────────────────────────────────────────────────────────────────

// Both phases tell the latencies of their requests, so the hours of all come before the rows.
void ServingDesk::book(double now_s) {
  for (size_t i = 0; i < passed_.size(); ++i) {
    if (places_.lanes[i].split()) passed_[i] = caches_.take(i);
  }
  std::vector<Interval> intervals;
  for (size_t i = 0; i < places_.holdings.size(); ++i) {
    intervals.push_back(interval_of(static_cast<std::int32_t>(i), now_s));
  }
  for (size_t i = 0; i < places_.holdings.size(); ++i) {
    Holding& holding = places_.holdings[i];
    if (intervals[i].seconds > 0.0 && (holding.requests_per_s > 0.0 || intervals[i].chip_s > 0.0)) {
      journal_.trace().add(row_of(static_cast<std::int32_t>(i), intervals));
    }
    holding.domain_seconds = holding.busy_j = 0.0;
    holding.hour_begin_s = now_s;
  }
}

ServingDesk::Interval ServingDesk::interval_of(std::int32_t index, double now_s) {
  Holding& holding = places_.holdings[static_cast<size_t>(index)];
  const Pool& pool = fleet_.pools[static_cast<size_t>(holding.place.pool)];
  holding.domain_seconds += static_cast<double>(holding.domains) * (now_s - holding.edge_s);
  holding.edge_s = now_s;
  holding.advance(now_s);
  Interval interval;
  interval.seconds = now_s - holding.hour_begin_s;
  interval.chip_s = holding.domain_seconds * pool.used_chips_per_domain;
  const auto cluster = pool.parts[static_cast<size_t>(holding.place.part)].cluster;
  chip_seconds_[static_cast<size_t>(cluster.index)] += interval.chip_s;
  if (interval.seconds <= 0.0) return interval;
  interval.replicas = interval.chip_s / interval.seconds / holding.replica.chips;
  double requests_per_s = holding.requests_per_s, batch_per_s = holding.batch_per_s;
  if (holding.phase != serving::Phase::kBoth) {
    requests_per_s = batch_per_s = 0.0;
    for (const size_t lane : caches_.lanes_of(index)) {
      requests_per_s += passed_[lane].requests / interval.seconds;
      batch_per_s += passed_[lane].batch / interval.seconds;
    }
  }
  interval.hour = serving::steady_state(holding.replica, requests_per_s,
                                        std::floor(interval.replicas + 1e-9), batch_per_s);
  return interval;
}

record::ServingRow ServingDesk::row_of(std::int32_t index, const std::vector<Interval>& intervals) {
  const Holding& holding = places_.holdings[static_cast<size_t>(index)];
  const Interval& interval = intervals[static_cast<size_t>(index)];
  const Pool& pool = fleet_.pools[static_cast<size_t>(holding.place.pool)];
  const auto cluster = pool.parts[static_cast<size_t>(holding.place.part)].cluster;
  record::ServingRow row;
  row.time_s = holding.hour_begin_s;
  row.service = holding.service;
  row.site = holding.site;
  row.cluster = cluster.index;
  row.replicas = interval.replicas;
  if (holding.phase == serving::Phase::kBoth) {
    count_whole(holding, interval, row);
  } else {
    count_split(index, intervals, row);
  }
  row.queue = deferred_[static_cast<size_t>(holding.service)].waiting();
  const power::ChipPower idle = power::busy_chip_power(scenario_.platform, pool.domain, {});
  row.energy_j = interval.chip_s * idle.with_overheads.value + holding.busy_j;
  row.cost_usd =
      interval.chip_s *
      scenario_.platform.accelerator_of(scenario_.platform.clusters[cluster]).price.value;
  served_ += row.served;
  return row;
}

void ServingDesk::count_whole(const Holding& holding, const Interval& interval,
                              record::ServingRow& row) {
  const serving::ServiceHour& hour = interval.hour;
  row.arrivals = holding.requests_per_s * interval.seconds;
  row.served = hour.served_per_s * interval.seconds;
  row.shed = row.arrivals - row.served;
  row.ttft_p50 = hour.ttft_p50_s;
  row.ttft_p99 = hour.ttft_p99_s;
  row.tpot_p50 = hour.tpot_p50_s;
  row.tpot_p99 = hour.tpot_p99_s;
  row.itl_p99 = hour.itl_p99_s;
  row.batch_served =
      take_batch(holding.service, holding.batch_per_s * interval.seconds, holding.hour_begin_s);
  row.tokens = (row.served + row.batch_served) *
               scenario_.workload.services[{holding.service}].output_tokens;
}

// Requests count where their prompts are read, tokens where they are made. Latencies are means over
// the lanes, by their requests; those of the three stages add up.
void ServingDesk::count_split(std::int32_t index, const std::vector<Interval>& intervals,
                              record::ServingRow& row) {
  const Holding& holding = places_.holdings[static_cast<size_t>(index)];
  const double output_tokens = scenario_.workload.services[{holding.service}].output_tokens;
  const bool reads = holding.phase == serving::Phase::kPrefill;
  row.phase = reads ? record::ServingPhase::kPrefill : record::ServingPhase::kDecode;
  double requests = 0.0, batch = 0.0;
  for (const size_t lane : caches_.lanes_of(index)) {
    requests += passed_[lane].requests;
    batch += passed_[lane].batch;
  }
  for (const size_t i : caches_.lanes_of(index)) {
    const CacheFlows::Passed& passed = passed_[i];
    const serving::ServiceHour &prefill =
                                   intervals[static_cast<size_t>(places_.lanes[i].first)].hour,
                               &decode = intervals[static_cast<size_t>(places_.lanes[i].last)].hour;
    (reads ? row.kv_sent : row.kv_received) += passed.bytes;
    const double weight = (passed.requests + passed.batch) / std::max(requests + batch, 1e-300);
    const double median_s = passed.delay.alone_s + passed.delay.wait_p50_s;
    row.kv_delay += weight * median_s;
    row.ttft_p50 += weight * (prefill.ttft_p50_s + median_s + decode.ttft_p50_s);
    row.ttft_p99 += weight * (prefill.ttft_p99_s + passed.delay.alone_s + passed.delay.wait_p99_s +
                              decode.ttft_p99_s);
    row.tpot_p50 += weight * decode.tpot_p50_s;
    row.tpot_p99 += weight * decode.tpot_p99_s;
    row.itl_p99 += weight * decode.itl_p99_s;
  }
  if (reads) {
    row.arrivals = holding.requests_per_s * intervals[static_cast<size_t>(index)].seconds;
    row.served = requests;
    row.shed = row.arrivals - row.served;
    row.batch_served = take_batch(holding.service, batch, holding.hour_begin_s);
  } else {
    row.tokens = (requests + batch) * output_tokens;
  }
}

double ServingDesk::take_batch(std::int32_t service, double requests, double since_s) {
  const auto taken = deferred_[static_cast<size_t>(service)].take(requests, since_s);
  batch_.served += taken.served;
  batch_.late += taken.late;
  return taken.served;
}

void ServingDesk::close(double now_s) { book(now_s); }

}  // namespace busbar::engine
