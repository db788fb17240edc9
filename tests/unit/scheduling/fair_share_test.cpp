#include "sim/scheduling/fair_share.h"

#include <gmock/gmock.h>

#include "tests/unit/scheduling/pool_simulator.h"

namespace busbar::scheduling::test {
namespace {

using ::testing::ElementsAre;

constexpr std::int32_t kA = 0, kB = 1, kC = 2;

FairShare policy(bool preemption = true) {
  return FairShare({.half_life = base::Seconds{3600.0},
                    .preemption = preemption,
                    .restart_time = base::Seconds{0.0}});
}

std::vector<Fate> run(const QueuePolicy& policy, std::vector<SimulatedJob> jobs) {
  // Ten chips: six belong to A, four to B; C owns none.
  return PoolSimulator(plain_pool(1, 10, 1), {{.quota_chips = 6}, {.quota_chips = 4}, {}})
      .run(policy, jobs);
}

// B borrows what A leaves idle. When A asks, the last started of B's jobs gives way and starts
// over once A has ended.
TEST(FairShare, BorrowersGiveWayToOwners) {
  const auto fates = run(policy(), {{0.0, 100.0, 100.0, 4, 0, kB},
                                    {1.0, 100.0, 100.0, 3, 0, kB},
                                    {2.0, 100.0, 100.0, 3, 0, kB},
                                    {10.0, 50.0, 50.0, 3, 0, kA}});
  EXPECT_EQ(fates[3].start_s, 10.0);
  EXPECT_EQ(fates[2].preemptions, 1);
  EXPECT_EQ(fates[2].lost_s, 8.0);
  EXPECT_EQ(fates[2].start_s, 60.0);
  EXPECT_EQ(fates[0].preemptions + fates[1].preemptions, 0);
}

// Without preemption the owner waits for the first borrower to end.
TEST(FairShare, WithoutPreemptionOwnersWait) {
  const auto fates = run(
      policy(false),
      {{0.0, 100.0, 100.0, 10, 0, kB}, {10.0, 50.0, 50.0, 6, 0, kA}, {11.0, 50.0, 50.0, 6, 0, kC}});
  EXPECT_EQ(fates[0].preemptions, 0);
  EXPECT_EQ(fates[1].start_s, 100.0);
  EXPECT_EQ(fates[2].start_s, 150.0);
}

// A job started last, but not needed for the claim, stays: only the wide one gives room.
TEST(FairShare, NobodyGivesWayInVain) {
  const auto fates = run(
      policy(),
      {{0.0, 100.0, 100.0, 9, 0, kC}, {1.0, 100.0, 100.0, 1, 0, kC}, {10.0, 50.0, 50.0, 6, 0, kA}});
  EXPECT_EQ(fates[0].preemptions, 1);
  EXPECT_EQ(fates[1].preemptions, 0);
  EXPECT_EQ(fates[2].start_s, 10.0);
}

// Within its quota nobody gives way, however much it has used.
TEST(FairShare, OwnersKeepTheirQuota) {
  const auto fates = run(policy(), {{0.0, 1000.0, 1000.0, 6, 0, kA},
                                    {1.0, 1000.0, 1000.0, 4, 0, kB},
                                    {10.0, 50.0, 50.0, 4, 0, kB},
                                    {10.0, 50.0, 50.0, 6, 0, kA}});
  EXPECT_EQ(fates[0].preemptions + fates[1].preemptions, 0);
  EXPECT_EQ(fates[3].start_s, 1000.0);
  EXPECT_EQ(fates[2].start_s, 1001.0);
}

// Both want to borrow all; the one that has used less of its quota is first.
TEST(FairShare, WhoHasUsedLessBorrowsFirst) {
  const auto fates = run(policy(), {{0.0, 100.0, 100.0, 10, 0, kA},
                                    {1.0, 100.0, 100.0, 10, 0, kA},
                                    {2.0, 100.0, 100.0, 10, 0, kB}});
  EXPECT_EQ(fates[2].start_s, 100.0);
  EXPECT_EQ(fates[1].start_s, 200.0);
}

}  // namespace
}  // namespace busbar::scheduling::test
