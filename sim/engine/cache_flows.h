/// Caches on their way from prefill to decode replicas, as flows on the network.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "sim/engine/clock.h"
#include "sim/engine/service_places.h"
#include "sim/engine/traffic_desk.h"
#include "sim/serving/cache_delay.h"

namespace busbar::engine {

/// Keeps one flow for each lane of a disaggregated service that has requests: as many per second as
/// its replicas can serve, times the cache of one prompt. What the flow gets is what is served.
class CacheFlows {
 public:
  struct Parts {
    const model::Scenario& scenario;
    const Fleet& fleet;
    const Network& network;
    TrafficDesk& traffic;
    Clock& clock;
    const ServicePlaces& places;
  };
  /// @param told  called with a lane whose flow has another rate.
  CacheFlows(const Parts& parts, std::function<void(size_t lane)> told);

  /// Requests per second that a lane's way can carry if it is alone; 0: there is none.
  double carries(size_t lane) const;
  /// Asks anew for all lanes: offers, replicas or routes have changed.
  void settle();

  /// Requests per second that pass a holding now: those that wait for no one, and batch requests.
  struct Rate {
    double requests_per_s = 0.0, batch_per_s = 0.0;
  };
  Rate through(std::int32_t holding) const;

  /// Lanes of disaggregated services that pass a holding.
  const std::vector<size_t>& lanes_of(std::int32_t holding) const {
    return lanes_of_[static_cast<size_t>(holding)];
  }

  /// What passed a lane since it was last asked.
  struct Passed {
    double requests = 0.0, batch = 0.0;
    double bytes = 0.0;
    serving::CacheDelay delay;
  };
  Passed take(size_t lane);

  /// Bytes of caches sent so far.
  double bytes() const { return bytes_; }

 private:
  struct Flow {
    std::optional<Network::Way> way;
    std::int32_t stream = 0;                         // 0: none
    double cache_bytes = 0.0;                        // of one request
    double requests_per_s = 0.0, batch_per_s = 0.0;  // that replicas could serve
    double rate_Bps = 0.0;                           // that the flow gets
    serving::CachePath path;                         // that its requests took last
    double since_s = 0.0, taken_s = 0.0;
    Passed passed;
  };
  const Holding& first(const Lane& lane) const;
  const Holding& last(const Lane& lane) const;
  void ask();
  void send(size_t lane);
  void look(Flow& flow, const Lane& lane);
  void advance(Flow& flow);
  Rate rate_of(const Flow& flow) const;

  Parts parts_;
  std::function<void(size_t)> told_;
  std::vector<Flow> flows_;                    // by lane
  std::vector<std::vector<size_t>> lanes_of_;  // by holding, those of split services
  double bytes_ = 0.0;
};

}  // namespace busbar::engine
