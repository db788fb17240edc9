/// A world at the granularity of scale-up domains, as a graph.
#pragma once

#include <vector>

#include "sim/model/platform.h"
#include "sim/topology/graph.h"

namespace busbar::topology {

/// Domains below one switch group of their fabric's lowest tier, in one building.
struct DomainBlock {
  base::Id<model::Cluster> cluster;
  base::Id<model::Site> site;
  int switch_vertex = -1;
  std::vector<int> domains;  // vertices, in order
};

/// All domains of a world after all deliveries. Each site is a tree: domains with their NICs
/// together as one cable (layer `nic`), the tiers of their fabric as ideal switches, the building
/// where one is named, the site; capacities shrink by each tier's oversubscription, as in
/// `network_of` for a slice. A building's cable has its uplink's capacity, or carries everything
/// where none is stated. Above the sites is the WAN, as in `wan_of`.
struct FleetNetwork {
  Network network;
  std::vector<DomainBlock> blocks;
  std::vector<int> up;  // by vertex: its cable towards the site; -1: sites and routers
};

/// A cluster whose nodes have no NIC is left out: its domains reach nothing.
FleetNetwork fleet_network(const model::Platform& platform);

}  // namespace busbar::topology
