#include "sim/topology/paths.h"

#include <gmock/gmock.h>

#include "sim/topology/wiring_network.h"
#include "tests/unit/topology/random_networks.h"
#include "tests/unit/topology/wirings.h"

namespace busbar::topology {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

// Latency over all pairs by relaxing every link as often as there are vertices.
double least_latency(const Network& network, int from, int to) {
  std::vector<double> best(network.vertices().size(), std::numeric_limits<double>::infinity());
  best[static_cast<size_t>(from)] = 0.0;
  for (size_t round = 0; round < best.size(); ++round) {
    for (int link = 0; link < network.link_count(); ++link) {
      const auto a = static_cast<size_t>(network.source(link)),
                 b = static_cast<size_t>(network.target(link));
      best[b] = std::min(best[b], best[a] + network.cable_of(link).latency.value);
    }
  }
  return best[static_cast<size_t>(to)];
}

TEST(ShortestPath, AgreesWithRelaxationOnRandomNetworks) {
  for (int n = 0; n < 60; ++n) {
    const Network network = random_network(n, 7, 9);
    const auto latencies = latencies_from(network, 0);
    for (int to = 0; to < 7; ++to) {
      const auto path = shortest_path(network, 0, to);
      const double least_s = least_latency(network, 0, to);
      ASSERT_EQ(path.has_value(), std::isfinite(least_s));
      if (!path) continue;
      EXPECT_NEAR(path->latency.value, least_s, 1e-12);
      EXPECT_NEAR(latencies[static_cast<size_t>(to)].value, least_s, 1e-12);
      int at = 0;
      for (const int link : path->links) {
        EXPECT_EQ(network.source(link), at);
        at = network.target(link);
      }
      EXPECT_EQ(at, to);
    }
  }
}

// Equal latency over one long cable and over two short ones: the one with fewer links.
TEST(ShortestPath, PrefersFewerLinks) {
  Network network;
  for (const char* name : {"a", "b", "c"}) network.add_vertex({name, VertexKind::kSite});
  network.add_cable({0, 1, base::BytesPerSecond{1}, base::Seconds{0.5}});
  network.add_cable({1, 2, base::BytesPerSecond{1}, base::Seconds{0.5}});
  network.add_cable({0, 2, base::BytesPerSecond{1}, base::Seconds{1.0}});
  EXPECT_THAT(shortest_path(network, 0, 2)->links, ElementsAre(4));
  EXPECT_THAT(shortest_path(network, 2, 0)->links, ElementsAre(5));
  EXPECT_THAT(shortest_path(network, 1, 1)->links, SizeIs(0));
}

// From a corner of a cube to the opposite one there are 3! orders of axes; on an axis of four,
// both ways round to the chip opposite are as long.
TEST(EqualCostPaths, CountsTheOrdersOfAxes) {
  const Network mesh = network_of(torus({2, 2, 2}, false));
  EXPECT_THAT(equal_cost_paths(mesh, 0, 7), SizeIs(6));
  EXPECT_EQ(count_equal_cost_paths(mesh, 0, 7), 6.0);
  const Network ring = network_of(torus({4}));
  EXPECT_THAT(equal_cost_paths(ring, 0, 2), SizeIs(2));
  // Opposite on 4x4x4: 6 hops, two ways round each axis, 6!/(2!2!2!) orders.
  const Network cube = network_of(torus({4, 4, 4}));
  const int opposite = 2 * 16 + 2 * 4 + 2;
  EXPECT_EQ(count_equal_cost_paths(cube, 0, opposite), 8.0 * 90.0);
  EXPECT_THAT(equal_cost_paths(cube, 0, opposite, 1000), SizeIs(720));
  EXPECT_THAT(equal_cost_paths(cube, 0, opposite, 10), SizeIs(10));
}

TEST(Components, AreNumberedByTheirFirstVertices) {
  const Network ring = network_of(torus({6}));
  EXPECT_THAT(components(ring), ElementsAre(0, 0, 0, 0, 0, 0));
  // Cables 1-2 and 4-5 cut: 2, 3 and 4 fall off.
  const Network cut = ring.without({1, 4});
  EXPECT_THAT(components(cut), ElementsAre(0, 0, 1, 1, 1, 0));
  EXPECT_EQ(distances(cut, {0}, {0, 3}).diameter, -1);
  EXPECT_FALSE(shortest_path(cut, 0, 3).has_value());
  EXPECT_EQ(count_equal_cost_paths(cut, 0, 3), 0.0);
  EXPECT_THAT(equal_cost_paths(cut, 0, 3), SizeIs(0));
}

// A dead chip takes its cables with it: the ring becomes a chain.
TEST(Degraded, ADeadChipOpensTheRing) {
  const Network chain = network_of(torus({6})).without({}, {0});
  EXPECT_THAT(chain.cables(), SizeIs(4));
  EXPECT_EQ(hops_from(chain, 1)[5], 4);
  EXPECT_EQ(hops_from(chain, 1)[0], -1);
}

// Without one cable the farthest chips of a 4x4x4 torus stay as near; the neighbours over the dead
// cable take three hops.
TEST(Degraded, ADeadCableCostsItsNeighboursADetour) {
  const Network whole = network_of(torus({4, 4, 4}));
  const Cable dead = whole.cables()[0];
  const Network rest = whole.without({0});
  EXPECT_EQ(hops_from(rest, dead.a)[static_cast<size_t>(dead.b)], 3);
  EXPECT_EQ(
      distances(rest, rest.of_kind(VertexKind::kChip), rest.of_kind(VertexKind::kChip)).diameter,
      6);
}

}  // namespace
}  // namespace busbar::topology
