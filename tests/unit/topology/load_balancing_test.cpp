#include "sim/topology/load_balancing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace busbar::topology {
namespace {

using model::LoadBalancing;

// As many balls as bins: 1 - 1/e of the bins are hit when there are many, 3/4 of two.
TEST(LoadBalancing, EcmpIsBallsInBins) {
  EXPECT_NEAR(usable_share(LoadBalancing::kEcmp, 2.0, 2.0), 0.75, 1e-12);
  EXPECT_NEAR(usable_share(LoadBalancing::kEcmp, 1e6, 1e6), 1.0 - std::exp(-1.0), 1e-6);
}

// Thrown for real: 40 flows on 16 links, many times.
TEST(LoadBalancing, EcmpIsWhatHashingGives) {
  std::mt19937 random(3);
  std::uniform_int_distribution<size_t> link(0, 15);
  double hit = 0.0;
  constexpr int kTimes = 20000;
  for (int i = 0; i < kTimes; ++i) {
    std::vector<bool> used(16, false);
    for (int flow = 0; flow < 40; ++flow) used[link(random)] = true;
    hit += static_cast<double>(std::count(used.begin(), used.end(), true)) / 16.0;
  }
  EXPECT_NEAR(usable_share(LoadBalancing::kEcmp, 40.0, 16.0), hit / kTimes, 2e-3);
}

TEST(LoadBalancing, OthersLoseNothing) {
  EXPECT_EQ(usable_share(LoadBalancing::kSpray, 4.0, 16.0), 1.0);
  EXPECT_EQ(usable_share(LoadBalancing::kAdaptive, 4.0, 16.0), 1.0);
  EXPECT_EQ(usable_share(LoadBalancing::kEcmp, 4.0, 1.0), 1.0);
}

}  // namespace
}  // namespace busbar::topology
