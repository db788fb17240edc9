/// What one rank must hold. See sim/doc/models/training.md.
#pragma once

#include "sim/training/step_model.h"

namespace busbar::training {

/// Memory of a complete plan, by parts.
Memory memory_of(const Task& task, const Slice& slice);

/// Bytes of a rank that a job may use.
double usable_memory(const Slice& slice);

}  // namespace busbar::training
