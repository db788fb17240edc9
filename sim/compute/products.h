/// Time of matrix products from the size-dependent efficiency of a chip. See
/// sim/doc/models/compute.md.
#pragma once

#include <string_view>

#include "sim/model/efficiency.h"
#include "sim/model/platform.h"

namespace busbar::compute {

/// What one rank (a chip or a share of it) can do at one precision, in SI units.
struct ProductRate {
  double peak = 0.0;     // FLOP/s
  double memory = 0.0;   // bytes/s
  double operand = 2.0;  // bytes of one number of the factors; the result has 16 bits
  model::GemmCurve curve;
};

/// The precision whose kernels and peak a format shares: microscaling changes scales, not the
/// arithmetic (`mxfp8`: `fp8`, `nvfp4`: `fp4`), and both 16-bit formats run alike (`fp16`: `bf16`).
std::string_view kernels_of(std::string_view precision);

/// The rate of `share` of a chip at a precision. Curves of `efficiency` (null: none) come first, by
/// precision, then those of the 16-bit kernels, then the defaults of `model::GemmCurve`.
ProductRate product_rate(const model::Accelerator& chip, const model::Efficiency* efficiency,
                         std::string_view precision, double share);

/// Time in seconds of C[m,n] = A[m,k] B[k,n], queued behind other kernels.
///
/// Arithmetic at a ceiling that falls as an extent comes near its half length, traffic of the
/// factors and the result at a share of memory bandwidth, joined by a 4-norm, and the share of the
/// launch that queueing does not hide.
double product_s(const ProductRate& rate, double m, double n, double k);

}  // namespace busbar::compute
