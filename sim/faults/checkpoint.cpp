#include "sim/faults/checkpoint.h"

#include <algorithm>
#include <cmath>

namespace busbar::faults {

base::Seconds young_interval(base::Seconds stall, base::Seconds mttf) {
  return base::Seconds{std::sqrt(2.0 * stall.value * mttf.value)};
}

base::Seconds daly_interval(base::Seconds stall, base::Seconds mttf) {
  if (std::isinf(mttf.value)) return mttf;
  if (stall.value >= 2.0 * mttf.value) return mttf;
  const double x = stall.value / (2.0 * mttf.value);
  const double first = std::sqrt(2.0 * stall.value * mttf.value);
  return base::Seconds{first * (1.0 + std::sqrt(x) / 3.0 + x / 9.0) - stall.value};
}

}  // namespace busbar::faults
