#include "sim/faults/repair_shop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace busbar::faults {
namespace {

std::vector<double> back_times(RepairShop& shop) {
  std::vector<double> times;
  while (!std::isinf(shop.next_s())) {
    for (const Repaired& r : shop.advance(shop.next_s())) times.push_back(r.back_s);
  }
  return times;
}

// One crew, two units at once, ten seconds each: the second waits for the first.
TEST(RepairShop, UnitsWaitForACrew) {
  RepairShop shop({.count = 1, .spares = {}, .spare_lead = {}});
  shop.arrive({.number = 1, .work_s = 10.0}, 0.0);
  shop.arrive({.number = 2, .work_s = 10.0}, 0.0);
  EXPECT_EQ(shop.waiting(), 1u);
  EXPECT_THAT(back_times(shop), ::testing::ElementsAre(10.0, 20.0));
}

// A test needs no crew: the next repair starts while the first unit is still under test, and may be
// back before it.
TEST(RepairShop, TestsNeedNoCrew) {
  RepairShop shop({.count = 1, .spares = {}, .spare_lead = {}});
  shop.arrive({.number = 1, .work_s = 10.0, .retest_s = 5.0}, 0.0);
  shop.arrive({.number = 2, .work_s = 1.0}, 0.0);
  EXPECT_THAT(back_times(shop), ::testing::ElementsAre(11.0, 15.0));
}

// One part: the second repair waits until the first part has been repaired elsewhere, 10 + 30 s.
// Nobody overtakes it, not even who needs no part.
TEST(RepairShop, PartsComeBackAfterTheirLeadTime) {
  RepairShop shop({.count = 5, .spares = 1, .spare_lead = base::Seconds{30.0}});
  shop.arrive({.number = 1, .work_s = 10.0, .needs_spare = true}, 0.0);
  shop.arrive({.number = 2, .work_s = 10.0, .needs_spare = true}, 0.0);
  shop.arrive({.number = 3, .work_s = 10.0}, 1.0);
  EXPECT_EQ(shop.spares(), 0);
  EXPECT_THAT(back_times(shop), ::testing::ElementsAre(10.0, 50.0, 50.0));
}

// Two parts, and a supplier that sends no more: the third repair waits for ever.
TEST(RepairShop, WithoutNewPartsTheStockRunsOut) {
  RepairShop shop({.count = 5, .spares = 2, .spare_lead = base::Seconds{30.0}});
  for (int i = 1; i <= 3; ++i) {
    shop.arrive({.number = i, .work_s = 10.0, .needs_spare = true, .replenished = false}, 0.0);
  }
  EXPECT_THAT(back_times(shop), ::testing::ElementsAre(10.0, 10.0));
  EXPECT_EQ(shop.waiting(), 1u);
}

// A site that says nothing of crews and parts never waits for any.
TEST(RepairShop, WithoutCrewsSaidNobodyWaits) {
  RepairShop shop({});
  for (int i = 0; i < 100; ++i) shop.arrive({.number = i, .work_s = 7.0, .needs_spare = true}, 1.0);
  EXPECT_EQ(shop.waiting(), 0u);
  const auto back = shop.advance(8.0);
  ASSERT_EQ(back.size(), 100u);
  EXPECT_EQ(back[41].number, 41);
}

}  // namespace
}  // namespace busbar::faults
