/// SimGrid's one engine, with every knob set, and the fleet's shared links on it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/engine/rate_solver.h"
#include "sim/engine/simgrid_engine.h"

namespace simgrid::s4u {
class Host;
class Link;
}  // namespace simgrid::s4u

namespace busbar::engine {

/// Owns SimGrid's Engine: one per process, for SimGrid keeps the clock of its first.
///
/// The fleet is one star zone. A flow leaves a *port* host through its own port link, whose
/// capacity is the flow's demand, and enters an *end* host through the shared links of its path;
/// there is one end for each distinct path, made when it is first used. So a path may be any list
/// of links. Rates are in MB/s inside SimGrid: a flow of 2^62 MB does not end within any horizon.
class SimgridWorld {
 public:
  /// Flows at one time, and distinct paths over a run. SimGrid 3.32 cannot add hosts later.
  static constexpr size_t kMostFlows = 4096, kMostPaths = 4096;

  /// Creates the Engine; with links, also the platform.
  explicit SimgridWorld(const std::vector<Link>& links);
  ~SimgridWorld();
  SimgridWorld(const SimgridWorld&) = delete;

  /// Every option that is set, as name and value, for the provenance.
  static std::map<std::string, std::string> config();
  /// SimGrid's version, e.g. "3.32".
  static std::string version();

  size_t link_count() const { return capacities_.size(); }
  /// Live capacity of a shared link; a change counts from now on, for running flows too.
  void set_capacity(std::int32_t link, double bytes_per_s);
  /// What flows use of a shared link, as of the last solve.
  double throughput(std::int32_t link) const;
  /// Live demand of a port.
  void set_demand(std::int32_t port, double bytes_per_s);
  /// What a port's flow gets, as of the last solve.
  double rate(std::int32_t port) const;
  simgrid::s4u::Host* port_host(std::int32_t port) const;
  /// The end of a path, made on first use.
  simgrid::s4u::Host* end_of(std::span<const std::int32_t> path);

 private:
  std::unique_ptr<SimgridEngine> engine_;
  std::vector<double> capacities_, demands_;  // live, read by SimGrid's callbacks; MB/s
  std::vector<simgrid::s4u::Link*> links_, port_links_;
  std::vector<simgrid::s4u::Host*> ports_, spare_ends_;
  std::map<std::vector<std::int32_t>, simgrid::s4u::Host*> ends_;
};

}  // namespace busbar::engine
