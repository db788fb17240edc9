#include "sim/base/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace busbar::base {
namespace {

TEST(RandomStream, IsUniform) {
  RandomStream random = RandomStreams(1, 0).get("test", "a");
  double sum = 0.0, squares = 0.0;
  constexpr int kDraws = 200000;
  for (int i = 0; i < kDraws; ++i) {
    const double u = random.uniform();
    ASSERT_GT(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    squares += u * u;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 5 * std::sqrt(1.0 / 12 / kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0 / 3, 0.005);
  EXPECT_EQ(random.drawn(), static_cast<std::uint64_t>(kDraws));
}

// Streams of other names, purposes, seeds and replicates have nothing in common.
TEST(RandomStreams, NamesAreIndependent) {
  const auto first = [](std::uint64_t seed, std::uint64_t replicate, const char* purpose,
                        const std::string& entity) {
    return RandomStreams(seed, replicate).get(purpose, entity).uniform();
  };
  const double base = first(1, 0, "p", "a");
  EXPECT_EQ(base, first(1, 0, "p", "a"));
  EXPECT_NE(base, first(1, 0, "p", "b"));
  EXPECT_NE(base, first(1, 0, "q", "a"));
  EXPECT_NE(base, first(2, 0, "p", "a"));
  EXPECT_NE(base, first(1, 1, "p", "a"));
  // Correlation of two streams of one family.
  RandomStream a = RandomStreams(3, 0).get("p", "rack-1"),
               b = RandomStreams(3, 0).get("p", "rack-2");
  double product = 0.0;
  for (int i = 0; i < 100000; ++i) product += (a.uniform() - 0.5) * (b.uniform() - 0.5);
  EXPECT_NEAR(product / 100000 * 12, 0.0, 0.02);
}

TEST(RandomStream, NormalAndExponentialHaveTheirMoments) {
  RandomStream random(42);
  double sum = 0.0, squares = 0.0, exponential = 0.0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
    exponential += random.exponential(7.0);
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 0.02);
  EXPECT_NEAR(squares / kDraws, 1.0, 0.03);
  EXPECT_NEAR(exponential / kDraws, 7.0, 0.15);
}

}  // namespace
}  // namespace busbar::base
