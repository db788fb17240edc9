#include "sim/compute/products.h"

#include <gtest/gtest.h>

namespace busbar::compute {
namespace {

ProductRate rate() {
  ProductRate r;
  r.peak = 1e15;
  r.memory = 3e12;
  r.curve = {.ceiling = 0.8, .m_half = 10, .n_half = 40, .k_half = 120, .memory_ceiling = 0.8};
  return r;
}

TEST(Products, LargeOnesReachTheCeiling) {
  const double x = 65536;
  EXPECT_NEAR(2.0 * x * x * x / product_s(rate(), x, x, x) / 1e15, 0.8, 0.004);
}

TEST(Products, HalfLengthsHalveTheSpeed) {
  ProductRate r = rate();
  r.memory = 1e20;
  const double x = 65536;
  const double wide = product_s(r, x, x, 1200), narrow = product_s(r, x, x, 120);
  EXPECT_NEAR(wide / narrow, (1200.0 + 120.0) / (120.0 + 120.0), 1e-6);
}

TEST(Products, NeverBeatPeakOrMemory) {
  for (double m = 1; m <= 32768; m *= 4) {
    for (double n = 1; n <= 32768; n *= 4) {
      for (double k = 1; k <= 32768; k *= 4) {
        const double time = product_s(rate(), m, n, k);
        EXPECT_GE(time, 2.0 * m * n * k / 1e15);
        EXPECT_GE(time, ((m * k + k * n) * 2.0 + 2.0 * m * n) / 3e12);
        EXPECT_GE(product_s(rate(), 2 * m, n, k), time);
      }
    }
  }
}

TEST(Products, PrecisionsShareCurvesOfTheirKernels) {
  model::Accelerator chip;
  chip.peak_flops = {{"bf16", 1e15}, {"fp8", 2e15}, {"fp4", 4e15}};
  model::Efficiency efficiency;
  efficiency.gemm["bf16"].ceiling = 0.8;
  efficiency.gemm["fp8"].ceiling = 0.7;
  EXPECT_EQ(product_rate(chip, &efficiency, "mxfp8", 1.0).curve.ceiling, 0.7);
  EXPECT_EQ(product_rate(chip, &efficiency, "mxfp8", 0.5).peak, 1e15);
  EXPECT_EQ(product_rate(chip, &efficiency, "nvfp4", 1.0).curve.ceiling, 0.8);  // no fp4 curve
  EXPECT_EQ(product_rate(chip, &efficiency, "nvfp4", 1.0).operand, 0.5);
  EXPECT_EQ(product_rate(chip, nullptr, "bf16", 1.0).curve.ceiling, model::GemmCurve{}.ceiling);
}

}  // namespace
}  // namespace busbar::compute
