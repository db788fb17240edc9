#include "sim/engine/cache_flows.h"

#include <algorithm>
#include <limits>

namespace busbar::engine {

CacheFlows::CacheFlows(const Parts& parts, std::function<void(size_t)> told)
    : parts_(parts),
      told_(std::move(told)),
      flows_(parts.places.lanes.size()),
      lanes_of_(parts.places.holdings.size()) {
  for (size_t i = 0; i < flows_.size(); ++i) {
    const Lane& lane = parts_.places.lanes[i];
    if (!lane.split()) continue;
    flows_[i].cache_bytes = first(lane).replica.cache_bytes;
    lanes_of_[static_cast<size_t>(lane.first)].push_back(i);
    lanes_of_[static_cast<size_t>(lane.last)].push_back(i);
  }
}

const Holding& CacheFlows::first(const Lane& lane) const {
  return parts_.places.holdings[static_cast<size_t>(lane.first)];
}
const Holding& CacheFlows::last(const Lane& lane) const {
  return parts_.places.holdings[static_cast<size_t>(lane.last)];
}

double CacheFlows::carries(size_t index) const {
  const Lane& lane = parts_.places.lanes[index];
  constexpr double kAll = std::numeric_limits<double>::infinity();
  // Within one part the tiers on the way depend on how many domains there will be.
  if (!lane.split() || first(lane).place == last(lane).place) return kAll;
  const auto way = parts_.network.way(first(lane).place, last(lane).place, 0);
  if (!way) return 0.0;
  return parts_.traffic.narrowest_rate(way->links) / flows_[index].cache_bytes;
}

// ── Asking ───────────────────────────────────────────────────────────────────────────────────────

void CacheFlows::settle() {
  for (Flow& flow : flows_) advance(flow);
  ask();
  for (size_t i = 0; i < flows_.size(); ++i) {
    if (parts_.places.lanes[i].split()) send(i);
  }
}

// What replicas can serve: prompts up to what prefill reads, of those what decode takes; batch
// requests in what is left. A holding that has too little sheds from its lanes in equal shares.
void CacheFlows::ask() {
  const auto& holdings = parts_.places.holdings;
  std::vector<double> offered(holdings.size()), batch(holdings.size());
  const auto share = [&](std::vector<double>& sums, std::int32_t index, double used) {
    const Holding& holding = holdings[static_cast<size_t>(index)];
    const double capacity =
        replicas_in(parts_.fleet, holding) * holding.replica.requests_per_s - used;
    const double sum = sums[static_cast<size_t>(index)];
    return sum <= std::max(0.0, capacity) ? 1.0 : std::max(0.0, capacity) / sum;
  };
  // One pass over all lanes: `step` sees each flow with its lane.
  const auto each = [&](const auto& step) {
    for (size_t i = 0; i < flows_.size(); ++i) {
      const Lane& lane = parts_.places.lanes[i];
      if (lane.split()) step(flows_[i], lane);
    }
  };
  const auto add_up = [&](bool at_last) {
    std::fill(offered.begin(), offered.end(), 0.0);
    std::fill(batch.begin(), batch.end(), 0.0);
    each([&](const Flow& flow, const Lane& lane) {
      const auto at = static_cast<size_t>(at_last ? lane.last : lane.first);
      offered[at] += flow.requests_per_s;
      batch[at] += flow.batch_per_s;
    });
  };
  each([](Flow& flow, const Lane& lane) {
    flow.requests_per_s = lane.requests_per_s;
    flow.batch_per_s = lane.batch_per_s;
  });
  for (const bool at_last : {false, true}) {
    add_up(at_last);
    each([&](Flow& flow, const Lane& lane) {
      const std::int32_t at = at_last ? lane.last : lane.first;
      flow.requests_per_s *= share(offered, at, 0.0);
      flow.batch_per_s *= share(batch, at, offered[static_cast<size_t>(at)]);
    });
  }
}

void CacheFlows::send(size_t index) {
  Flow& flow = flows_[index];
  const Lane& lane = parts_.places.lanes[index];
  TrafficDesk& traffic = parts_.traffic;
  const double demand_Bps = (flow.requests_per_s + flow.batch_per_s) * flow.cache_bytes;
  auto way = parts_.network.way(first(lane).place, last(lane).place,
                                first(lane).domains + last(lane).domains);
  const bool flows = way && !way->links.empty() && demand_Bps > 0.0;
  if (flow.stream != 0 && (!flows || way->links != flow.way->links)) {
    traffic.close_stream(flow.stream);
    flow.stream = 0;
  }
  flow.way = std::move(way);
  if (!flows) {
    flow.rate_Bps = flow.way ? demand_Bps : 0.0;
    return look(flow, lane);
  }
  if (flow.stream != 0) {
    traffic.set_stream(flow.stream, demand_Bps);
  } else {
    flow.stream = traffic.open_stream(flow.way->links, demand_Bps, [this, index](double rate_Bps) {
      advance(flows_[index]);
      flows_[index].rate_Bps = rate_Bps;
      told_(index);
    });
  }
  flow.rate_Bps = traffic.stream_rate(flow.stream);
  look(flow, lane);
}

// Keeps how the way looks to a request.
void CacheFlows::look(Flow& flow, const Lane& lane) {
  if (!flow.way || flow.rate_Bps <= 0.0) return;
  const model::Service& service = parts_.scenario.workload.services[{lane.service}];
  serving::CachePath& path = flow.path;
  path = {};
  path.bytes = flow.cache_bytes;
  path.nic_Bps = std::min(first(lane).replica.nic_Bps, last(lane).replica.nic_Bps);
  if (flow.stream != 0) path.left_Bps = parts_.traffic.left_for(flow.stream);
  path.latency_s = flow.way->latency_s;
  path.prefill_s = first(lane).replica.prefill_s;
  path.layers = parts_.scenario.workload.models[service.model].layer_count();
  path.overlapped = service.disaggregated->overlapped;
}

// ── What passes ──────────────────────────────────────────────────────────────────────────────────

// Batch requests wait for the others.
CacheFlows::Rate CacheFlows::rate_of(const Flow& flow) const {
  if (flow.cache_bytes <= 0.0) return {flow.requests_per_s, flow.batch_per_s};
  const double passing = flow.rate_Bps / flow.cache_bytes;
  const double requests = std::min(flow.requests_per_s, passing);
  return {requests, std::clamp(passing - requests, 0.0, flow.batch_per_s)};
}

void CacheFlows::advance(Flow& flow) {
  const double seconds = parts_.clock.now() - flow.since_s;
  flow.since_s = parts_.clock.now();
  if (seconds <= 0.0) return;
  const Rate rate = rate_of(flow);
  flow.passed.requests += rate.requests_per_s * seconds;
  flow.passed.batch += rate.batch_per_s * seconds;
  flow.passed.bytes += flow.rate_Bps * seconds;
  bytes_ += flow.rate_Bps * seconds;
}

CacheFlows::Rate CacheFlows::through(std::int32_t holding) const {
  Rate sum;
  for (const size_t lane : lanes_of_[static_cast<size_t>(holding)]) {
    const Rate rate = rate_of(flows_[lane]);
    sum.requests_per_s += rate.requests_per_s;
    sum.batch_per_s += rate.batch_per_s;
  }
  return sum;
}

// Its requests find the way as it is at the end of the interval.
CacheFlows::Passed CacheFlows::take(size_t lane) {
  Flow& flow = flows_[lane];
  advance(flow);
  look(flow, parts_.places.lanes[lane]);
  const double seconds = parts_.clock.now() - flow.taken_s;
  flow.taken_s = parts_.clock.now();
  Passed passed;
  std::swap(passed, flow.passed);
  const double requests = passed.requests + passed.batch;
  if (requests > 0.0) passed.delay = serving::cache_delay(flow.path, requests / seconds);
  return passed;
}

}  // namespace busbar::engine
