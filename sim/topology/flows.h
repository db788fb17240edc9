/// Maximum flows, minimum cuts, bisections, and flows of least cost.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/topology/graph.h"
#include "sim/topology/wiring.h"

namespace busbar::topology {

/// A minimum cut: by the theorem of Ford and Fulkerson its capacity is the maximum flow.
struct Cut {
  base::BytesPerSecond capacity;  // in the direction from the sources to the sinks
  std::vector<int> links;         // that cross it in that direction
  std::vector<bool> side;         // true for vertices on the side of the sources
};

/// Finds a minimum cut between two disjoint sets of vertices, exactly (capacities are rounded to
/// whole bytes per second).
Cut min_cut(const Network& network, const std::vector<int>& sources, const std::vector<int>& sinks);

/// The minimum cut between some chips and all the others; switches stand where they help. For
/// equal halves it is the bandwidth of that bisection, one direction.
Cut cut_between_halves(const Network& network, const std::vector<int>& half);

/// The least bandwidth, one direction, over all cuts of a torus or mesh into halves across one
/// axis; a switch's is half its ports. Of a torus whose longest axis is even it is the bisection
/// bandwidth: cables of two cross-sections. Of a twisted torus it is an upper bound of it.
base::BytesPerSecond bisection(const ScaleUp& inside);

/// A directed arc of a transport problem; capacity and cost are whole numbers.
struct Arc {
  int from = -1, to = -1;
  std::int64_t capacity = 0;
  std::int64_t cost = 0;  // of one unit, from 0
};

/// A flow of most units and, among those, of least cost. Whole numbers, as capacities are.
struct FlowOfLeastCost {
  std::int64_t units = 0;
  std::int64_t cost = 0;
  std::vector<std::int64_t> by_arc;
};
/// Solves it by successive shortest paths, in O(units x arcs x log vertices).
FlowOfLeastCost least_cost_flow(int vertices, const std::vector<Arc>& arcs, int source, int sink);

}  // namespace busbar::topology
