#include "sim/topology/flows.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/push_relabel_max_flow.hpp>
#include <boost/graph/successive_shortest_path_nonnegative_weights.hpp>
#include <cmath>
#include <limits>

#include "sim/base/error.h"
#include "sim/topology/wiring_network.h"

namespace busbar::topology {
namespace {

using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;

struct FlowEdge {
  std::int64_t capacity = 0, residual = 0, cost = 0;
  Traits::edge_descriptor reverse;
};
using Graph =
    boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property, FlowEdge>;

size_t at(int index) { return static_cast<size_t>(index); }

// An edge and its reverse of capacity 0, over which flow can be taken back.
Traits::edge_descriptor add_arc(Graph& graph, size_t from, size_t to, std::int64_t capacity,
                                std::int64_t cost = 0) {
  const auto forward = boost::add_edge(from, to, graph).first;
  const auto backward = boost::add_edge(to, from, graph).first;
  graph[forward] = {capacity, 0, cost, backward};
  graph[backward] = {0, 0, -cost, forward};
  return forward;
}

// Vertices that more could flow to from a source.
std::vector<bool> reached_with_room(const Graph& graph, size_t source) {
  std::vector<bool> reached(boost::num_vertices(graph));
  std::vector<size_t> queue{source};
  reached[source] = true;
  for (size_t next = 0; next < queue.size(); ++next) {
    for (auto [edge, end] = boost::out_edges(queue[next], graph); edge != end; ++edge) {
      const size_t to = boost::target(*edge, graph);
      if (graph[*edge].residual <= 0 || reached[to]) continue;
      reached[to] = true;
      queue.push_back(to);
    }
  }
  return reached;
}

}  // namespace

Cut min_cut(const Network& network, const std::vector<int>& sources,
            const std::vector<int>& sinks) {
  base::ensure(!sources.empty() && !sinks.empty(), "a cut lies between two sets");
  const size_t count = network.vertices().size(), source = count, sink = count + 1;
  Graph graph(count + 2);
  std::int64_t all = 1;
  for (const Cable& cable : network.cables()) {
    const auto capacity = static_cast<std::int64_t>(std::llround(cable.capacity.value));
    add_arc(graph, at(cable.a), at(cable.b), capacity);
    add_arc(graph, at(cable.b), at(cable.a), capacity);
    all += 2 * capacity;
  }
  for (const int v : sources) add_arc(graph, source, at(v), all);
  for (const int v : sinks) add_arc(graph, at(v), sink, all);
  boost::push_relabel_max_flow(graph, source, sink, boost::get(&FlowEdge::capacity, graph),
                               boost::get(&FlowEdge::residual, graph),
                               boost::get(&FlowEdge::reverse, graph),
                               boost::get(boost::vertex_index, graph));
  Cut cut;
  cut.side = reached_with_room(graph, source);
  cut.side.resize(count);
  for (int link = 0; link < network.link_count(); ++link) {
    if (!cut.side[at(network.source(link))] || cut.side[at(network.target(link))]) continue;
    cut.links.push_back(link);
    cut.capacity += network.cable_of(link).capacity;
  }
  return cut;
}

Cut cut_between_halves(const Network& network, const std::vector<int>& half) {
  std::vector<bool> chosen(network.vertices().size());
  for (const int v : half) chosen.at(at(v)) = true;
  std::vector<int> others;
  for (const int v : network.of_kind(VertexKind::kChip)) {
    if (!chosen[at(v)]) others.push_back(v);
  }
  return min_cut(network, half, others);
}

base::BytesPerSecond bisection(const ScaleUp& inside) {
  if (inside.kind == model::DomainTopology::kSwitch) {
    const int half = inside.ports / 2;
    return inside.port * half;
  }
  const Network network = network_of(inside);
  base::BytesPerSecond least{std::numeric_limits<double>::infinity()};
  for (size_t axis = 0; axis < inside.axes.size(); ++axis) {
    const int extent = inside.axes[axis].extent;
    for (int first = 0; extent > 1 && first < extent; ++first) {
      std::vector<bool> side;
      for (const Vertex& v : network.vertices()) {
        side.push_back((v.at[axis] - first + extent) % extent < extent / 2);
      }
      least = std::min(least, network.crossing(side));
    }
  }
  return std::isfinite(least.value) ? least : base::BytesPerSecond{};
}

FlowOfLeastCost least_cost_flow(int vertices, const std::vector<Arc>& arcs, int source, int sink) {
  base::ensure(source != sink, "a flow has two ends");
  Graph graph(at(vertices));
  std::vector<Traits::edge_descriptor> edges;
  for (const Arc& arc : arcs) {
    base::ensure(arc.capacity >= 0 && arc.cost >= 0, "capacities and costs count from 0");
    edges.push_back(add_arc(graph, at(arc.from), at(arc.to), arc.capacity, arc.cost));
  }
  boost::successive_shortest_path_nonnegative_weights(
      graph, at(source), at(sink),
      boost::capacity_map(boost::get(&FlowEdge::capacity, graph))
          .residual_capacity_map(boost::get(&FlowEdge::residual, graph))
          .reverse_edge_map(boost::get(&FlowEdge::reverse, graph))
          .weight_map(boost::get(&FlowEdge::cost, graph)));
  FlowOfLeastCost flow;
  for (size_t i = 0; i < arcs.size(); ++i) {
    const std::int64_t units = graph[edges[i]].capacity - graph[edges[i]].residual;
    flow.by_arc.push_back(units);
    flow.cost += units * arcs[i].cost;
    if (arcs[i].from == source) flow.units += units;
    if (arcs[i].to == source) flow.units -= units;
  }
  return flow;
}

}  // namespace busbar::topology
