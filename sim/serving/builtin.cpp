#include "sim/serving/steady_state.h"

namespace busbar::serving {

void add_builtin(base::Registry<ServingModel>& models) {
  models.add({"steady-state", "roofline replicas in steady state, hour by hour", {}},
             [](const base::Params&) { return std::make_unique<SteadyState>(); });
}

}  // namespace busbar::serving
