#include "sim/compute/products.h"

#include <cmath>

#include "sim/compute/roofline.h"

namespace busbar::compute {
namespace {

constexpr double kVisibleLaunch = 0.3;  // of the launch of a lone kernel, where kernels queue

double four_norm(double a, double b) {
  const double larger = a > b ? a : b;
  if (larger <= 0.0) return 0.0;
  const double ratio = (a > b ? b : a) / larger;
  const double square = ratio * ratio;
  return larger * std::sqrt(std::sqrt(1.0 + square * square));
}

}  // namespace

std::string_view kernels_of(std::string_view precision) {
  if (precision == "mxfp8") return "fp8";
  if (precision == "nvfp4") return "fp4";
  if (precision == "fp16") return "bf16";
  return precision;
}

ProductRate product_rate(const model::Accelerator& chip, const model::Efficiency* efficiency,
                         std::string_view precision, double share) {
  const std::string_view kernels = kernels_of(precision);
  ProductRate rate;
  rate.peak = peak(chip, kernels).value * share;
  rate.memory = chip.memory_bandwidth.value * share;
  rate.operand = bytes_per_number(kernels);
  if (efficiency != nullptr) {
    auto found = efficiency->gemm.find(kernels);
    if (found == efficiency->gemm.end()) found = efficiency->gemm.find("bf16");
    if (found != efficiency->gemm.end()) rate.curve = found->second;
  }
  return rate;
}

double product_s(const ProductRate& rate, double m, double n, double k) {
  if (m <= 0.0 || n <= 0.0 || k <= 0.0) return 0.0;
  const model::GemmCurve& c = rate.curve;
  const double arithmetic =
      2.0 * (m + c.m_half) * (n + c.n_half) * (k + c.k_half) / (rate.peak * c.ceiling);
  const double traffic =
      ((m * k + k * n) * rate.operand + 2.0 * m * n) / (rate.memory * c.memory_ceiling);
  return four_norm(arithmetic, traffic) + kVisibleLaunch * c.launch.value;
}

}  // namespace busbar::compute
