/// Distances, shortest paths and connectivity of a network.
#pragma once

#include <optional>
#include <vector>

#include "sim/topology/graph.h"

namespace busbar::topology {

/// Links in order, and their summed latency.
struct Path {
  std::vector<int> links;
  base::Seconds latency;
};

/// Finds the path of least latency; of equal ones that of the fewest links, then of the lowest
/// link numbers from the end backwards. Nothing if there is none; no links from a vertex to itself.
std::optional<Path> shortest_path(const Network& network, int from, int to);

/// The links that shortest paths from a vertex end with, by vertex, chosen as `shortest_path` does;
/// -1 where there is no path, and at the vertex itself.
std::vector<int> shortest_tree(const Network& network, int from);
/// The path to a vertex along such a tree.
std::optional<Path> path_along(const Network& network, const std::vector<int>& tree, int from,
                               int to);

/// The least latency to every vertex; infinite where there is no path.
std::vector<base::Seconds> latencies_from(const Network& network, int from);

/// Lists the paths with the fewest links, at most `most`, in the order of their link numbers: what
/// ECMP chooses from.
std::vector<Path> equal_cost_paths(const Network& network, int from, int to, size_t most = 64);

/// Counts the paths with the fewest links (a double: they are many on a torus). 0: not connected.
double count_equal_cost_paths(const Network& network, int from, int to);

/// Links to every vertex on the way with the fewest; -1: not connected.
std::vector<int> hops_from(const Network& network, int from);

/// Adds what each link carries, by its number, when a vertex sends one unit to every vertex that it
/// reaches, split evenly over all paths with the fewest links.
void add_load(const Network& network, int from, std::vector<double>& load);

/// Links between members of a set of vertices, by the ways with the fewest.
struct Distances {
  int diameter = 0;        // of the farthest two; -1: some are not connected
  double mean_hops = 0.0;  // over ordered pairs of different members
};
/// @param from  members to start from; one is enough where all look alike (a torus).
Distances distances(const Network& network, const std::vector<int>& from,
                    const std::vector<int>& members);

/// The connected component of every vertex, numbered from 0 in the order of their first vertices.
std::vector<int> components(const Network& network);

}  // namespace busbar::topology
