/// Shares of links from SimGrid's flows: the default network model of the fleet.
#pragma once

#include <memory>
#include <vector>

#include "sim/engine/clock.h"
#include "sim/engine/rate_solver.h"
#include "sim/engine/simgrid_world.h"

namespace busbar::engine {

/// Keeps one endless SimGrid flow for each flow asked for.
///
/// Latencies are zero (SimGrid weighs shares by them), a flow's demand is the live capacity of its
/// own port link, and shares are read a microsecond after the last change, when SimGrid has solved.
/// A removed flow is cancelled explicitly and let go at the next reading.
class SimgridRateSolver : public RateSolver {
 public:
  SimgridRateSolver(SimgridWorld& world, Clock& clock);
  ~SimgridRateSolver() override;

  std::int32_t add(std::span<const std::int32_t> path, double demand_Bps) override;
  void set_demand(std::int32_t flow, double demand_Bps) override;
  void remove(std::int32_t flow) override;
  void set_capacity(std::int32_t link, double capacity_Bps) override;
  double throughput(std::int32_t link) const override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::engine
