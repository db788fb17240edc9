#include "sim/training/roofline_step.h"

namespace busbar::training {

void add_builtin(base::Registry<StepModel>& models) {
  models.add({"roofline", "roofline, pipeline bubble and ring all-reduce", {}},
             [](const base::Params&) { return std::make_unique<RooflineStep>(); });
}

}  // namespace busbar::training
