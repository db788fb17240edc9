/// DualPipe: a pipeline that micro-batches enter from both ends.
#pragma once

#include "sim/training/pipeline_schedule.h"

namespace busbar::training {

/// Runs DualPipe as the DeepSeek-V3 report (2024) orders it. Each rank has the stage of its number
/// for the micro-batches from the first rank, and the mirrored one for those from the last; `times`
/// are by rank. The pipeline must have no obstacle.
PipelineRun run_dual_pipe(const Pipeline& pipeline);

}  // namespace busbar::training
