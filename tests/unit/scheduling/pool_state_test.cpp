#include "sim/scheduling/pool_state.h"

#include <gmock/gmock.h>

#include "sim/scheduling/policy.h"

namespace busbar::scheduling {
namespace {

std::unique_ptr<Placement> placement(const std::string& name) {
  base::Registry<Placement> registry{"placement"};
  add_builtin(registry);
  return registry.make({name, {}});
}

// Two buildings of 4 and 10 domains with 8 chips each, at one site.
PoolState two_buildings() {
  PoolState state;
  state.parts = {{.cluster = 0, .site = 0, .chips_per_domain = 8, .free_domains = 4},
                 {.cluster = 0, .site = 0, .chips_per_domain = 8, .free_domains = 10}};
  state.headroom.resize(1);
  return state;
}

Allocation take(PoolState& state, const Request& request, const Placement& where) {
  Allocation found;
  Obstacle why = Obstacle::kNone;
  EXPECT_TRUE(state.find(request, where, found, why));
  state.take(found);
  return found;
}

// Small jobs share a domain until it is full; only then is another one opened.
TEST(PoolState, SmallJobsShareADomain) {
  PoolState state = two_buildings();
  const auto best = placement("best-fit");
  const Allocation a = take(state, {.chips = 5}, *best);
  const Allocation b = take(state, {.chips = 3}, *best);
  EXPECT_EQ(a.shares[0].part, b.shares[0].part);
  EXPECT_EQ(a.shares[0].shared_slot, b.shares[0].shared_slot);
  EXPECT_EQ(state.parts[0].free_domains, 3);
  EXPECT_EQ(state.free_chips(), 14 * 8 - 8);
}

// A job of less than a domain takes chips of one domain: 6 + 6 chips free in two domains do not
// hold a job of 7.
TEST(PoolState, ASmallJobIsNotSplit) {
  PoolState state = two_buildings();
  state.parts[1].free_domains = 0;
  state.parts[0].free_domains = 2;
  const auto best = placement("best-fit");
  take(state, {.chips = 2}, *best);
  take(state, {.chips = 7}, *best);
  Allocation found;
  Obstacle why = Obstacle::kNone;
  EXPECT_EQ(state.free_chips(), 7);
  EXPECT_FALSE(state.find({.chips = 7}, *best, found, why));
  EXPECT_EQ(why, Obstacle::kChips);
  EXPECT_TRUE(state.find({.chips = 6}, *best, found, why));
}

// Best fit leaves the large hole whole; worst fit levels.
TEST(PoolState, PlacementChoosesTheBuilding) {
  const PoolState state = two_buildings();
  Allocation found;
  Obstacle why = Obstacle::kNone;
  EXPECT_TRUE(state.find({.chips = 24}, *placement("best-fit"), found, why));
  EXPECT_EQ(found.shares[0].part, 0);
  EXPECT_TRUE(state.find({.chips = 24}, *placement("worst-fit"), found, why));
  EXPECT_EQ(found.shares[0].part, 1);
}

// 12 domains do not fit in one building: the job takes the 10 of the larger and 2 of the other.
TEST(PoolState, AJobOfTheClusterMaySpanBuildings) {
  PoolState state = two_buildings();
  const Allocation found = take(state, {.chips = 96}, *placement("best-fit"));
  ASSERT_EQ(found.shares.size(), 2u);
  EXPECT_EQ(state.chips_of(found.shares[0]), 80);
  EXPECT_EQ(state.chips_of(found.shares[1]), 16);
  state.give_back(found);
  EXPECT_EQ(state.free_chips(), 14 * 8);
  Allocation none;
  Obstacle why = Obstacle::kNone;
  EXPECT_FALSE(
      state.find({.chips = 96, .span = model::Span::kDomain}, *placement("best-fit"), none, why));
}

// 100 chips at 50 W need 5 kW: 4 kW of headroom hold 80.
TEST(PoolState, PowerIsCapacityToo) {
  PoolState state = two_buildings();
  state.headroom[0].it_w = 4000.0;
  const auto best = placement("best-fit");
  Allocation found;
  Obstacle why = Obstacle::kNone;
  EXPECT_FALSE(state.find({.chips = 100, .watts_per_chip = 50.0}, *best, found, why));
  EXPECT_EQ(why, Obstacle::kItPower);
  EXPECT_TRUE(state.find({.chips = 80, .watts_per_chip = 50.0}, *best, found, why));
  state.take(found);
  EXPECT_DOUBLE_EQ(state.headroom[0].it_w, 0.0);
  state.headroom[0].it_w = 1e9;
  state.headroom[0].grid_w = 10.0;
  EXPECT_FALSE(state.find({.chips = 1, .watts_per_chip = 50.0}, *best, found, why));
  EXPECT_EQ(why, Obstacle::kGridPower);
}

// Whatever is taken and given back in any order, chips are conserved and never negative.
TEST(PoolState, ChipsAreConserved) {
  PoolState state = two_buildings();
  const auto best = placement("best-fit");
  std::vector<Allocation> held;
  std::uint32_t seed = 1;
  std::int64_t taken = 0;
  for (int i = 0; i < 20000; ++i) {
    seed = seed * 1664525u + 1013904223u;
    const std::uint32_t draw = seed >> 16;
    if (draw % 2 == 0) {
      Allocation found;
      Obstacle why = Obstacle::kNone;
      const Request request{.chips = 1 + draw % 40};
      if (!state.find(request, *best, found, why)) continue;
      state.take(found);
      taken += request.chips;
      held.push_back(found);
    } else if (!held.empty()) {
      const size_t at = draw / 2 % held.size();
      for (const Share& share : held[at].shares) taken -= state.chips_of(share);
      state.give_back(held[at]);
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
    }
    ASSERT_EQ(state.free_chips() + taken, 14 * 8);
    for (const Part& part : state.parts) ASSERT_GE(part.free_domains, 0);
  }
}

}  // namespace
}  // namespace busbar::scheduling
