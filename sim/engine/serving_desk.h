/// Inference services, hour by hour: demand, replicas, what they hold and what they deliver.
#pragma once

#include <functional>
#include <vector>

#include "sim/base/registry.h"
#include "sim/engine/behaviours.h"
#include "sim/engine/clock.h"
#include "sim/engine/fleet.h"
#include "sim/engine/journal.h"
#include "sim/engine/network.h"
#include "sim/engine/traffic_desk.h"
#include "sim/serving/deferred_traffic.h"

namespace busbar::engine {

/// Holds domains for services, ahead of training.
///
/// Every hour each region's demand goes to the nearest site that can serve it, each site's
/// replicas are sized for the coming hour, and whole domains are taken or given back. Batch
/// requests fill what the replicas have left; only those whose deadline comes add replicas. What
/// cannot be had at once is taken from the next domains that jobs free; until then requests are
/// shed.
class ServingDesk {
 public:
  /// What services share with jobs: chips, and the storage that replicas load their weights from.
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
  /// Books what is left at the end of the run.
  void close(double now_s);

  /// Chips held by services, by cluster index, and their integral until the last edge.
  const std::vector<double>& held_chips() const { return held_; }
  const std::vector<double>& chip_seconds() const { return chip_seconds_; }
  /// Requests that arrived and that were served.
  double arrived() const { return arrived_; }
  double served() const { return served_; }
  /// Power above idle, by cluster index.
  const std::vector<double>& watts() const { return watts_; }
  /// Requests that may wait.
  struct Batch {
    double arrived = 0.0, served = 0.0, late = 0.0;
  };
  const Batch& batch() const { return batch_; }

 private:
  // A service at one part of a pool.
  struct Holding {
    std::int32_t service = -1;
    std::int32_t pool = -1, part = -1;
    std::int32_t site = -1;
    serving::ReplicaEstimate replica;
    double chips_per_replica = 1.0;
    double requests_per_s = 0.0;  // of this hour
    double due_per_s = 0.0;       // batch requests that can wait no longer
    double batch_per_s = 0.0;     // batch requests that it takes, those included
    std::int64_t wanted = 0;      // domains
    std::int64_t domains = 0;     // held
    double watts = 0.0;           // above idle
    double reserve = 0.0;         // up to full load
    double hour_begin_s = 0.0, domain_seconds = 0.0, edge_s = 0.0;
  };
  void find_holdings();
  double demand(const model::Service& service, const model::Demand& demand, double unix_s) const;
  void route(double now_s);
  void add_batch(double now_s);
  void share_batch();
  double per_domain(const Holding& holding) const;
  serving::ServiceHour hour_of(const Holding& holding, double replicas) const;
  void resize(Holding& holding, std::int64_t domains, std::int32_t pod = -1);
  void set_watts(Holding& holding);
  void load_weights(const Holding& holding, double replicas);
  double full_load_w(std::int32_t pool) const;
  void book(Holding& holding, double now_s);
  double replicas_in(const Holding& holding) const;

  const model::Scenario& scenario_;
  const Behaviours& behaviours_;
  Clock& clock_;
  Fleet& fleet_;
  const Network& network_;
  TrafficDesk& traffic_;
  Journal& journal_;
  std::vector<Holding> holdings_;
  std::vector<serving::DeferredTraffic> deferred_;  // by service
  std::vector<double> held_, chip_seconds_, watts_;
  Batch batch_;
  double arrived_ = 0.0, served_ = 0.0;
};

}  // namespace busbar::engine
