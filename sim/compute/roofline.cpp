#include "sim/compute/roofline.h"

#include <algorithm>
#include <string>

namespace busbar::compute {

base::FlopsPerSecond peak(const model::Accelerator& chip, std::string_view precision) {
  for (const std::string& name : {std::string(precision), std::string("bf16")}) {
    const auto found = chip.peak_flops.find(name);
    if (found != chip.peak_flops.end()) return base::FlopsPerSecond{found->second};
  }
  return base::FlopsPerSecond{};
}

double bytes_per_number(std::string_view precision) {
  if (precision.find("fp4") != std::string_view::npos) return 0.5;
  if (precision.find('8') != std::string_view::npos) return 1.0;
  if (precision == "fp32" || precision == "tf32") return 4.0;
  return 2.0;
}

base::Seconds kernel_time(const model::Accelerator& chip, std::string_view precision,
                          base::Flops work, base::Bytes traffic) {
  const base::Seconds arithmetic = work / (peak(chip, precision) * kMatmulEfficiency);
  const base::Seconds memory = traffic / (chip.memory_bandwidth * kMemoryEfficiency);
  return std::max(arithmetic, memory);
}

}  // namespace busbar::compute
