/// A first step model: roofline, pipeline bubble, ring all-reduce. See sim/doc/models/training.md.
#pragma once

#include "sim/training/step_model.h"

namespace busbar::training {

class RooflineStep : public StepModel {
 public:
  StepEstimate estimate(const Task& task, const Slice& slice) const override;
};

}  // namespace busbar::training
