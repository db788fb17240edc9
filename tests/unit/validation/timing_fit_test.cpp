/// Timings of collectives: the lines that a fit finds, and what they are used for.
#include "sim/validation/timing_fit.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/collectives/derating.h"

namespace busbar::validation {
namespace {

TimingPoint point(double bytes, double time_s) {
  return {"h100_sxm", "all-reduce", "half", 8, bytes, time_s};
}

// Points on the lower of two lines: the fit finds both.
TEST(TimingFit, FindsTheProtocols) {
  std::vector<TimingPoint> points;
  for (int k = 10; k <= 30; ++k) {
    const double bytes = std::pow(2.0, k), x = 2.0 * 7.0 / 8.0 * bytes;
    points.push_back(point(bytes, std::min(10e-6 + x / 20e9, 40e-6 + x / 400e9)));
  }
  const auto fitted = fit_timing(points);
  EXPECT_LT(fitted.error, 0.01);
  ASSERT_GE(fitted.curve.lines.size(), 2u);
  EXPECT_NEAR(fitted.curve.lines.front().startup.value, 10e-6, 1e-6);
  EXPECT_NEAR(fitted.curve.lines.back().bandwidth.value, 400e9, 8e9);
}

// Two sizes cannot tell three lines apart.
TEST(TimingFit, FewSizesHaveOneLine) {
  const auto fitted = fit_timing({point(1e6, 20e-6), point(1e8, 500e-6)});
  EXPECT_EQ(fitted.curve.lines.size(), 1u);
}

// More ranks than were measured: as many further steps of the ring, at the protocol's own latency.
TEST(TimingFit, MoreRanksTakeMoreSteps) {
  model::Efficiency efficiency;
  efficiency.timings.push_back({"all-reduce",
                                8,
                                "",
                                {{base::Seconds{10e-6}, base::BytesPerSecond{20e9}},
                                 {base::Seconds{20e-6}, base::BytesPerSecond{200e9}},
                                 {base::Seconds{40e-6}, base::BytesPerSecond{400e9}}}});
  const auto timing = collectives::timing_for(efficiency, "all-reduce", 72, "");
  ASSERT_TRUE(timing);
  EXPECT_EQ(timing->ranks, 72);
  EXPECT_NEAR(timing->lines[2].startup.value, 40e-6 + 2.0 * 64.0 * 3.6e-6, 1e-12);
  EXPECT_EQ(timing->lines[2].bandwidth.value, 400e9);
  EXPECT_EQ(collectives::timing_for(efficiency, "all-reduce", 5, "int8")->lines[0].startup.value,
            10e-6);
  EXPECT_FALSE(collectives::timing_for(efficiency, "all-gather", 8, ""));
}

}  // namespace
}  // namespace busbar::validation
