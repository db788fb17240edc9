#include "sim/topology/load_balancing.h"

#include <cmath>

namespace busbar::topology {

double usable_share(model::LoadBalancing balancing, double flows, double uplinks) {
  if (balancing != model::LoadBalancing::kEcmp || uplinks <= 1.0) return 1.0;
  // Exactly, also for many links: (1 - 1/u)^f = exp(f log(1 - 1/u)).
  return -std::expm1(flows * std::log1p(-1.0 / uplinks));
}

}  // namespace busbar::topology
