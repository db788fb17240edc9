#include "sim/topology/paths.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/connected_components.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <functional>
#include <limits>

namespace busbar::topology {
namespace {

// Latency first, then hops: compared and added as a pair, so that ties are exact.
struct Cost {
  double latency_s = 0.0;
  int hops = 0;
  friend auto operator<=>(const Cost&, const Cost&) = default;  // NOLINT: misread by the checker
};

struct Hop {
  Cost cost;
  int link = -1;
};
using Graph =
    boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property, Hop>;

size_t at(int index) { return static_cast<size_t>(index); }

// Hops to every vertex by breadth-first search over the links out of each vertex.
void search(const Network& network, int from, std::vector<int>& hops, std::vector<int>& queue) {
  hops.assign(network.vertices().size(), -1);
  queue.clear();
  queue.push_back(from);
  hops[at(from)] = 0;
  for (size_t next = 0; next < queue.size(); ++next) {
    const int vertex = queue[next];
    for (const int link : network.links_from(vertex)) {
      const int target = network.target(link);
      if (hops[at(target)] >= 0) continue;
      hops[at(target)] = hops[at(vertex)] + 1;
      queue.push_back(target);
    }
  }
}

constexpr Cost kNever{std::numeric_limits<double>::infinity(), 0};

// The least cost to every vertex, by Dijkstra's algorithm.
std::vector<Cost> costs_from(const Network& network, int from) {
  Graph graph(network.vertices().size());
  for (int link = 0; link < network.link_count(); ++link) {
    boost::add_edge(at(network.source(link)), at(network.target(link)),
                    Hop{{network.cable_of(link).latency.value, 1}, link}, graph);
  }
  std::vector<Cost> cost(network.vertices().size());
  boost::dijkstra_shortest_paths(
      graph, at(from),
      boost::distance_map(cost.data())
          .weight_map(boost::get(&Hop::cost, graph))
          .distance_compare(std::less<Cost>())
          .distance_combine([](const Cost& a, const Cost& b) {
            return a == kNever ? kNever : Cost{a.latency_s + b.latency_s, a.hops + b.hops};
          })
          .distance_inf(kNever)
          .distance_zero(Cost{}));
  return cost;
}

// Number of paths with the fewest links to every vertex, over vertices in the order of a search.
std::vector<double> ways_from(const Network& network, int from, const std::vector<int>& hops,
                              const std::vector<int>& order) {
  std::vector<double> ways(network.vertices().size(), 0.0);
  ways[at(from)] = 1.0;
  for (const int vertex : order) {
    for (const int link : network.links_from(vertex)) {
      const int target = network.target(link);
      if (hops[at(target)] == hops[at(vertex)] + 1) ways[at(target)] += ways[at(vertex)];
    }
  }
  return ways;
}

}  // namespace

std::optional<Path> shortest_path(const Network& network, int from, int to) {
  return path_along(network, shortest_tree(network, from), from, to);
}

std::vector<int> shortest_tree(const Network& network, int from) {
  const std::vector<Cost> cost = costs_from(network, from);
  std::vector<int> last(cost.size(), -1);
  // The first link whose cost adds up: the lowest number decides among equal ones.
  for (int link = 0; link < network.link_count(); ++link) {
    const Cost& before = cost[at(network.source(link))];
    const int to = network.target(link);
    if (to == from || last[at(to)] >= 0 || before == kNever) continue;
    const double latency_s = before.latency_s + network.cable_of(link).latency.value;
    if (Cost{latency_s, before.hops + 1} == cost[at(to)]) last[at(to)] = link;
  }
  return last;
}

std::optional<Path> path_along(const Network& network, const std::vector<int>& tree, int from,
                               int to) {
  Path path;
  for (int vertex = to; vertex != from; vertex = network.source(path.links.back())) {
    const int link = tree[at(vertex)];
    if (link < 0) return std::nullopt;
    path.links.push_back(link);
    path.latency += network.cable_of(link).latency;
  }
  std::reverse(path.links.begin(), path.links.end());
  return path;
}

std::vector<base::Seconds> latencies_from(const Network& network, int from) {
  std::vector<base::Seconds> latencies;
  for (const Cost& cost : costs_from(network, from)) latencies.emplace_back(cost.latency_s);
  return latencies;
}

std::vector<Path> equal_cost_paths(const Network& network, int from, int to, size_t most) {
  const std::vector<int> left = hops_from(network, to);  // cables go both ways
  std::vector<Path> paths;
  if (left[at(from)] < 0 || most == 0) return paths;
  Path path;
  const std::function<void(int)> extend = [&](int vertex) {
    if (vertex == to) {
      paths.push_back(path);
      return;
    }
    for (const int link : network.links_from(vertex)) {
      if (left[at(network.target(link))] != left[at(vertex)] - 1) continue;
      path.links.push_back(link);
      path.latency += network.cable_of(link).latency;
      extend(network.target(link));
      path.latency = path.latency - network.cable_of(link).latency;
      path.links.pop_back();
      if (paths.size() == most) return;
    }
  };
  extend(from);
  return paths;
}

double count_equal_cost_paths(const Network& network, int from, int to) {
  std::vector<int> hops, order;
  search(network, from, hops, order);
  return hops[at(to)] < 0 ? 0.0 : ways_from(network, from, hops, order)[at(to)];
}

void add_load(const Network& network, int from, std::vector<double>& load) {
  std::vector<int> hops, order;
  search(network, from, hops, order);
  const std::vector<double> ways = ways_from(network, from, hops, order);
  // Farthest first: what ends at a vertex or passes it comes over its last links as the ways do.
  std::vector<double> arrives(network.vertices().size(), 1.0);
  for (size_t i = order.size(); i-- > 1;) {
    const int vertex = order[i];
    for (const int back : network.links_from(vertex)) {
      const int before = network.target(back);
      if (hops[at(before)] != hops[at(vertex)] - 1) continue;
      const double units = arrives[at(vertex)] * ways[at(before)] / ways[at(vertex)];
      load[at(back ^ 1)] += units;
      arrives[at(before)] += units;
    }
  }
}

std::vector<int> hops_from(const Network& network, int from) {
  std::vector<int> hops, queue;
  search(network, from, hops, queue);
  return hops;
}

Distances distances(const Network& network, const std::vector<int>& from,
                    const std::vector<int>& members) {
  Distances found;
  std::vector<int> hops, queue;
  double sum = 0.0;
  size_t pairs = 0;
  for (const int start : from) {
    search(network, start, hops, queue);
    for (const int member : members) {
      if (member == start) continue;
      if (hops[at(member)] < 0) return {-1, std::numeric_limits<double>::infinity()};
      found.diameter = std::max(found.diameter, hops[at(member)]);
      sum += hops[at(member)];
      ++pairs;
    }
  }
  if (pairs > 0) found.mean_hops = sum / static_cast<double>(pairs);
  return found;
}

std::vector<int> components(const Network& network) {
  using Undirected = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS>;
  Undirected graph(network.vertices().size());
  for (const Cable& cable : network.cables()) boost::add_edge(at(cable.a), at(cable.b), graph);
  std::vector<int> component(network.vertices().size());
  if (!component.empty()) boost::connected_components(graph, component.data());
  return component;
}

}  // namespace busbar::topology
