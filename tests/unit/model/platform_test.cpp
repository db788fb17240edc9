#include "sim/model/platform.h"

#include <gtest/gtest.h>

#include "sim/base/calendar.h"

namespace busbar::model {
namespace {

TEST(Curve, IsLinearBetweenAndConstantOutside) {
  const Curve curve{{15.0, 35.0}, {1.10, 1.22}};
  EXPECT_DOUBLE_EQ(curve.at(0.0), 1.10);
  EXPECT_DOUBLE_EQ(curve.at(25.0), 1.16);
  EXPECT_DOUBLE_EQ(curve.at(40.0), 1.22);
}

TEST(ValueAt, HoldsUntilTheNextStep) {
  const std::vector<DatedValue> steps{{100.0, 1.0}, {200.0, 2.0}};
  EXPECT_EQ(value_at(steps, 99.0, -1.0), -1.0);
  EXPECT_EQ(value_at(steps, 100.0, -1.0), 1.0);
  EXPECT_EQ(value_at(steps, 250.0, -1.0), 2.0);
}

// What arrives burns in; what leaves is gone at once.
TEST(Cluster, CountsDomainsByDate) {
  Cluster cluster;
  cluster.burn_in = base::Seconds{50.0};
  cluster.deliveries = {{100.0, 10}, {300.0, 5}, {400.0, -8}};
  EXPECT_EQ(cluster.domains_at(149.0), 0);
  EXPECT_EQ(cluster.domains_at(150.0), 10);
  EXPECT_EQ(cluster.domains_at(350.0), 15);
  EXPECT_EQ(cluster.domains_at(400.0), 7);
}

TEST(EnergySeries, FollowsHoursAndMonths) {
  EnergySeries series;
  series.mean = 10.0;
  series.by_hour_utc.assign(24, 1.0);
  series.by_hour_utc[20] = 3.0;
  series.by_month.assign(12, 1.0);
  series.by_month[6] = 0.5;
  EXPECT_DOUBLE_EQ(series.at(*base::parse_date("2026-03-01T20:30")), 30.0);
  EXPECT_DOUBLE_EQ(series.at(*base::parse_date("2026-07-01T20:30")), 15.0);
}

}  // namespace
}  // namespace busbar::model
