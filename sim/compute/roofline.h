/// Time of arithmetic and of memory traffic on one chip: the roofline with fixed efficiencies.
///
/// See sim/doc/models/compute.md. The efficiencies are assumptions until measured curves replace
/// them: dense training reaches 50 to 60 % of peak in large matrix products once kernels other than
/// these are counted, and streams reach about 80 % of peak memory bandwidth.
#pragma once

#include <string_view>

#include "sim/model/platform.h"

namespace busbar::compute {

inline constexpr double kMatmulEfficiency = 0.55;
inline constexpr double kMemoryEfficiency = 0.80;

/// Peak of a chip at a precision. A chip without fp8, fp4 or int8 runs them at its bf16 rate.
/// Zero for a chip without any of them.
base::FlopsPerSecond peak(const model::Accelerator& chip, std::string_view precision);

/// Bytes of one number.
double bytes_per_number(std::string_view precision);

/// Time of a kernel: the longer of its arithmetic and its memory traffic, each at its efficiency.
base::Seconds kernel_time(const model::Accelerator& chip, std::string_view precision,
                          base::Flops work, base::Bytes traffic);

}  // namespace busbar::compute
