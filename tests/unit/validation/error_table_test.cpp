#include "sim/validation/error_table.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/validation/least_squares.h"

namespace busbar::validation {
namespace {

TEST(ErrorTable, IsThatOfTheDefinitions) {
  const Errors e = errors_of({1.1, 1.8, 3.0, 4.4}, {1.0, 2.0, 3.0, 4.0});
  EXPECT_EQ(e.count, 4);
  EXPECT_NEAR(e.mean_absolute, 0.075, 1e-12);
  EXPECT_NEAR(e.median_absolute, 0.1, 1e-12);
  EXPECT_NEAR(e.most_absolute, 0.1, 1e-12);
  EXPECT_NEAR(e.bias, 0.025, 1e-12);
  EXPECT_NEAR(e.spearman, 1.0, 1e-12);
}

TEST(ErrorTable, SpearmanCountsRanksAlone) {
  EXPECT_NEAR(spearman({1, 2, 3, 4}, {1, 10, 100, 1000}), 1.0, 1e-12);
  EXPECT_NEAR(spearman({1, 2, 3, 4}, {4, 3, 2, 1}), -1.0, 1e-12);
  EXPECT_NEAR(spearman({1, 2, 2, 4}, {1, 2, 2, 4}), 1.0, 1e-12);
  EXPECT_EQ(spearman({1, 2}, {1, 2}), 0.0);
}

TEST(LeastSquares, FindsAnExponential) {
  const auto residuals = [](const std::vector<double>& at, std::vector<double>& out) {
    for (size_t i = 0; i < 20; ++i) {
      const double x = 0.1 * static_cast<double>(i);
      out[i] = at[0] * std::exp(at[1] * x) - 3.0 * std::exp(-1.5 * x);
    }
  };
  const auto found = least_squares(residuals, 20, {1.0, 0.0});
  EXPECT_NEAR(found[0], 3.0, 1e-4);
  EXPECT_NEAR(found[1], -1.5, 1e-4);
  EXPECT_LT(sum_of_squares(residuals, 20, found), 1e-7);
}

}  // namespace
}  // namespace busbar::validation
