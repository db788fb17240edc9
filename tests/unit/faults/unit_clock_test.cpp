#include "sim/faults/unit_clock.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace busbar::faults {
namespace {

// Drawn over a fine grid, every unit comes up, and lemons as often as their weight says.
TEST(UnitPicker, LemonsFailMoreOftenAndNobodyIsLeftOut) {
  const UnitPicker picker(100, 0.07, 5.0);
  EXPECT_EQ(picker.lemons(), 7);
  std::vector<int> hits(100, 0);
  const int draws = 128'000;  // 7 x 5 + 93 = 128 shares
  for (int i = 0; i < draws; ++i) ++hits[static_cast<size_t>(picker.pick((i + 0.5) / draws))];
  int lemons = 0;
  for (std::int64_t unit = 0; unit < 100; ++unit) {
    lemons += picker.is_lemon(unit) ? 1 : 0;
    EXPECT_NEAR(hits[static_cast<size_t>(unit)], picker.is_lemon(unit) ? 5000 : 1000, 2) << unit;
  }
  EXPECT_EQ(lemons, 7);
}

TEST(UnitPicker, EqualUnitsAreEquallyLikely) {
  const UnitPicker picker(3, 0.0, 1.0);
  EXPECT_EQ(picker.pick(0.1), 0);
  EXPECT_EQ(picker.pick(0.5), 1);
  EXPECT_EQ(picker.pick(0.99), 2);
}

// After many lives of every unit the failures come at the mean rate, whatever the shape: the
// renewal theorem. 50 units x 200 lives: an error of about 1 %.
TEST(AgeingUnits, LongRunRateIsTheMean) {
  for (const double shape : {0.7, 3.0}) {
    AgeingUnits units(base::Hertz{0.01}, shape, base::RandomStreams(3, 0).get("test", "ageing"));
    units.add(50, 0.0, 0.0);
    int failures = 0;
    while (units.next_s() < 20'000.0) {
      units.pop();
      ++failures;
    }
    EXPECT_NEAR(failures / (50 * 20'000.0 * 0.01), 1.0, 0.05) << shape;
  }
}

// Wear: no unit fails young; the first of 1,000 fails at its quantile of the Weibull distribution.
TEST(AgeingUnits, WearComesLate) {
  double sum = 0.0;
  for (std::uint64_t r = 0; r < 400; ++r) {
    AgeingUnits units(base::Hertz{1.0}, 4.0, base::RandomStreams(5, r).get("test", "first"));
    units.add(1000, 0.0, 0.0);
    sum += units.next_s();
  }
  // The minimum of n Weibull lives is Weibull with scale / n^(1/k): mean 1000^(-1/4) of one's.
  EXPECT_NEAR(sum / 400, std::pow(1000.0, -0.25), 0.01);
}

// Each life draws another unit of the cohort, and those taken out never fail again.
TEST(AgeingUnits, UnitsAreDistinctUntilTheyAreRenewed) {
  AgeingUnits units(base::Hertz{1.0}, 50.0, base::RandomStreams(5, 0).get("test", "distinct"));
  units.add(40, 0.0, 0.0);
  std::set<std::int64_t> seen;
  for (int i = 0; i < 40; ++i) seen.insert(units.pop());
  EXPECT_EQ(seen.size(), 40u);  // lives of nearly one length
  units.keep(10, units.next_s());
  for (int i = 0; i < 100; ++i) EXPECT_LT(units.pop(), 10);
}

}  // namespace
}  // namespace busbar::faults
