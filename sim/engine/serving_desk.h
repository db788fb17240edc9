/// Inference services, hour by hour: demand, replicas, what they hold and what they deliver.
#pragma once

#include <vector>

#include "sim/engine/behaviours.h"
#include "sim/engine/cache_flows.h"
#include "sim/engine/clock.h"
#include "sim/engine/fleet.h"
#include "sim/engine/journal.h"
#include "sim/engine/network.h"
#include "sim/engine/service_places.h"
#include "sim/engine/service_router.h"
#include "sim/engine/traffic_desk.h"
#include "sim/serving/deferred_traffic.h"

namespace busbar::engine {

/// Holds domains for services, ahead of training.
///
/// Every hour each region's demand goes to the nearest site that can serve it, each site's
/// replicas are sized for the coming hour, and whole domains are taken or given back. Batch
/// requests fill what the replicas have left; only those whose deadline comes add replicas. What
/// cannot be had at once is taken from the next domains that jobs free; until then requests are
/// shed. Of a disaggregated service each phase has domains of its own, and what the network carries
/// of its caches bounds what is served.
class ServingDesk {
 public:
  /// What services share with jobs: chips, the storage that replicas load their weights from, and
  /// the links that caches take.
  struct Shared {
    Fleet& fleet;
    const Network& network;
    TrafficDesk& traffic;
  };
  ServingDesk(const model::Scenario& scenario, const Behaviours& behaviours, Clock& clock,
              Shared shared, Journal& journal);

  /// Books the hour that ends and sizes the one that begins. Returns the pools whose free capacity
  /// grew.
  std::vector<std::int32_t> begin_hour(double now_s);
  /// Takes freed domains of a pool for services that are short of them.
  void claim(std::int32_t index);
  /// One domain that services hold in a part of a pool fails, the `nth` of them; or all of them.
  void lose(std::int32_t pool, std::int32_t part, std::int64_t nth, std::int32_t pod);
  void lose_all(std::int32_t pool, std::int32_t part);
  /// WAN links were cut or mended.
  void routes_changed();
  /// Books what is left at the end of the run.
  void close(double now_s);

  /// Chips held by services, by cluster index, and their integral until the last edge.
  const std::vector<double>& held_chips() const { return held_; }
  const std::vector<double>& chip_seconds() const { return chip_seconds_; }
  /// Requests that arrived and that were served.
  double arrived() const { return router_.arrived(); }
  double served() const { return served_; }
  /// Power above idle, by cluster index.
  const std::vector<double>& watts() const { return watts_; }
  /// Requests that may wait.
  struct Batch {
    double arrived = 0.0, served = 0.0, late = 0.0;
  };
  const Batch& batch() const { return batch_; }
  /// Bytes of caches that went from prefill to decode.
  double cache_bytes() const { return caches_.bytes(); }

 private:
  // What a holding was in an interval.
  struct Interval {
    double seconds = 0.0, chip_s = 0.0, replicas = 0.0;
    serving::ServiceHour hour;
  };
  void add_batch(double now_s);
  serving::ServiceHour now_at(std::int32_t index) const;
  std::int64_t even_take(const Holding& holding, std::int64_t free) const;
  void resize(std::int32_t index, std::int64_t domains, std::int32_t pod = -1);
  void set_watts(std::int32_t index);
  void load_weights(const Holding& holding, double replicas);
  double full_load_w(std::int32_t pool) const;
  void settle();
  void book(double now_s);
  Interval interval_of(std::int32_t index, double now_s);
  record::ServingRow row_of(std::int32_t index, const std::vector<Interval>& intervals);
  void count_whole(const Holding& holding, const Interval& interval, record::ServingRow& row);
  void count_split(std::int32_t index, const std::vector<Interval>& intervals,
                   record::ServingRow& row);
  double take_batch(std::int32_t service, double requests, double since_s);

  const model::Scenario& scenario_;
  Clock& clock_;
  Fleet& fleet_;
  const Network& network_;
  TrafficDesk& traffic_;
  Journal& journal_;
  ServicePlaces places_;
  ServiceRouter router_;
  CacheFlows caches_;
  bool unsettled_ = false;                  // replicas or offers changed since caches_ knows
  std::vector<CacheFlows::Passed> passed_;  // by lane, of the interval that is booked
  std::vector<serving::DeferredTraffic> deferred_;  // by service
  std::vector<double> held_, chip_seconds_, watts_;
  Batch batch_;
  double served_ = 0.0;
};

}  // namespace busbar::engine
