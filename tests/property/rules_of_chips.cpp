#include <algorithm>
#include <cmath>
#include <tuple>

#include "tests/property/invariants.h"

namespace busbar::property {
namespace {

// Clusters that share a queue have the number of the first of them: a job may hold chips of all.
std::vector<size_t> pools_of(const RunDraw& run) {
  const auto clusters = clusters_of(run);
  std::map<int, size_t> first;
  std::vector<size_t> pools;
  for (size_t c = 0; c < clusters.size(); ++c) {
    pools.push_back(run.joined ? first.try_emplace(clusters[c]->kind, c).first->second : c);
  }
  return pools;
}

// At every edge no pool holds more chips in jobs than it has.
void edges(const Tables& t, const RunDraw& run, Complaints& broken) {
  const auto all = clusters_of(run);
  const auto pools = pools_of(run);
  struct Edge {
    double time_s;
    int begins;  // ends come first
    size_t pool;
    double chips;
  };
  std::vector<Edge> edges;
  for (const Tables::Segment& segment : t.segments) {
    if (segment.end_s <= segment.start_s) continue;
    const size_t pool = pools[static_cast<size_t>(segment.cluster)];
    edges.push_back({segment.start_s, 1, pool, segment.chips});
    edges.push_back({segment.end_s, 0, pool, -segment.chips});
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
    return std::pair(a.time_s, a.begins) < std::pair(b.time_s, b.begins);
  });
  std::vector<double> held(all.size(), 0.0);
  for (const Edge& edge : edges) {
    double& chips = held[edge.pool];
    chips += edge.chips;
    double most = 0.0;
    for (size_t c = 0; c < all.size(); ++c) {
      if (pools[c] == edge.pool) most += chips_delivered(*all[c], edge.time_s);
    }
    if (chips > most) {
      broken.add("jobs hold {} of {} chips at {} s in the pool of cluster {}", chips, most,
                 edge.time_s, edge.pool);
    }
  }
}

// At every sample chips are in use, idle, out of order or without power, and none else.
void samples(const Tables& t, const RunDraw& run, Complaints& broken) {
  const auto all = clusters_of(run);
  const auto pools = pools_of(run);
  const std::vector<double> time_s = t.numbers("/series/cluster/time_s");
  const auto series = [&](const char* name) {
    return t.numbers(std::string("/series/cluster/") + name);
  };
  const auto installed = series("installed"), allocated = series("allocated"),
             serving = series("serving"), failed = series("failed"), idle = series("idle");
  for (size_t s = 0; s < time_s.size(); ++s) {
    std::vector<double> by_pool(all.size(), 0.0);
    for (size_t c = 0; c < all.size(); ++c) {
      const size_t at = s * all.size() + c;
      by_pool[pools[c]] += allocated[at];
      if (allocated[at] + serving[at] + idle[at] != installed[at]) {
        broken.add("cluster {} at {} s: {} chips in jobs, {} serving, {} idle of {}", c, time_s[s],
                   allocated[at], serving[at], idle[at], installed[at]);
      }
      const double there = chips_delivered(*all[c], time_s[s]);
      if (installed[at] + failed[at] > there) {
        broken.add("cluster {} at {} s: {} chips and {} failed of {}", c, time_s[s], installed[at],
                   failed[at], there);
      }
    }
    // The last sample stands at the horizon, where segments have ended.
    if (s + 1 == time_s.size()) break;
    std::vector<double> in_segments(all.size(), 0.0);
    for (const Tables::Segment& segment : t.segments) {
      if (segment.start_s > time_s[s] || segment.end_s <= time_s[s]) continue;
      in_segments[pools[static_cast<size_t>(segment.cluster)]] += segment.chips;
    }
    for (size_t c = 0; c < all.size(); ++c) {
      if (in_segments[c] != by_pool[c]) {
        broken.add("pool of cluster {} at {} s: {} chips allocated, {} in segments", c, time_s[s],
                   by_pool[c], in_segments[c]);
      }
    }
  }
}

}  // namespace

void check_chips(const Tables& trace, const RunDraw& run, Complaints& broken) {
  edges(trace, run, broken);
  samples(trace, run, broken);
}

}  // namespace busbar::property
