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
  std::vector<scheduling::PoolOption> of(const model::Job& job, double now_s);

 private:
  // Sites of a job's origin; none: not known.
  struct Origin {
    base::Id<model::Site> home, data;
  };
  Origin origin_of(const model::Job& job) const;
  void add_room(const model::Job& job, const Work& work, double now_s,
                scheduling::PoolOption& option);
  void add_sites(const model::Job& job, const Work& work, double now_s,
                 scheduling::PoolOption& option);

  Parts parts_;
  std::vector<SiteForecast> forecasts_;  // by site
};

}  // namespace busbar::engine
