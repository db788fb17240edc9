/// What `show topology` and `export simgrid` look at: a network out of a file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/model/platform.h"
#include "sim/topology/graph.h"
#include "sim/topology/wiring.h"

namespace busbar::cli {

/// Which network.
struct TopologyChoice {
  std::string file;  // a world, or a GraphML file
  std::vector<std::string> overrides;
  std::string cluster;                       // empty: the wide-area network
  std::string slice;                         // of the cluster; empty: one domain
  std::string link_bandwidth, link_latency;  // of GraphML links that tell none; empty: no default
};

/// A network and what it is one of.
struct TopologyView {
  model::Platform platform;
  const model::Cluster* cluster = nullptr;  // of the platform; none: the wide-area network
  std::optional<topology::Wiring> wiring;   // of a slice
  topology::Network network;

  TopologyView() = default;
  TopologyView(const TopologyView&) = delete;  // the cluster points into the platform
};

/// Chips of a slice that are drawn or exported one by one, at most.
inline constexpr double kMostChips = 16384;

/// Reads the chosen network into `view`; false, with all problems told, if there is none.
bool read_view(const TopologyChoice& choice, TopologyView& view, base::Diagnostics& problems);

}  // namespace busbar::cli
