// Gangs in pods: no slice crosses one, groups of a fabric keep nobody out.
#include <gmock/gmock.h>

#include "sim/scheduling/placements.h"

namespace busbar::scheduling {
namespace {

using ::testing::ElementsAre;
using Rule = PodCounts::Rule;

// One building of 64-chip domains, free by pod.
PoolState pods_of(Rule rule, const std::vector<std::int64_t>& free, std::int64_t domains = 16) {
  PoolState pool;
  Part part{.cluster = 0, .site = 0, .chips_per_domain = 64};
  part.pods = PodCounts(rule, static_cast<std::int32_t>(free.size()), domains);
  for (size_t pod = 0; pod < free.size(); ++pod) {
    part.pods.add(static_cast<std::int32_t>(pod), free[pod]);
    part.free_domains += free[pod];
  }
  pool.parts = {part};
  pool.headroom.resize(1);
  return pool;
}

std::vector<std::int64_t> free_of(const PoolState& pool) {
  std::vector<std::int64_t> free;
  for (std::int32_t pod = 0; pod < pool.parts[0].pods.size(); ++pod) {
    free.push_back(pool.parts[0].pods.free(pod));
  }
  return free;
}

bool start(PoolState& pool, const Request& request, const Placement& placement,
           Allocation* held = nullptr) {
  Allocation found;
  Obstacle why = Obstacle::kNone;
  if (!pool.find(request, placement, found, why)) return false;
  pool.take(found);
  if (held != nullptr) *held = found;
  return true;
}

// 12 domains are free, but no pod has 8 of them.
TEST(Pods, NoSliceCrossesOne) {
  PoolState pool = pods_of(Rule::kSlices, {6, 6});
  EXPECT_FALSE(start(pool, {.chips = 8 * 64}, BestFit{}));
  EXPECT_TRUE(start(pool, {.chips = 8 * 64, .slices = 2}, BestFit{}));
  EXPECT_THAT(free_of(pool), ElementsAre(2, 2));
  EXPECT_EQ(pool.parts[0].largest_hole(), 2 * 64);
}

// Slices stand together where one pod holds them all.
TEST(Pods, SlicesOfAJobKeepTogether) {
  PoolState pool = pods_of(Rule::kSlices, {5, 9, 16});
  Allocation held;
  EXPECT_TRUE(start(pool, {.chips = 8 * 64, .slices = 2}, BestFit{}, &held));
  EXPECT_THAT(free_of(pool), ElementsAre(5, 1, 16));
  EXPECT_EQ(held.shares[0].pods, 1);
  pool.give_back(held);
  EXPECT_TRUE(start(pool, {.chips = 24 * 64, .slices = 6}, BestFit{}, &held));
  EXPECT_THAT(free_of(pool), ElementsAre(1, 1, 4));
  EXPECT_EQ(held.shares[0].pods, 3);
  pool.give_back(held);
  EXPECT_THAT(free_of(pool), ElementsAre(5, 9, 16));
}

// Ties go to the first pod.
TEST(Pods, PlacementChoosesThePod) {
  const auto after = [](const Placement& placement) {
    PoolState pool = pods_of(Rule::kSlices, {5, 3, 9, 3, 9});
    EXPECT_TRUE(start(pool, {.chips = 3 * 64}, placement));
    return free_of(pool);
  };
  EXPECT_THAT(after(BestFit{}), ElementsAre(5, 0, 9, 3, 9));
  EXPECT_THAT(after(Packed{}), ElementsAre(5, 0, 9, 3, 9));
  EXPECT_THAT(after(FirstFit{}), ElementsAre(2, 3, 9, 3, 9));
  EXPECT_THAT(after(WorstFit{}), ElementsAre(5, 3, 6, 3, 9));
  EXPECT_THAT(after(Spread{}), ElementsAre(5, 3, 6, 3, 9));
}

// A shared domain belongs to the pod it was opened in, and goes back there.
TEST(Pods, KnowTheirSharedDomains) {
  PoolState pool = pods_of(Rule::kSlices, {2, 1});
  Allocation first, second;
  EXPECT_TRUE(start(pool, {.chips = 8}, BestFit{}, &first));
  EXPECT_TRUE(start(pool, {.chips = 32}, BestFit{}, &second));
  EXPECT_THAT(free_of(pool), ElementsAre(2, 0));
  pool.give_back(first);
  EXPECT_THAT(free_of(pool), ElementsAre(2, 0));
  pool.give_back(second);
  EXPECT_THAT(free_of(pool), ElementsAre(2, 1));
}

// A gang of a fabric stays in one leaf group if it can, else takes the fewest.
TEST(Pods, GroupsArePreferredOnly) {
  PoolState pool = pods_of(Rule::kGroups, {3, 7, 9});
  Allocation held;
  EXPECT_TRUE(start(pool, {.chips = 7 * 64}, BestFit{}, &held));
  EXPECT_THAT(free_of(pool), ElementsAre(3, 0, 9));
  EXPECT_TRUE(start(pool, {.chips = 11 * 64}, BestFit{}, &held));
  EXPECT_EQ(held.shares[0].pods, 2);
  EXPECT_THAT(free_of(pool), ElementsAre(1, 0, 0));
  EXPECT_EQ(pool.parts[0].largest_hole(), 64);
}

// A slice stays in its building; a job that may span buildings has one slice in each.
TEST(Pods, OneSliceIsNotDividedOverBuildings) {
  PoolState pool = pods_of(Rule::kSlices, {6, 2});
  pool.parts.push_back(pods_of(Rule::kSlices, {5, 5}).parts[0]);
  Allocation found;
  Obstacle why = Obstacle::kNone;
  EXPECT_FALSE(pool.find({.chips = 10 * 64}, BestFit{}, found, why));
  EXPECT_EQ(why, Obstacle::kChips);
  const Request spanning{.chips = 10 * 64, .span = model::Span::kSite};
  ASSERT_TRUE(pool.find(spanning, BestFit{}, found, why));
  ASSERT_EQ(found.pods.size(), 2u);
  EXPECT_NE(found.pods[0].part, found.pods[1].part);
  const Request sliced{.chips = 15 * 64, .slices = 3};
  ASSERT_TRUE(pool.find(sliced, BestFit{}, found, why));
  EXPECT_EQ(found.pods.size(), 3u);
}

// Two buildings of one cluster each, the first nearly full. In the first the gang would take two
// groups of a fabric at 4:1; in the second it has one.
TEST(Pods, BisectionBeatsBestFit) {
  PoolState pool = pods_of(Rule::kGroups, {4, 4});
  pool.parts.push_back(pods_of(Rule::kGroups, {10, 9}).parts[0]);
  const Bisections fabric{.slice_Bps = {450e9}, .group_Bps = 25e9, .across_Bps = 6.25e9};
  for (Part& part : pool.parts) part.bisections = &fabric;
  const auto place = [&](const Placement& placement, std::int64_t domains) {
    Allocation found;
    Obstacle why = Obstacle::kNone;
    EXPECT_TRUE(pool.find({.chips = domains * 64}, placement, found, why));
    return found.shares.at(0).part;
  };
  EXPECT_EQ(place(BestFit{}, 8), 0);
  EXPECT_EQ(place(LargestBisection{}, 8), 1);
  EXPECT_EQ(place(LargestBisection{}, 4), 0);
  // A pod's own network beats any fabric.
  const Bisections torus{.slice_Bps = std::vector<double>(16, 100e9), .group_Bps = 25e9};
  pool.parts[1].bisections = &torus;
  EXPECT_EQ(place(LargestBisection{}, 4), 1);
}

// Two halls on one feed have less left together than the third on another.
TEST(Pods, SpreadLooksAtFeeds) {
  PoolState pool;
  pool.parts = {{.cluster = 0, .site = 0, .free_domains = 6, .feed = 0},
                {.cluster = 0, .site = 0, .free_domains = 1, .feed = 0},
                {.cluster = 0, .site = 0, .free_domains = 5, .feed = 1},
                {.cluster = 0, .site = 0, .free_domains = 4, .feed = 1}};
  pool.headroom.resize(1);
  Allocation found;
  Obstacle why = Obstacle::kNone;
  ASSERT_TRUE(pool.find({.chips = 1}, Spread{}, found, why));
  EXPECT_EQ(found.shares[0].part, 2);
}

}  // namespace
}  // namespace busbar::scheduling
