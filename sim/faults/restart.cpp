#include "sim/faults/restart.h"

#include <algorithm>
#include <cmath>

namespace busbar::faults {

Restart restart_of(const RestartModel& model, double chips, base::Seconds detection,
                   base::Seconds load) {
  return {detection, model.replacement, load,
          model.init * std::pow(chips / model.init_chips, model.init_exponent)};
}

double degraded_throughput(const ElasticModel& model, int units_out) {
  return std::max(0.0, 1.0 - static_cast<double>(units_out) / model.units);
}

}  // namespace busbar::faults
