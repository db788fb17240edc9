/// The step model: kernels on measured curves, put together with constants fitted on published
/// runs.
#pragma once

#include "sim/training/step_model.h"

namespace busbar::training {

/// See sim/doc/models/training.md.
class CalibratedStep : public StepModel {
 public:
  StepEstimate estimate(const Task& task, const Slice& slice) const override;
};

}  // namespace busbar::training
