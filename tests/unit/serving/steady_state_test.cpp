#include "sim/serving/steady_state.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/unit/serving/llama_on_h100.h"

namespace busbar::serving {
namespace {

class SteadyStateTest : public LlamaOnH100 {};

// Published: 9.1 ms a token at 4 concurrent requests on 8 H100 (aiconfigurator's data base).
TEST_F(SteadyStateTest, TokenTimeIsInTheRightRange) {
  const ReplicaEstimate r = estimate();
  ASSERT_TRUE(r.feasible) << r.reason;
  fmt::print("70B fp8 on 8 H100: {:.1f} ms a token alone, published 9.1 at 4 requests\n",
             1e3 * r.tpot_alone_s);
  EXPECT_NEAR(r.tpot_alone_s, 9.1e-3, 3e-3);
  EXPECT_LE(r.tpot_s, service_.tpot_slo.value);
}

// Capacity is a bound: demand above it is shed, all of it and nothing else.
TEST_F(SteadyStateTest, ShedsWhatExceedsCapacity) {
  const ReplicaEstimate r = estimate();
  const ServiceHour half = steady_state(r, 5.0 * r.requests_per_s, 10.0);
  EXPECT_DOUBLE_EQ(half.served_per_s, 5.0 * r.requests_per_s);
  EXPECT_DOUBLE_EQ(half.utilisation, 0.5);
  const ServiceHour twice = steady_state(r, 20.0 * r.requests_per_s, 10.0);
  EXPECT_DOUBLE_EQ(twice.served_per_s, 10.0 * r.requests_per_s);
  EXPECT_EQ(steady_state(r, 1.0, 0.0).served_per_s, 0.0);
}

// Waiting grows with load, and the 99th percentile is never below the median.
TEST_F(SteadyStateTest, WaitingGrowsWithLoad) {
  const ReplicaEstimate r = estimate();
  double before = 0.0;
  for (double load = 0.1; load < 1.0; load += 0.1) {
    const ServiceHour hour = steady_state(r, load * 4.0 * r.requests_per_s, 4.0);
    EXPECT_GE(hour.ttft_p99_s, hour.ttft_p50_s);
    EXPECT_GE(hour.ttft_p99_s, before);
    before = hour.ttft_p99_s;
  }
}

// One server at 50 % load: P(wait > t) = 0.5 exp(-0.5 mu t), so the 99th percentile is
// ln(50) / (0.5 mu).
TEST_F(SteadyStateTest, OneServerWaitsAsQueueingTheorySays) {
  const ReplicaEstimate r = estimate();
  const ServiceHour hour = steady_state(r, 0.5 * r.requests_per_s, 1.0);
  EXPECT_NEAR(hour.ttft_p99_s - r.prefill_s - r.tpot_s, std::log(50.0) / (0.5 * r.requests_per_s),
              1e-9);
}

// 70 GB of weights do not leave room on one GPU of 80 GB at 60 %: two are chosen.
TEST_F(SteadyStateTest, ChoosesTheFewestChips) {
  service_.chips_per_replica = 0;
  EXPECT_EQ(estimate().chips, 2.0);
  service_.precision = "bf16";
  EXPECT_EQ(estimate().chips, 4.0);
}

}  // namespace
}  // namespace busbar::serving
