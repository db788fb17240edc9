#include "sim/topology/wan_routes.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>

namespace busbar::topology {
namespace {

struct Edge {
  double latency_s = 0.0;
  std::int32_t link = -1;
};
using Graph =
    boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, boost::no_property, Edge>;

// A nanosecond per hop decides between equal latencies; no real WAN link is that short.
constexpr double kHop_s = 1e-9;

}  // namespace

WanRoutes::WanRoutes(const model::Platform& platform, const std::vector<bool>& cut)
    : sites_(platform.sites.size()), routes_(sites_ * sites_) {
  const size_t places = sites_ + platform.routers.size();  // sites, then routers
  const auto place = [&](const model::WanEnd& end) {
    return end.site ? static_cast<size_t>(end.site.index)
                    : sites_ + static_cast<size_t>(end.router.index);
  };
  Graph graph(places);
  for (const auto id : platform.wan_links.ids()) {
    if (!cut.empty() && cut[static_cast<size_t>(id.index)]) continue;
    const model::WanLink& link = platform.wan_links[id];
    boost::add_edge(place(link.a), place(link.b), Edge{link.latency.value + kHop_s, id.index},
                    graph);
  }
  for (size_t from = 0; from < sites_; ++from) {
    std::vector<size_t> previous(places);
    std::vector<double> distance(places);
    boost::dijkstra_shortest_paths(graph, from,
                                   boost::predecessor_map(previous.data())
                                       .distance_map(distance.data())
                                       .weight_map(boost::get(&Edge::latency_s, graph)));
    for (size_t to = 0; to < sites_; ++to) {
      if (to != from && previous[to] == to) continue;  // not connected
      WanRoute route;
      for (size_t at = to; at != from; at = previous[at]) {
        // Of parallel links the one that the distance was computed with.
        std::int32_t best = -1;
        double least_s = 0.0;
        for (auto [e, end] = boost::out_edges(at, graph); e != end; ++e) {
          if (boost::target(*e, graph) != previous[at]) continue;
          if (best >= 0 && graph[*e].latency_s >= least_s) continue;
          best = graph[*e].link;
          least_s = graph[*e].latency_s;
        }
        route.links.push_back({best});
        route.latency += base::Seconds{least_s - kHop_s};
      }
      std::reverse(route.links.begin(), route.links.end());
      routes_[from * sites_ + to] = std::move(route);
    }
  }
}

}  // namespace busbar::topology
