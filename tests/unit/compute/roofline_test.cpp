#include "sim/compute/roofline.h"

#include <gtest/gtest.h>

namespace busbar::compute {
namespace {

model::Accelerator chip() {
  model::Accelerator c;
  c.peak_flops = {{"bf16", 1e15}, {"fp8", 2e15}};
  c.memory_bandwidth = base::BytesPerSecond{4e12};
  return c;
}

// 1e15 FLOP at 55 % of 1e15 FLOP/s take 1/0.55 s; 8e12 bytes at 80 % of 4e12 byte/s take 2.5 s.
TEST(Roofline, TheLongerSideDecides) {
  EXPECT_DOUBLE_EQ(kernel_time(chip(), "bf16", base::Flops{1e15}, base::Bytes{1e9}).value,
                   1.0 / 0.55);
  EXPECT_DOUBLE_EQ(kernel_time(chip(), "bf16", base::Flops{1e15}, base::Bytes{8e12}).value, 2.5);
}

// No kernel beats the peak or the memory bandwidth, at any size and precision.
TEST(Roofline, NeverBeatsTheBounds) {
  for (const char* precision : {"bf16", "fp8", "fp4"}) {
    for (double flops = 1e6; flops < 1e20; flops *= 31.0) {
      for (double bytes = 1e3; bytes < 1e16; bytes *= 47.0) {
        const double t =
            kernel_time(chip(), precision, base::Flops{flops}, base::Bytes{bytes}).value;
        EXPECT_GE(t, flops / peak(chip(), precision).value);
        EXPECT_GE(t, bytes / 4e12);
      }
    }
  }
}

TEST(Roofline, AMissingPrecisionRunsAtBf16) {
  EXPECT_EQ(peak(chip(), "fp8").value, 2e15);
  EXPECT_EQ(peak(chip(), "fp4").value, 1e15);
  EXPECT_EQ(peak(model::Accelerator{}, "bf16").value, 0.0);
}

}  // namespace
}  // namespace busbar::compute
