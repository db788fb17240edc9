/// Small random networks, the same on every run.
#pragma once

#include <fmt/format.h>

#include "sim/base/random.h"
#include "sim/topology/graph.h"

namespace busbar::topology {

/// Some chips and cables between random pairs, with random whole capacities up to 9 B/s and
/// latencies up to 1 s. May be disconnected and may have parallel cables.
inline Network random_network(int number, int vertices, int cables) {
  auto draws = base::RandomStreams(1, 0).get("test/network", fmt::format("{}", number));
  const auto below = [&](int bound) {
    return static_cast<int>(draws.uniform() * static_cast<double>(bound));
  };
  Network network;
  for (int v = 0; v < vertices; ++v) {
    network.add_vertex({fmt::format("v-{}", v), VertexKind::kChip});
  }
  for (int c = 0; c < cables; ++c) {
    const int a = below(vertices), b = (a + 1 + below(vertices - 1)) % vertices;
    network.add_cable({a, b, base::BytesPerSecond{1.0 + below(9)}, base::Seconds{draws.uniform()}});
  }
  return network;
}

}  // namespace busbar::topology
