/// What the broker is told of the pools that could run a new job.
#pragma once

#include <vector>

#include "sim/engine/fleet.h"
#include "sim/engine/network.h"
#include "sim/engine/site_forecast.h"
#include "sim/engine/work_model.h"
#include "sim/model/job.h"
#include "sim/scheduling/policy.h"

namespace busbar::engine {

/// Fills the options of jobs from the state of the fleet.
class PoolOptions {
 public:
  struct Parts {
    const model::Scenario& scenario;
    const scheduling::Placement& placement;
    Fleet& fleet;
    const Network& network;
    WorkModel& works;
  };
  explicit PoolOptions(const Parts& parts);

  /// Pools where the step model finds the job feasible and residency lets it run. Waiting for a
  /// delivery is an option only where no pool has as many chips yet.
  ///
  /// A pool that can never hold the job, by its ceiling, is an option only where no other is; one
  /// to whose vendor its model is not ported yet is none.
  std::vector<scheduling::PoolOption> of(const model::Job& job, double now_s);
  /// Most chips that a pool can offer from now on; infinite until it is said.
  void set_ceiling(std::int32_t pool, double chips) {
    ceilings_[static_cast<size_t>(pool)] = chips;
  }
  double ceiling(std::int32_t pool) const { return ceilings_[static_cast<size_t>(pool)]; }

  /// What a job would still do in a pool, from now on.
  struct Rest {
    enum class Place { kComes, kWaits, kRuns };
    double run_time_s = 0.0;      // on its chips there, its restart included
    double not_before_s = 0.0;    // until it could start
    double wan_usd = 0.0;         // for what it sends there first
    Place place = Place::kComes;  // where it stands now, seen from that pool
    double ahead_chip_s = 0.0;    // kWaits: of the jobs before it in the queue
  };
  /// One pool as an option for the rest of a job. Room that is promised to jobs on their way there
  /// is none.
  scheduling::PoolOption at(const model::Job& job, const Work& work, std::int32_t pool,
                            const Rest& rest, double now_s);
  /// The same with a later start, so many seconds from now.
  scheduling::PoolOption later(const model::Job& job, const Work& work,
                               scheduling::PoolOption option, double not_before_s, double now_s);
  /// Adds what the chips draw as they idle from one time to another, in a pool of one site, but for
  /// what the option lends.
  void add_idling(const Work& work, scheduling::PoolOption& option, double from_s, double to_s);

 private:
  // Sites of a job's origin; none: not known.
  struct Origin {
    base::Id<model::Site> home, data;
  };
  bool is_ported(const model::Job& job, std::int32_t pool, double now_s) const;
  Origin origin_of(const model::Job& job) const;
  void add_room(const model::Job& job, const Work& work, double now_s,
                scheduling::PoolOption& option);
  void add_queue(const Rest& rest, double now_s, scheduling::PoolOption& option) const;
  void add_sites(const model::Job& job, const Work& work, double now_s,
                 scheduling::PoolOption& option);

  Parts parts_;
  std::vector<SiteForecast> forecasts_;  // by site
  std::vector<double> ceilings_;         // chips, by pool
};

}  // namespace busbar::engine
