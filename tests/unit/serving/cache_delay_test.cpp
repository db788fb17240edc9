#include "sim/serving/cache_delay.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/serving/waiting.h"

namespace busbar::serving {
namespace {

// 2 GB over NICs of 50 GB/s take 40 ms; over links with 10 GB/s left, 200 ms; and the latency.
TEST(CacheDelay, GoesAtTheSlowerOfNicsAndLinks) {
  EXPECT_DOUBLE_EQ(cache_delay({.bytes = 2e9, .nic_Bps = 50e9}, 1.0).alone_s, 0.040);
  const CacheDelay wan =
      cache_delay({.bytes = 2e9, .nic_Bps = 50e9, .left_Bps = 10e9, .latency_s = 0.010}, 0.1);
  EXPECT_DOUBLE_EQ(wan.alone_s, 0.210);
  EXPECT_DOUBLE_EQ(wan.wait_p50_s, 0.0);
}

// 80 layers of 10 ms each (prompt 0.8 s). Sent in 0.2 s, only the last layer's 2.5 ms are left when
// the prompt is read; sent in 1.6 s, the first layer's 10 ms and all bytes bound the end.
TEST(CacheDelay, HidesBehindThePromptLayerByLayer) {
  CachePath path{
      .bytes = 2e9, .nic_Bps = 10e9, .prefill_s = 0.8, .layers = 80.0, .overlapped = true};
  EXPECT_DOUBLE_EQ(cache_delay(path, 0.1).alone_s, 0.2 / 80.0);
  path.nic_Bps = 1.25e9;
  EXPECT_NEAR(cache_delay(path, 0.1).alone_s, 0.010 + 1.6 - 0.8, 1e-12);
  path.overlapped = false;
  EXPECT_DOUBLE_EQ(cache_delay(path, 0.1).alone_s, 1.6);
}

// One transfer at a time, 0.2 s each, 2.5 requests a second: M/M/1 at half load, whose 99th
// percentile is ln(50) / 2.5 s. With room for ten at a time nobody waits.
TEST(CacheDelay, WaitsForRoomOnTheLinks) {
  const CacheDelay one = cache_delay({.bytes = 2e9, .nic_Bps = 50e9, .left_Bps = 10e9}, 2.5);
  EXPECT_NEAR(one.wait_p99_s, std::log(50.0) / 2.5, 1e-12);
  const CacheDelay ten = cache_delay({.bytes = 2e9, .nic_Bps = 10e9, .left_Bps = 100e9}, 2.5);
  EXPECT_DOUBLE_EQ(ten.wait_p99_s, 0.0);
}

// What is left out as certain is: at the edge of the short cut fewer than one in 10^12 waits.
TEST(Waiting, OfManyServersIsNotGoneThrough) {
  EXPECT_EQ(Waiting(1e6, 0.75e6, 1.0).seconds(1.0 - 1e-9), 0.0);
  EXPECT_EQ(Waiting(400.0, 400.0 - 8.0 * 20.0 + 0.1, 1.0).seconds(1.0 - 1e-12), 0.0);
  EXPECT_GT(Waiting(100.0, 95.0, 1.0).seconds(0.99), 0.0);
}

}  // namespace
}  // namespace busbar::serving
