#include "sim/collectives/curve.h"

#include <gtest/gtest.h>

namespace busbar::collectives {
namespace {

TEST(Curve, SmallOnesTakeTheStartupLargeOnesTheBandwidth) {
  const model::CollectiveCurve curve{base::Seconds{1e-5}, base::BytesPerSecond{4e11},
                                     base::Bytes{5e6}};
  EXPECT_EQ(curve_s(curve, 0.0), 0.0);
  EXPECT_NEAR(curve_s(curve, 1.0), 1e-5, 1e-8);
  EXPECT_NEAR(curve_s(curve, 1e12), 1e12 / 4e11, 0.01);
  // At the half size the bandwidth is halved.
  EXPECT_NEAR(curve_s(curve, 5e6) - 1e-5, 2.0 * 5e6 / 4e11, 1e-12);
}

TEST(Curve, ARankSendsAllButItsOwnShare) {
  EXPECT_EQ(wire_bytes(800.0, 8.0), 700.0);
  EXPECT_EQ(wire_bytes(800.0, 1.0), 0.0);
}

}  // namespace
}  // namespace busbar::collectives
