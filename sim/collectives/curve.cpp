#include "sim/collectives/curve.h"

#include <cmath>

namespace busbar::collectives {
namespace {

// NCCL on NVLink reaches 80 to 88 % of the links with large messages and starts in 10 to 25 us;
// half of the speed is reached at a few megabytes.
constexpr double kLinkShare = 0.85;
constexpr base::Seconds kStartup{15e-6};
constexpr base::Bytes kHalf{5e6};

}  // namespace

double curve_s(const model::CollectiveCurve& curve, double wire) {
  if (wire <= 0.0) return 0.0;
  return curve.startup.value + (wire + std::sqrt(wire * curve.half.value)) / curve.bandwidth.value;
}

double wire_bytes(double bytes, double ranks) {
  return ranks > 1.0 ? bytes * (ranks - 1.0) / ranks : 0.0;
}

model::CollectiveCurve unmeasured(base::BytesPerSecond bandwidth) {
  return {kStartup, bandwidth * kLinkShare, kHalf};
}

}  // namespace busbar::collectives
