/// Completes a parallel plan: what is given stays, what is blank becomes the cheapest that fits.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "sim/training/memory.h"
#include "sim/training/step_work.h"

namespace busbar::training {

/// A complete plan with its time and memory.
struct PlannedStep {
  model::ParallelPlan plan;
  StepTime time;
  StepWork work;
  Memory memory;
  bool fits = false;
};

/// Which values a blank may take.
enum class Space {
  kUsual,  // context ways only where sequences are fewer than replicas, experts as far apart as the
           // scale-up network reaches, the optimizer shared out
  kAll,    // every power of two that divides, every sharding
};

/// Calls `visit` with each complete plan that the blanks of the task's plan allow and no rule
/// forbids: all ranks and all sequences are used.
void for_each_plan(const Task& task, const Slice& slice, Space space,
                   const std::function<void(const model::ParallelPlan&)>& visit);

/// The fastest completion that fits memory; if none does, the one that needs least. Nothing if no
/// plan is legal.
std::optional<PlannedStep> best_plan(const Task& task, const Slice& slice);

/// All plans that fit memory, the fastest first, at most `most`; and how many were looked at.
struct SearchResult {
  std::vector<PlannedStep> best;
  std::int64_t legal = 0, fitting = 0;
};
SearchResult search_plans(const Task& task, const Slice& slice, size_t most);

/// True if nothing of a plan is left to choose.
bool is_complete(const model::ParallelPlan& plan);

/// A good completion, quickly: few micro-batch sizes, the longest or no interleaving, no more
/// recomputation than memory asks for. Ranks and sequences that do not divide stand idle.
std::optional<PlannedStep> quick_plan(const Task& task, const Slice& slice);

/// The time and memory of one complete plan.
PlannedStep planned(const Task& task, const Slice& slice, const model::ParallelPlan& plan);

}  // namespace busbar::training
