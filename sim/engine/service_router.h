/// Which replicas requests go to, hour by hour, and how many of them that takes.
#pragma once

#include <functional>
#include <vector>

#include "sim/engine/service_places.h"
#include "sim/serving/deferred_traffic.h"

namespace busbar::engine {

/// Sends requests to places and sizes these for the coming hour.
class ServiceRouter {
 public:
  ServiceRouter(const model::Scenario& scenario, const Fleet& fleet, ServicePlaces& places)
      : scenario_(scenario), fleet_(fleet), places_(places) {}

  /// Sets what each lane and holding gets in the hour that begins, and the domains it wants for it.
  /// Each region's requests go to the nearest site first (of a disaggregated service: where prompts
  /// are read, then the nearest to it), as far as there are domains for them. What no place can
  /// hold is offered to the nearest, which sheds it.
  /// @param carries  requests per second that the way of a lane can carry, by lane index.
  void route(double now_s, const std::vector<serving::DeferredTraffic>& deferred,
             const std::function<double(size_t)>& carries);
  /// Gives what the replicas of this hour have left to batch requests, in the order of the world.
  void share_batch(const std::vector<serving::DeferredTraffic>& deferred);

  /// Requests that arrived so far.
  double arrived() const { return arrived_; }

 private:
  Holding& first(const Lane& lane) { return places_.holdings[static_cast<size_t>(lane.first)]; }
  Holding& last(const Lane& lane) { return places_.holdings[static_cast<size_t>(lane.last)]; }
  double& free_at(const Holding& holding);
  void forget();
  void route_region(base::Id<model::Service> service, const model::Demand& regional, double per_s);
  void route_due(double now_s, const std::vector<serving::DeferredTraffic>& deferred);
  void size();
  double room(const Lane& lane);
  void take(const Lane& lane, double per_s);

  const model::Scenario& scenario_;
  const Fleet& fleet_;
  ServicePlaces& places_;
  std::vector<std::vector<double>> free_;  // domains that services may take, by pool and part
  std::vector<double> carries_;            // of each lane, less what it has
  double arrived_ = 0.0;
};

}  // namespace busbar::engine
