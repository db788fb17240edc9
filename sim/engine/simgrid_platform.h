/// Platform files that SimGrid itself loads: format 4.1, for SimGrid 3.32 and 4.x.
///
/// Every cable is a split-duplex link, so both directions have its capacity. See
/// sim/doc/models/topology.md for what a file keeps of our network.
#pragma once

#include <string>
#include <vector>

#include "sim/base/quantity.h"
#include "sim/model/platform.h"
#include "sim/topology/fleet_network.h"
#include "sim/topology/graph.h"
#include "sim/topology/wiring.h"

namespace busbar::engine {

/// Hosts whose pairwise routes are written out; more need n^2 lines.
inline constexpr size_t kMostRoutedHosts = 256;

/// Routes that a world by domains needs: one between each two switch groups of a site. Files of
/// more than kMostFleetRoutes are too large to be of use (200,000: some 100 MB).
double fleet_routes(const topology::FleetNetwork& fleet);
inline constexpr double kMostFleetRoutes = 200'000;

/// What the file says of itself and its hosts.
struct SimgridFile {
  std::string name;                 // of the root zone
  std::string title;                // in a comment
  base::FlopsPerSecond speed{1e9};  // of a host, where nothing else is known
};

/// Writes the sites (or, without any, the routers) of a wide-area network as hosts, with all routes
/// of least latency. Hosts: at most kMostRoutedHosts.
std::string simgrid_wan(const topology::Network& network, const SimgridFile& file);

/// Writes a world with a host for each domain: a zone for each site, in it a cluster for each block
/// of domains below one switch group, and a router that WAN routes end at. Depth: two zones below
/// the root.
std::string simgrid_fleet(const topology::FleetNetwork& fleet, const model::Platform& platform,
                          const SimgridFile& file);

/// Writes the chips of a slice as hosts. A wrapped torus of equal cables, not twisted, is SimGrid's
/// own torus; its routes go along one axis after the other. Of others, up to kMostRoutedHosts chips
/// get their routes of least latency; more leave them to SimGrid (fewest links).
std::string simgrid_slice(const topology::Wiring& wiring, const topology::Network& network,
                          const SimgridFile& file);

}  // namespace busbar::engine
