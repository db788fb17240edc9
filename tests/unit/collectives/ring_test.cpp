#include "sim/collectives/ring.h"

#include <gtest/gtest.h>

namespace busbar::collectives {
namespace {

using base::Bytes;
using base::BytesPerSecond;
using base::Seconds;

// 1 GB over 4 ranks of 100 GB/s: 2 x 3/4 x 10 ms, and 6 latencies of 1 us.
TEST(Ring, ReducesAndGathers) {
  EXPECT_NEAR(ring_all_reduce(Bytes{1e9}, 4, BytesPerSecond{100e9}, Seconds{1e-6}).value,
              0.015 + 6e-6, 1e-12);
  EXPECT_EQ(ring_all_reduce(Bytes{1e9}, 1, BytesPerSecond{100e9}, Seconds{1e-6}).value, 0.0);
}

// 8 ranks a domain reduce 1 GB inside, then each takes 1/8 of it around 4 domains at 50 GB/s.
TEST(Ring, HierarchicalAddsTheOuterRing) {
  const double inside = 2.0 * 7 / 8 * 1e9 / 400e9;
  const double outside = 2.0 * 3 / 4 * (1e9 / 8) / 50e9;
  EXPECT_NEAR(hierarchical_all_reduce(Bytes{1e9}, 8, 4, BytesPerSecond{400e9}, BytesPerSecond{50e9},
                                      Seconds{}, Seconds{})
                  .value,
              inside + outside, 1e-12);
}

// Every rank must send and receive 2 (n-1)/n of the bytes: no time is shorter, and more bandwidth
// never makes it longer.
TEST(Ring, NeverBeatsTheBandwidthBound) {
  for (double ranks = 2; ranks <= 1 << 20; ranks *= 2) {
    for (double size = 1; size < 1e12; size *= 100) {
      double before = 1e300;
      for (double bandwidth = 1e9; bandwidth < 1e13; bandwidth *= 3) {
        const double t =
            ring_all_reduce(Bytes{size}, ranks, BytesPerSecond{bandwidth}, Seconds{1e-6}).value;
        EXPECT_GE(t, 2.0 * (ranks - 1) / ranks * size / bandwidth);
        EXPECT_LE(t, before);
        before = t;
      }
    }
  }
}

}  // namespace
}  // namespace busbar::collectives
