/// What `busbar estimate training` prints.
#pragma once

#include "sim/base/json.h"
#include "sim/training/plan.h"

namespace busbar::cli {

struct EstimateStyle {
  bool json = false, explain = false;
  double target_tokens = 0.0;    // of the whole training; 0: not asked for
  base::BytesPerSecond storage;  // that checkpoints are written at; 0: the cluster names none
};
void print_estimate(const training::StepEstimate& e, const training::Task& task,
                    const training::Slice& slice, EstimateStyle style);

/// The fastest plan on so many chips.
struct ScaledPlan {
  double chips = 0.0;
  training::PlannedStep step;
};
/// The best plans as a table, then the front of step time against chips, energy and cost.
void print_search(const training::SearchResult& found, const std::vector<ScaledPlan>& scaled,
                  const training::Task& task, const training::Slice& slice, bool json);

/// The pipeline of an estimate, operation by operation, for its picture.
base::Json schedule_json(const training::StepEstimate& e);

/// `tp8 pp16 vpp8 cp1 ep1 mbs1 recompute none`.
std::string plan_text(const model::ParallelPlan& plan);

}  // namespace busbar::cli
