/// The mutable hardware of a run: pools of domains, what they hold, and their sites' meters.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <vector>

#include "sim/engine/pod_books.h"
#include "sim/engine/site_meter.h"
#include "sim/model/scenario.h"
#include "sim/scheduling/policy.h"

namespace busbar::engine {

/// Domains of one cluster in one building, beyond what the scheduler sees.
struct PartInfo {
  base::Id<model::Cluster> cluster;
  int building = -1;           // index in the site's buildings; -1: none
  std::int64_t powered = 0;    // domains delivered, burnt in and energised
  std::int64_t unpowered = 0;  // burnt in, but beyond the site's IT or grid limit at idle
  std::int64_t serving = 0;    // held by services
  std::int64_t out = 0;        // failed, under repair or waiting for it; not powered
  std::int64_t leaving = 0;    // of all these, that leave as soon as nothing runs on them
  int closings = 0;            // outages, maintenance and withdrawals that go on: none is powered
  int withdrawals = 0;         // of those, of the capacity itself
  /// Domains that stand here and are not due to leave.
  std::int64_t staying() const { return powered + unpowered + out - leaving; }
  /// Domains that jobs and services may hold: with power, neither due to leave nor held back. Below
  /// 0 where more are due to leave than have power.
  std::int64_t usable() const { return powered - leaving - spare; }
  PodBooks pods;           // of powered, serving and failed ones; empty where one pod holds all
  std::int64_t spare = 0;  // powered, and held back to replace failed ones
};

/// Clusters that share one queue. Its parts are those of `state.parts`, in the same order.
struct Pool {
  std::vector<base::Id<model::Cluster>> clusters;
  base::Id<model::Domain> domain;
  std::vector<PartInfo> parts;
  scheduling::PoolState state;
  scheduling::WaitingQueue queue;
  std::set<scheduling::RunningJob> running;
  std::vector<scheduling::Window> windows;  // that are open or come, by begin
  std::vector<std::int32_t> deferred;       // jobs that would not fit even in the empty pool yet
  std::int64_t deferred_chips = 0;
  bool decision_pending = false;
  double queued_chip_s = 0.0;       // requested chip-seconds of the queue and of deferred jobs
  double running_chip_end_s = 0.0;  // sum of chips × expected end
  double running_chips = 0.0;
  double coming_chips = 0.0, coming_chip_s = 0.0;  // of jobs on their way here from other pools
  int used_chips_per_domain = 1;

  double capacity_chips() const;
  double backlog_chip_s(double now_s) const {
    return queued_chip_s + coming_chip_s + running_chip_end_s - running_chips * now_s;
  }
};

/// Watts of one domain's share of the site: constants of a pool.
struct DomainPower {
  double idle_w = 0.0;       // a powered domain without work, hosts and network included
  double chip_idle_w = 0.0;  // of one chip, part of the above
};

/// Pools, sites and the capacity that arrives, is energised and leaves.
class Fleet {
 public:
  explicit Fleet(const model::Scenario& scenario, double horizon_s);

  /// A part of a pool.
  struct Place {
    std::int32_t pool = -1, part = -1;
    auto operator<=>(const Place&) const = default;
  };

  std::vector<Pool> pools;
  std::vector<SiteMeter> sites;           // by site index
  std::vector<DomainPower> domain_power;  // by pool

  /// Pool of a cluster.
  std::int32_t pool_of(base::Id<model::Cluster> cluster) const {
    return pool_of_cluster_[static_cast<size_t>(cluster.index)];
  }
  /// Pools with a part at a site.
  const std::vector<std::int32_t>& pools_at(base::Id<model::Site> site) const {
    return pools_at_site_[static_cast<size_t>(site.index)];
  }
  /// Parts at a site, by pool.
  std::vector<Place> places_at(base::Id<model::Site> site) const;
  /// Largest number of chips that a pool can ever offer one job before `until_s`.
  double largest_capacity(std::int32_t pool, double until_s) const;

  /// Slices of so many chips that a pool holds at once when all of it stands and is empty; where
  /// its rules do not keep a slice in one pod, as many as anybody wants.
  std::int64_t most_slices(std::int32_t pool, std::int64_t slice_chips) const;

  /// Adds domains that were delivered and burnt in; they wait for power. Negative: as many leave,
  /// at once or when what runs on them has ended.
  void deliver(double now_s, base::Id<model::Cluster> cluster, int building, std::int64_t domains);
  /// Powers on what waits for power, as far as the sites' limits allow: hot spares first. Returns
  /// the pools that grew and by how many domains, in order.
  std::vector<std::pair<std::int32_t, std::int64_t>> energise(double now_s);
  /// A free domain of a part fails, in one of its pods: it draws no power and holds nothing until
  /// it is brought back.
  void take_out(double now_s, std::int32_t pool, std::int32_t part, std::int32_t pod);
  /// Takes a hot spare of a part into service, as a free domain of its pod; pod -1: any. False:
  /// there is none.
  bool release_spare(std::int32_t pool, std::int32_t part, std::int32_t pod = -1);
  /// A repaired domain waits for power.
  void bring_back(std::int32_t pool, std::int32_t part, std::int32_t pod);
  /// Domains that are to leave and on which nothing runs: they go. Returns how many.
  std::int64_t let_leave(double now_s, std::int32_t pool, std::int32_t part);
  /// All free domains of a part lose their power, and none gets it before it is opened again.
  /// Closings may overlap.
  void close(double now_s, std::int32_t pool, std::int32_t part);
  void open(std::int32_t pool, std::int32_t part);
  bool is_closed(std::int32_t pool, std::int32_t part) const {
    return pools[static_cast<size_t>(pool)].parts[static_cast<size_t>(part)].closings > 0;
  }
  /// Copies the sites' headroom into a pool before its queue is looked at.
  void refresh_headroom(double now_s, Pool& pool) const;
  /// What would keep a request from starting if no job ran in the pool; kNone: it would fit.
  scheduling::Obstacle obstacle_when_empty(double now_s, const Pool& pool,
                                           const scheduling::Request& request,
                                           const scheduling::Placement& placement) const;

 private:
  void add_pool(const std::vector<base::Id<model::Cluster>>& clusters);
  void add_part(Pool& pool, base::Id<model::Cluster> cluster, int building);
  PartInfo& part_of(base::Id<model::Cluster> cluster, int building);
  void power_down(double now_s, std::int32_t pool, std::int32_t part, std::int64_t domains);

  const model::Scenario& scenario_;
  std::vector<std::int32_t> pool_of_cluster_;
  std::vector<std::vector<std::int32_t>> pools_at_site_;
  std::deque<scheduling::Bisections> bisections_;  // by part, as added
};

}  // namespace busbar::engine
