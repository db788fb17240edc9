#include "sim/training/calibrated_step.h"

namespace busbar::training {

void add_builtin(base::Registry<StepModel>& models) {
  models.add({"calibrated", "measured kernels with constants fitted on published runs", {}},
             [](const base::Params&) { return std::make_unique<CalibratedStep>(); });
}

}  // namespace busbar::training
