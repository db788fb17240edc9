#include "sim/scheduling/placements.h"

#include <gmock/gmock.h>

#include <tuple>

#include "sim/scheduling/waiting_queue.h"

namespace busbar::scheduling {
namespace {

// Two sites: the first with two buildings of 5 and 9 free domains, the second with one of 10.
PoolState two_sites() {
  PoolState pool;
  pool.parts = {{.cluster = 0, .site = 0, .free_domains = 5},
                {.cluster = 0, .site = 0, .free_domains = 9},
                {.cluster = 1, .site = 1, .free_domains = 10}};
  pool.headroom.resize(2);
  return pool;
}

std::int32_t place_of(const Placement& placement, std::int64_t chips = 2) {
  Allocation found;
  Obstacle why = Obstacle::kNone;
  EXPECT_TRUE(two_sites().find({.chips = chips}, placement, found, why));
  return found.shares.at(0).part;
}

TEST(Placements, ChooseTheBuilding) {
  EXPECT_EQ(place_of(FirstFit{}), 0);
  EXPECT_EQ(place_of(BestFit{}), 0);
  EXPECT_EQ(place_of(WorstFit{}), 2);
}

// The second site has fewer free domains in all; the first has more, most in its second building.
TEST(Placements, PackAndSpreadLookAtSitesFirst) {
  EXPECT_EQ(place_of(Packed{}), 2);
  EXPECT_EQ(place_of(Spread{}), 1);
}

// A building that cannot hold the job does not count.
TEST(Placements, OnlyWhereItFits) {
  EXPECT_EQ(place_of(FirstFit{}, 6), 1);
  EXPECT_EQ(place_of(Spread{}, 10), 2);
}

TEST(Part, KnowsItsLargestHole) {
  Part part{.chips_per_domain = 8, .free_domains = 2, .shared = {3, -1, 5}, .shared_free_chips = 8};
  EXPECT_EQ(part.largest_hole(), 21);
  part.free_domains = -1;
  EXPECT_EQ(part.largest_hole(), 5);
}

// Jobs pushed in any order stand by rank, submission and id, through arrivals and departures.
TEST(WaitingQueue, StandsByRank) {
  WaitingQueue queue;
  std::uint32_t seed = 3;
  const auto draw = [&](std::uint32_t below) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 12) % below;
  };
  for (std::int32_t id = 0; id < 5000; ++id) {
    WaitingJob job{.id = id, .request = {.chips = 1 + draw(9)}, .requested_s = 1.0 + draw(9)};
    job.rank = draw(40);
    job.submit_s = draw(7);
    queue.push(job);
    if (queue.size() > 300 || draw(3) == 0) {
      auto place = queue.front();
      for (auto steps = draw(static_cast<std::uint32_t>(queue.size())); steps > 0; --steps) {
        place = queue.after(place);
      }
      queue.erase(place);
    }
    if (id % 50 != 0) continue;
    size_t jobs = 0;
    std::tuple<double, double, std::int32_t> last{-1.0, 0.0, 0};
    for (auto at = queue.front(); at != WaitingQueue::kEnd; at = queue.after(at), ++jobs) {
      const std::tuple next{queue[at].rank, queue[at].submit_s, queue[at].id};
      ASSERT_LT(last, next);
      last = next;
    }
    ASSERT_EQ(jobs, queue.size());
  }
}

}  // namespace
}  // namespace busbar::scheduling
