#include "sim/engine/service_router.h"

#include <algorithm>
#include <cmath>

#include "sim/base/calendar.h"
#include "sim/base/globe.h"
#include "sim/engine/service_demand.h"

namespace busbar::engine {

using base::Id;

namespace {

// Batch requests fill the replicas to this share: they yield to the others at once.
constexpr double kBatchUtilisation = 0.95;

}  // namespace

double& ServiceRouter::free_at(const Holding& holding) {
  return free_[static_cast<size_t>(holding.place.pool)][static_cast<size_t>(holding.place.part)];
}

void ServiceRouter::forget() {
  free_.clear();
  for (const Pool& pool : fleet_.pools) {
    auto& of_pool = free_.emplace_back();
    for (const PartInfo& part : pool.parts) {
      // More may be due to leave than has power: what is out, or at work, leaves later.
      of_pool.push_back(static_cast<double>(std::max<std::int64_t>(part.usable(), 0)));
    }
  }
  for (Holding& holding : places_.holdings) {
    holding.requests_per_s = holding.sized_per_s = holding.due_per_s = 0.0;
    holding.wanted = 0;
  }
  for (Lane& lane : places_.lanes) lane.requests_per_s = lane.due_per_s = 0.0;
}

// Requests per second that free domains and the way still have room for.
double ServiceRouter::room(const Lane& lane) {
  const Holding& one = first(lane);
  if (!lane.split()) return free_at(one) * per_domain(fleet_, one);
  const Holding& two = last(lane);
  double domains = 0.0;
  if (one.place == two.place) {
    domains = free_at(one) / (1.0 / per_domain(fleet_, one) + 1.0 / per_domain(fleet_, two));
  } else {
    domains =
        std::min(free_at(one) * per_domain(fleet_, one), free_at(two) * per_domain(fleet_, two));
  }
  return std::min(domains, carries_[static_cast<size_t>(&lane - places_.lanes.data())]);
}

void ServiceRouter::take(const Lane& lane, double per_s) {
  free_at(first(lane)) -= per_s / per_domain(fleet_, first(lane));
  if (!lane.split()) return;
  free_at(last(lane)) -= per_s / per_domain(fleet_, last(lane));
  carries_[static_cast<size_t>(&lane - places_.lanes.data())] -= per_s;
}

void ServiceRouter::route(double now_s, const std::vector<serving::DeferredTraffic>& deferred,
                          const std::function<double(size_t)>& carries) {
  const double middle_unix_s = scenario_.start_unix_s + now_s + base::kHour / 2;
  forget();
  carries_.clear();
  for (size_t i = 0; i < places_.lanes.size(); ++i) carries_.push_back(carries(i));
  for (const auto id : scenario_.workload.services.ids()) {
    const model::Service& service = scenario_.workload.services[id];
    for (const model::Demand& regional : service.demands) {
      const double per_s = requests_per_s(scenario_, service, regional, middle_unix_s);
      arrived_ += per_s * base::kHour;
      route_region(id, regional, per_s);
    }
  }
  route_due(now_s, deferred);
  size();
}

void ServiceRouter::route_region(Id<model::Service> service, const model::Demand& regional,
                                 double left) {
  const model::Platform& platform = scenario_.platform;
  const Id<model::Region> region = platform.regions.find(regional.region);
  struct Candidate {
    double distance_m, farness;
    Lane* lane;
    bool operator<(const Candidate& other) const {
      return std::pair(distance_m, farness) < std::pair(other.distance_m, other.farness);
    }
  };
  std::vector<Candidate> near;
  for (Lane& lane : places_.lanes) {
    if (lane.service != service.index) continue;
    const double distance_m =
        region ? base::great_circle_m(platform.regions[region], platform.sites[{first(lane).site}])
               : 0.0;
    near.push_back({distance_m, lane.farness, &lane});
  }
  std::stable_sort(near.begin(), near.end());
  const auto give = [&](Lane& lane, double per_s, bool sized) {
    lane.requests_per_s += per_s;
    for (Holding* holding : {&first(lane), &last(lane)}) {
      holding->requests_per_s += per_s;
      if (sized || !lane.split()) holding->sized_per_s += per_s;
      if (!lane.split()) break;
    }
  };
  for (const Candidate& candidate : near) {
    const double taken = std::min(left, room(*candidate.lane));
    if (taken <= 0.0) continue;
    give(*candidate.lane, taken, true);
    take(*candidate.lane, taken);
    left -= taken;
    if (left <= 0.0) break;
  }
  // Phases are not sized for what is shed: one of them must not take the domains of the other.
  if (left > 0.0 && !near.empty()) give(*near.front().lane, left, false);
}

// Batch requests that can wait no longer take what room is left, in the order of the world.
void ServiceRouter::route_due(double now_s, const std::vector<serving::DeferredTraffic>& deferred) {
  std::vector<double> due;  // by service
  for (const auto& waiting : deferred) {
    due.push_back(waiting.due_by(now_s + base::kHour) / base::kHour);
  }
  for (Lane& lane : places_.lanes) {
    double& of_service = due[static_cast<size_t>(lane.service)];
    // Where all domains are given away, rounding may leave a hair less than none.
    lane.due_per_s = std::min(std::max(of_service, 0.0), room(lane));
    of_service -= lane.due_per_s;
    take(lane, lane.due_per_s);
    first(lane).due_per_s += lane.due_per_s;
    if (lane.split()) last(lane).due_per_s += lane.due_per_s;
  }
}

void ServiceRouter::size() {
  for (Holding& holding : places_.holdings) {
    const Pool& pool = fleet_.pools[static_cast<size_t>(holding.place.pool)];
    const double replicas = std::ceil((holding.sized_per_s + holding.due_per_s) /
                                      (holding.replica.requests_per_s * kTargetUtilisation));
    holding.wanted = static_cast<std::int64_t>(
        std::ceil(replicas * holding.replica.chips / pool.used_chips_per_domain));
    const PartInfo& part = pool.parts[static_cast<size_t>(holding.place.part)];
    holding.wanted = std::min(holding.wanted, std::max<std::int64_t>(part.usable(), 0));
  }
}

void ServiceRouter::share_batch(const std::vector<serving::DeferredTraffic>& deferred) {
  std::vector<double> left;
  for (const auto& waiting : deferred) left.push_back(waiting.waiting() / base::kHour);
  for (Holding& holding : places_.holdings) holding.batch_per_s = 0.0;
  const auto spare = [&](const Holding& holding) {
    const double capacity =
        replicas_in(fleet_, holding) * holding.replica.requests_per_s * kBatchUtilisation;
    return capacity - holding.requests_per_s - holding.batch_per_s;
  };
  for (size_t i = 0; i < places_.lanes.size(); ++i) {
    Lane& lane = places_.lanes[i];
    double& of_service = left[static_cast<size_t>(lane.service)];
    double most = spare(first(lane));
    if (lane.split()) {
      most = std::min({most, spare(last(lane)), carries_[i] + lane.due_per_s});
    }
    lane.batch_per_s = std::clamp(most, 0.0, of_service);
    of_service -= lane.batch_per_s;
    first(lane).batch_per_s += lane.batch_per_s;
    if (lane.split()) last(lane).batch_per_s += lane.batch_per_s;
  }
}

}  // namespace busbar::engine
