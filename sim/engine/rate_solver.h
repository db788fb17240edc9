/// Shares of links among flows that contend: the one question the engine asks of a network model.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "sim/topology/max_min.h"

namespace busbar::engine {

/// A link as the fleet level sees it: the top of a fabric, a building's uplink, a WAN direction.
struct Link {
  std::string name;
  double capacity_Bps = 0.0;
};

/// The rate a flow gets, in bytes per second; never above its demand.
struct Share {
  std::int32_t flow = -1;
  double rate_Bps = 0.0;
};

/// Max-min fair shares of demand-bounded flows over fixed paths.
class RateSolver {
 public:
  /// Changes of one instant are settled together, so long after it.
  static constexpr double kSettle_s = 1e-6;

  virtual ~RateSolver() = default;

  /// Adds a flow over links (indices into the solver's list, each at most once). Returns its id;
  /// ids of removed flows may be used again. `demand_Bps` > 0.
  virtual std::int32_t add(std::span<const std::int32_t> path, double demand_Bps) = 0;
  virtual void set_demand(std::int32_t flow, double demand_Bps) = 0;
  virtual void remove(std::int32_t flow) = 0;
  virtual void set_capacity(std::int32_t link, double capacity_Bps) = 0;
  /// Sum of the shares over a link, as last settled.
  virtual double throughput(std::int32_t link) const = 0;

  /// Called once per settled change with every flow whose share changed, sorted by flow id.
  using Listener = std::function<void(std::span<const Share>)>;
  void on_change(Listener listener) { listener_ = std::move(listener); }

 protected:
  Listener listener_;
};

using topology::max_min_shares;  // the oracle of the tests

}  // namespace busbar::engine
