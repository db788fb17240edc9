/// Takes a training step apart and puts it together again with fitted constants.
#pragma once

#include "sim/model/efficiency.h"
#include "sim/training/layer_work.h"

namespace busbar::training {

/// Splits of the chips that a plan leaves to data parallelism.
struct Replicas {
  double all = 1.0;     // model replicas, each with its own sequences
  double shards = 1.0;  // ranks over which the state of one replica group is shared out
  double expert = 1.0;  // ranks that hold the same routed experts
};
Replicas replicas_of(const Task& task, const Slice& slice);

/// Micro-batches that each replica runs, the last perhaps not full.
double micro_batches_of(const Task& task, const Replicas& replicas);

/// Takes a step apart. The plan is complete, the batch given.
StepWork step_work(const Task& task, const Slice& slice);

/// Puts a step together again with fitted constants.
///
/// A micro-batch takes the 3-norm of what the chip and what its host must do. The pipeline fills
/// and drains once. Gradients hide behind the last backward pass; weights sharded over the
/// replicas travel beside the work of their micro-batch and join it by a 1.5-norm.
StepTime step_time(const StepWork& work, const model::StepConstants& constants);

}  // namespace busbar::training
