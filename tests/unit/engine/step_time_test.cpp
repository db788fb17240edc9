#include "sim/engine/step_time.h"

#include <gmock/gmock.h>

#include <cmath>

namespace busbar::engine {
namespace {

PathLoad load(Sending sending, double bytes, double demand, double rate) {
  PathLoad load;
  load.sending = sending;
  load.bytes_per_step = bytes;
  load.demand_Bps = load.offered_Bps = demand;
  load.rate_Bps = load.burst_Bps = rate;
  return load;
}

// Smooth traffic hides: only what takes longer than compute is felt. A burst adds all of its time.
TEST(StepTime, SmoothHidesBurstsDoNot) {
  EXPECT_DOUBLE_EQ(step_time(2.0, 0.0, std::vector{load(Sending::kSmooth, 10.0, 5.0, 5.0)}), 2.0);
  EXPECT_DOUBLE_EQ(step_time(2.0, 0.0, std::vector{load(Sending::kSmooth, 10.0, 5.0, 4.0)}), 2.5);
  EXPECT_DOUBLE_EQ(step_time(2.0, 0.0, std::vector{load(Sending::kBursty, 10.0, 2.0, 5.0)}), 4.0);
}

// Latency that is not hidden is paid on top; that of an overlapped exchange only if it does not
// fit.
TEST(StepTime, LatencyIsPaidOnce) {
  EXPECT_DOUBLE_EQ(step_time(2.0, 0.025, std::vector{load(Sending::kSmooth, 10.0, 5.0, 5.0)}),
                   2.025);
  PathLoad hidden = load(Sending::kSmooth, 10.0, 10.0, 10.0);
  hidden.wait_s = 0.5;
  EXPECT_DOUBLE_EQ(step_time(2.0, 0.0, std::vector{hidden}), 2.0);
  hidden.wait_s = 1.5;
  EXPECT_DOUBLE_EQ(step_time(2.0, 0.0, std::vector{hidden}), 2.5);
}

// Bursts of one purpose go at the same time over their paths, a checkpoint comes after them.
TEST(StepTime, BurstsOfOnePurposeGoTogether) {
  PathLoad checkpoint = load(Sending::kBursty, 6.0, 6.0, 6.0);
  checkpoint.purpose = Purpose::kCheckpoint;
  EXPECT_DOUBLE_EQ(step_time(1.0, 0.0,
                             std::vector{load(Sending::kBursty, 10.0, 5.0, 5.0),
                                         load(Sending::kBursty, 3.0, 3.0, 3.0), checkpoint}),
                   1.0 + 2.0 + 1.0);
}

// A path that is held up stretches the step, so the job asks less of its other path; the path that
// holds it up is still asked for what compute alone would take.
TEST(StepTime, AHeldUpJobAsksLessElsewhere) {
  const std::vector loads{load(Sending::kSmooth, 10.0, 10.0, 2.0),
                          load(Sending::kSmooth, 10.0, 10.0, 10.0)};
  EXPECT_DOUBLE_EQ(demand_of(1.0, 0.0, loads, 1), 2.0);
  EXPECT_DOUBLE_EQ(demand_of(1.0, 0.0, loads, 0), 10.0);
}

// Two like jobs: a second of compute, then a burst that takes a second alone. Each meets the other
// for the part p of the time in which it sends: T = 1 + (1 + p), p = (1 + p) / T. So 1 + p is the
// golden ratio.
TEST(MeanLoads, TwoLikeBurstsMeetByTheGoldenRatio) {
  const std::vector<double> capacity{1.0};
  const std::vector<std::int32_t> path{0};
  MeanLoads means(1);
  double mean = 0.5;
  for (std::int32_t flow : {0, 1}) means.add(flow, path, mean);
  for (int i = 0; i < 100; ++i) {
    mean = 1.0 / (1.0 + 1.0 / means.burst_rate(capacity, 0));
    for (std::int32_t flow : {0, 1}) means.set(flow, mean);
  }
  const double golden = (1.0 + std::sqrt(5.0)) / 2.0;
  EXPECT_NEAR(1.0 / means.burst_rate(capacity, 0), golden, 1e-12);
}

// Never less than an equal share, however much the others would like; a small flow keeps its own.
TEST(MeanLoads, ABurstHasAtLeastAnEqualShare) {
  const std::vector<double> capacity{12.0, 100.0};
  const std::vector<std::int32_t> path{0}, both{0, 1};
  MeanLoads means(2);
  means.add(0, both, 0.1);
  means.add(1, path, 50.0);
  means.add(2, path, 50.0);
  means.add(3, path, 3.0);
  EXPECT_DOUBLE_EQ(means.burst_rate(capacity, 0), 3.0);
  means.set(3, 1.0);
  EXPECT_DOUBLE_EQ(means.burst_rate(capacity, 0), 11.0 / 3.0);
  means.remove(1);
  means.remove(2);
  EXPECT_DOUBLE_EQ(means.burst_rate(capacity, 0), 11.0);
}

}  // namespace
}  // namespace busbar::engine
