#include "sim/topology/flows.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "sim/topology/wiring_network.h"
#include "tests/unit/topology/random_networks.h"
#include "tests/unit/topology/wirings.h"

namespace busbar::topology {
namespace {

using ::testing::ElementsAre;

// The least crossing over all sides that hold the sources and not the sinks.
double least_cut(const Network& network, const std::vector<int>& sources,
                 const std::vector<int>& sinks) {
  const size_t count = network.vertices().size();
  double least = std::numeric_limits<double>::infinity();
  for (unsigned subset = 0; subset < (1u << count); ++subset) {
    const auto in = [&](int v) { return (subset >> v & 1u) != 0; };
    if (!std::all_of(sources.begin(), sources.end(), in)) continue;
    if (std::any_of(sinks.begin(), sinks.end(), in)) continue;
    std::vector<bool> side;
    for (size_t v = 0; v < count; ++v) side.push_back(in(static_cast<int>(v)));
    least = std::min(least, network.crossing(side).value);
  }
  return least;
}

TEST(MinCut, AgreesWithAllCutsOfRandomNetworks) {
  for (int n = 0; n < 80; ++n) {
    const Network network = random_network(n, 8, 4 + n % 14);
    const Cut cut = min_cut(network, {0, 1}, {6, 7});
    EXPECT_DOUBLE_EQ(cut.capacity.value, least_cut(network, {0, 1}, {6, 7}));
    EXPECT_DOUBLE_EQ(network.crossing(cut.side).value, cut.capacity.value);
    double sum = 0.0;
    for (const int link : cut.links) sum += network.cable_of(link).capacity.value;
    EXPECT_DOUBLE_EQ(sum, cut.capacity.value);
    EXPECT_TRUE(cut.side[0] && cut.side[1] && !cut.side[6] && !cut.side[7]);
  }
}

// No balanced cut of all 12,870 of a 4x4 torus, and all 35 of 2x2x2, is narrower.
TEST(Bisection, IsTheLeastOverAllHalves) {
  for (const ScaleUp& inside :
       {torus({4, 4}), torus({4, 4}, false), torus({2, 2, 2}), torus({2, 2, 2}, false),
        torus({2, 6}), torus({3, 4}, false), torus({12})}) {
    const Network network = network_of(inside);
    const size_t count = network.vertices().size();
    double least = std::numeric_limits<double>::infinity();
    std::vector<bool> side(count);
    std::fill(side.begin() + static_cast<std::ptrdiff_t>(count - count / 2), side.end(), true);
    do {
      least = std::min(least, network.crossing(side).value);
    } while (std::next_permutation(side.begin(), side.end()));
    EXPECT_DOUBLE_EQ(bisection(inside).value, least);
  }
}

// A torus is cut across its longest axis: two cables for each chip of the cross-section.
TEST(Bisection, OfTheLongestAxis) {
  EXPECT_DOUBLE_EQ(bisection(torus({4, 4, 8})).value, 2 * 16 * 100e9);
  EXPECT_DOUBLE_EQ(bisection(torus({8, 16, 16})).value, 2 * 128 * 100e9);
  EXPECT_DOUBLE_EQ(bisection(torus({4, 4, 8}, false)).value, 16 * 100e9);
  ScaleUp half_open = torus({4, 4, 4});
  half_open.axes[1].wraps = false;
  EXPECT_DOUBLE_EQ(bisection(half_open).value, 16 * 100e9);
}

// Google publishes 24 TB/s for TPU v4's 16x16x16, 1.6 for v5e's and 3.2 for v6e's 16x16, at links
// of nominally 50, 50 and 100 GB/s (v4: 45 to 50, whence 23.0 to 25.6).
TEST(Bisection, GooglesPublishedFigures) {
  EXPECT_DOUBLE_EQ(bisection(torus({16, 16}, true, 50e9)).value, 1.6e12);
  EXPECT_DOUBLE_EQ(bisection(torus({16, 16}, true, 100e9)).value, 3.2e12);
  const ScaleUp v4 = torus({16, 16, 16}, true, 45e9);
  EXPECT_NEAR(bisection(v4).value, 24e12, 0.05 * 24e12);
  const Network network = network_of(v4);
  std::vector<int> half(2048);
  std::iota(half.begin(), half.end(), 0);
  EXPECT_DOUBLE_EQ(cut_between_halves(network, half).capacity.value, bisection(v4).value);
}

// Three workers and three tasks, each task once: the assignment of least cost, against all 3!.
TEST(LeastCostFlow, SolvesAssignments) {
  auto draws = base::RandomStreams(3, 0).get("test/assignment", "cost");
  for (int n = 0; n < 50; ++n) {
    std::int64_t cost[4][4];
    std::vector<Arc> arcs;
    for (int w = 0; w < 4; ++w) {
      arcs.push_back({8, w, 1, 0});
      arcs.push_back({4 + w, 9, 1, 0});
      for (int t = 0; t < 4; ++t) {
        cost[w][t] = static_cast<std::int64_t>(draws.uniform() * 100.0);
        arcs.push_back({w, 4 + t, 1, cost[w][t]});
      }
    }
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    int order[4] = {0, 1, 2, 3};
    do {
      std::int64_t sum = 0;
      for (int w = 0; w < 4; ++w) sum += cost[w][order[w]];
      least = std::min(least, sum);
    } while (std::next_permutation(order, order + 4));
    const FlowOfLeastCost flow = least_cost_flow(10, arcs, 8, 9);
    EXPECT_EQ(flow.units, 4);
    EXPECT_EQ(flow.cost, least);
  }
}

// Two ways of unlike cost: the cheap one fills first, the dear one takes the rest.
TEST(LeastCostFlow, FillsTheCheapWayFirst) {
  const auto flow = least_cost_flow(
      4, {{0, 1, 3, 1}, {1, 3, 2, 1}, {0, 2, 5, 4}, {2, 3, 5, 0}, {1, 2, 9, 0}}, 0, 3);
  EXPECT_EQ(flow.units, 7);
  EXPECT_EQ(flow.cost, 2 * 2 + 1 * 1 + 4 * 4);
  EXPECT_THAT(flow.by_arc, ElementsAre(3, 2, 4, 5, 1));
}

TEST(LeastCostFlow, OfAnUnreachableSinkIsNone) {
  const auto flow = least_cost_flow(3, {{0, 1, 5, 1}}, 0, 2);
  EXPECT_EQ(flow.units, 0);
  EXPECT_THAT(flow.by_arc, ElementsAre(0));
}

}  // namespace
}  // namespace busbar::topology
