#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sim/serving/cache_delay.h"
#include "tests/unit/serving/llama_on_h100.h"

namespace busbar::serving {
namespace {

class DisaggregationTest : public LlamaOnH100 {};

// A prefill replica reads one prompt after the other; a decode replica makes the tokens of its
// batch and is not interrupted. One request needs 1/P of the one and 1/D of the other, as much time
// as both take of a replica that does everything: 1/C = 1/P + 1/D while prompts take less than
// half.
TEST_F(DisaggregationTest, PhasesShareTheTimeOfAWholeReplica) {
  service_.output_tokens = 1000;
  service_.input_tokens = 100;
  const ReplicaEstimate whole = estimate(), prefill = estimate(Phase::kPrefill),
                        decode = estimate(Phase::kDecode);
  ASSERT_TRUE(whole.feasible && prefill.feasible && decode.feasible);
  EXPECT_DOUBLE_EQ(prefill.requests_per_s, 1.0 / whole.prefill_s);
  EXPECT_DOUBLE_EQ(1.0 / prefill.requests_per_s + 1.0 / decode.requests_per_s,
                   1.0 / whole.requests_per_s);
  EXPECT_EQ(prefill.tpot_s, 0.0);
  EXPECT_EQ(decode.prefill_s, 0.0);
  EXPECT_DOUBLE_EQ(decode.tpot_s, whole.tpot_s);
}

// 500 tokens of 80 layers, 2 x 8 x 128 numbers each, a byte a number, over eight NICs of 50 GB/s.
TEST_F(DisaggregationTest, TellsItsCacheAndItsNics) {
  service_.input_tokens = 500;
  const ReplicaEstimate prefill = estimate(Phase::kPrefill);
  EXPECT_DOUBLE_EQ(prefill.cache_bytes, 500.0 * 80 * 2048);
  EXPECT_DOUBLE_EQ(prefill.nic_Bps, 400e9);
}

TEST_F(DisaggregationTest, PhasesHaveChipsOfTheirOwn) {
  service_.disaggregated.emplace();
  service_.disaggregated->prefill.chips_per_replica = 4;
  service_.disaggregated->decode.chips_per_replica = 8;
  EXPECT_EQ(estimate(Phase::kPrefill).chips, 4.0);
  EXPECT_EQ(estimate(Phase::kDecode).chips, 8.0);
}

TEST_F(DisaggregationTest, SaysWhyAPhaseIsNotFeasible) {
  service_.input_tokens = 100000;
  const ReplicaEstimate slow = estimate(Phase::kPrefill);
  EXPECT_FALSE(slow.feasible);
  EXPECT_NE(slow.reason.find("more than the target"), std::string::npos) << slow.reason;
  service_.ttft_slo = base::Seconds{1e6};
  service_.input_tokens = 10000000;
  EXPECT_NE(estimate(Phase::kPrefill).reason.find("no prompt"), std::string::npos);
  service_.tpot_slo = base::Seconds{0.001};
  EXPECT_FALSE(estimate(Phase::kDecode).feasible);
}

// The most requests per second and chip that meet both targets for 99 of 100 requests, on eight
// nodes: replicas that do everything, at the batch and the load that do best, against every split.
// Prompts stop the tokens of a whole replica, so its batches and loads must stay small; replicas
// of their own have no such stops. DistServe (OSDI 2024) found up to 7.4 times the rate under the
// same targets; here whole nodes and short prompts leave less to win.
TEST_F(DisaggregationTest, SplitServesMoreUnderATightTokenTime) {
  service_.input_tokens = 500;
  service_.output_tokens = 500;
  service_.ttft_slo = base::Seconds{1.0};
  constexpr double kNodes = 8.0, kTarget_s = 0.040;
  const auto most = [](double highest, const auto& meets) {
    double low = 0.0, high = highest;
    for (int i = 0; i < 50; ++i) {
      const double middle = (low + high) / 2.0;
      (meets(middle) ? low : high) = middle;
    }
    return low;
  };
  double whole = 0.0;
  for (double design_s = 0.008; design_s <= kTarget_s; design_s += 0.001) {
    service_.tpot_slo = base::Seconds{design_s};
    const ReplicaEstimate r = estimate();
    if (!r.feasible) continue;
    whole = std::max(whole, most(kNodes * r.requests_per_s, [&](double per_s) {
                       const ServiceHour hour = steady_state(r, per_s, kNodes);
                       return hour.itl_p99_s <= kTarget_s && hour.ttft_p99_s <= 1.0;
                     }));
  }
  service_.tpot_slo = base::Seconds{kTarget_s};
  const ReplicaEstimate p = estimate(Phase::kPrefill), d = estimate(Phase::kDecode);
  ASSERT_TRUE(p.feasible && d.feasible);
  double split = 0.0;
  for (double prefills = 1.0; prefills < kNodes; prefills += 1.0) {
    const double decodes = kNodes - prefills;
    const double capacity = std::min(prefills * p.requests_per_s, decodes * d.requests_per_s);
    split =
        std::max(split, most(capacity, [&](double per_s) {
                   const ServiceHour reads = steady_state(p, per_s, prefills),
                                     writes = steady_state(d, per_s, decodes);
                   const CacheDelay cache = cache_delay(
                       {.bytes = p.cache_bytes, .nic_Bps = std::min(p.nic_Bps, d.nic_Bps)}, per_s);
                   return writes.itl_p99_s <= kTarget_s &&
                          reads.ttft_p99_s + cache.alone_s + writes.ttft_p99_s <= 1.0;
                 }));
  }
  fmt::print("70B fp8, 64 H100, {:.0f} ms: {:.2f} requests/s whole, {:.2f} split, {:.2f} times\n",
             1e3 * kTarget_s, whole, split, split / whole);
  EXPECT_GT(split, 1.2 * whole);
  EXPECT_LT(split, 7.4 * whole);
  // Without a target of the tail the split has nothing to win: capacity is the same, less what
  // whole nodes cannot share.
  service_.tpot_slo = base::Seconds{kTarget_s};
  EXPECT_LT(split, kNodes * estimate().requests_per_s);
}

}  // namespace
}  // namespace busbar::serving
