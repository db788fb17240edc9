#include "sim/serving/deferred_traffic.h"

#include <gtest/gtest.h>

namespace busbar::serving {
namespace {

TEST(DeferredTraffic, ServesTheOldestFirstAndCountsWhatIsLate) {
  DeferredTraffic traffic;
  traffic.add(10.0, 5.0);
  traffic.add(20.0, 7.0);
  EXPECT_DOUBLE_EQ(traffic.waiting(), 12.0);
  EXPECT_DOUBLE_EQ(traffic.due_by(10.0), 5.0);
  EXPECT_DOUBLE_EQ(traffic.due_by(9.9), 0.0);
  const auto taken = traffic.take(6.0, 15.0);  // past the first deadline, before the second
  EXPECT_DOUBLE_EQ(taken.served, 6.0);
  EXPECT_DOUBLE_EQ(taken.late, 5.0);
  EXPECT_DOUBLE_EQ(traffic.waiting(), 6.0);
  EXPECT_DOUBLE_EQ(traffic.due_by(20.0), 6.0);
}

TEST(DeferredTraffic, TakesNoMoreThanWaits) {
  DeferredTraffic traffic;
  traffic.add(10.0, 0.3);
  traffic.add(10.0, 0.0);
  EXPECT_DOUBLE_EQ(traffic.take(1e9, 0.0).served, 0.3);
  EXPECT_DOUBLE_EQ(traffic.waiting(), 0.0);
  EXPECT_DOUBLE_EQ(traffic.take(1.0, 0.0).served, 0.0);
}

}  // namespace
}  // namespace busbar::serving
