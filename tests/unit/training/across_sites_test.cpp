#include "sim/training/across_sites.h"

#include <gmock/gmock.h>

namespace busbar::training {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

constexpr double kTerabit_Bps = 1e12 / 8.0;
constexpr double kGradients = 2e12;  // bytes of 1T weights in 16 bits

// Two sites send each other all gradients once: 16, 1.6 and 0.16 s at 1, 10 and 100 Tbit/s, and a
// round trip of 25 ms once, however many chunks follow each other.
TEST(AcrossSites, ATrillionWeightsBetweenTwoSites) {
  EXPECT_DOUBLE_EQ(ring_bytes(2.0, kGradients), kGradients);
  const double latency_s = exchange_latency_s(2.0, 0.0125);
  EXPECT_DOUBLE_EQ(latency_s, 0.025);
  const model::AcrossSites exposed{1, "bf16", false, 1};
  for (const auto& [terabits, seconds] : {std::pair{1.0, 16.0}, {10.0, 1.6}, {100.0, 0.16}}) {
    const double step_s =
        step_with_exchange(10.0, kGradients, terabits * kTerabit_Bps, latency_s, exposed);
    EXPECT_NEAR(step_s, 10.0 + seconds + 0.025, 1e-12);
  }
}

// Behind the backward pass only what is longer than compute is felt, and the last round trip.
TEST(AcrossSites, OverlapHidesTheShorter) {
  const model::AcrossSites overlapped;
  EXPECT_DOUBLE_EQ(step_with_exchange(10.0, kGradients, kTerabit_Bps, 0.025, overlapped), 16.025);
  EXPECT_DOUBLE_EQ(step_with_exchange(20.0, kGradients, kTerabit_Bps, 0.025, overlapped), 20.025);
}

// Every tenth step: a tenth of the bytes and of the latency, waited for or hidden; four fragments
// have four latencies, which an overlapped exchange hides too.
TEST(AcrossSites, LowCommunication) {
  const model::AcrossSites waits{10, "bf16", false, 1}, streams{10, "bf16", true, 4};
  EXPECT_DOUBLE_EQ(step_with_exchange(10.0, kGradients, kTerabit_Bps, 0.025, waits), 11.6025);
  EXPECT_DOUBLE_EQ(step_with_exchange(10.0, kGradients, kTerabit_Bps, 0.025, streams), 10.0);
  EXPECT_DOUBLE_EQ(step_with_exchange(1.0, kGradients, kTerabit_Bps, 0.025, streams), 1.61);
}

// More sites: 2 (n-1)/n of the bytes over each edge, 2 (n-1) hops.
TEST(AcrossSites, RingsOfMoreSites) {
  EXPECT_DOUBLE_EQ(ring_bytes(4.0, 100.0), 150.0);
  EXPECT_DOUBLE_EQ(exchange_latency_s(4.0, 0.01), 0.06);
}

// A site three times as fast does three quarters of the batch; both take as long.
TEST(AcrossSites, SitesFinishTogether) {
  const std::vector<double> speeds{30.0, 10.0};
  const SharedBatch shared = share_batch(400.0, speeds);
  EXPECT_DOUBLE_EQ(shared.compute_s, 10.0);
  EXPECT_THAT(shared.share, ElementsAre(DoubleNear(0.75, 1e-12), DoubleNear(0.25, 1e-12)));
}

}  // namespace
}  // namespace busbar::training
