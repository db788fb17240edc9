#include "sim/economics/capital.h"

#include <cmath>

namespace busbar::economics {

base::Usd chip_cost(const model::Platform& platform, const model::Cluster& cluster, double unix_s) {
  const double chips = platform.chips_at(cluster, unix_s);
  const base::Usd price = platform.accelerator_of(cluster).purchase;
  if (chips > 0.0 && price.value <= 0.0) return base::Usd{std::nan("")};
  return price * chips;
}

base::Usd site_cost(base::Watts it_power) { return base::Usd{kSiteUsdPerItWatt * it_power.value}; }

}  // namespace busbar::economics
