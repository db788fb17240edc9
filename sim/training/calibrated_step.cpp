#include "sim/training/calibrated_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/compute/roofline.h"
#include "sim/training/plan.h"

namespace busbar::training {
namespace {

// Batches of published runs: a sequence a chip up to about 4 million tokens, 1,024 tokens a chip
// where that is more.
constexpr double kUsualTokens = 4.2e6;
constexpr double kDefaultTokensPerChip = 1024.0;

// Independent noise of machines: the slowest of N is about sqrt(2 ln N) deviations late. Some
// machines are slow for good, and one of them slows all.
constexpr double kJitter = 0.003;
constexpr double kSlowShare = 0.005, kSlowness = 0.10;

double straggler_share(double machines) {
  if (machines < 2.0) return 0.0;
  const double meets_one = 1.0 - std::pow(1.0 - kSlowShare, machines);
  return kJitter * std::sqrt(2.0 * std::log(machines)) + kSlowness * meets_one;
}

// Sequences of a step where the task leaves them open: at most the critical batch.
double chosen_sequences(const Task& task, const Slice& slice, bool& at_critical_batch) {
  double tokens = std::max(kDefaultTokensPerChip * slice.chips,
                           std::min(kUsualTokens, task.sequence * slice.chips));
  at_critical_batch =
      task.model->critical_batch_tokens > 0.0 && tokens > task.model->critical_batch_tokens;
  if (at_critical_batch) tokens = task.model->critical_batch_tokens;
  return std::max(1.0, std::floor(tokens / task.sequence));
}

Bound bound_of(const StepTime& t, bool at_critical_batch) {
  const double network = t.tensor_s + t.expert_traffic_s + t.data_s + t.transfer_s;
  const std::pair<double, Bound> parts[] = {
      {t.compute_s, Bound::kCompute}, {t.memory_s + t.optimizer_s, Bound::kMemory},
      {network, Bound::kNetwork},     {t.bubble_s, Bound::kPipeline},
      {t.launch_s, Bound::kHost},
  };
  const auto largest =
      *std::max_element(std::begin(parts), std::end(parts),
                        [](const auto& a, const auto& b) { return a.first < b.first; });
  return largest.second == Bound::kCompute && at_critical_batch ? Bound::kBatch : largest.second;
}

}  // namespace

StepEstimate CalibratedStep::estimate(const Task& task, const Slice& slice) const {
  StepEstimate e;
  e.caution = slice.caution;
  const auto precision = compute::kernels_of(task.precision);
  const double peak = compute::peak(*slice.accelerator, precision).value;
  if (peak <= 0.0) {
    e.reason = fmt::format("'{}' has no peak rate for {}", slice.accelerator->name, task.precision);
    return e;
  }
  const bool joined = slice.nic != nullptr && slice.node->accelerators > 0;
  if (slice.domains > 1 && !joined) {
    e.reason = fmt::format("{} domains of '{}' have no NICs to join them", slice.domains,
                           slice.domain->name);
    return e;
  }
  Task whole = task;
  bool at_critical_batch = false;
  if (whole.global_batch_tokens <= 0.0) {
    whole.global_batch_tokens = task.sequence * chosen_sequences(task, slice, at_critical_batch);
  }
  const auto best =
      is_complete(task.plan) ? planned(whole, slice, task.plan) : quick_plan(whole, slice);
  if (!best || !best->fits) {
    e.reason = fmt::format("'{}' does not fit in the memory of {:.0f} x '{}'", task.model->name,
                           slice.chips, slice.accelerator->name);
    if (best) {
      e.reason += fmt::format(": {:.0f} GB a rank of {:.0f} usable", best->memory.total() / 1e9,
                              usable_memory(slice) / 1e9);
    }
    return e;
  }
  const double slower = 1.0 / std::max(slice.efficiency, 1e-3);
  e.feasible = true;
  e.plan = best->plan;
  e.time = best->time;
  for (double* part : e.time.parts()) *part *= slower;
  if (!slice.screened) {
    const double machines = slice.chips / std::max(1, slice.node->accelerators);
    e.time.stragglers_s = straggler_share(machines) * e.time.sum();
  }
  e.time.step_s = e.time.sum();
  e.step_s = e.time.step_s;
  e.work = best->work;
  e.memory = best->memory;
  e.memory_bytes = best->memory.total() * slice.ranks_per_chip;
  e.tokens = best->work.tokens;
  e.mfu = best->work.model_flops / (slice.chips * peak * e.step_s);
  // A causal token sees half of its sequence: in full is as of a sequence twice as long.
  e.mfu_full_attention = e.mfu * task.model->training_flops_per_token(2.0 * task.sequence) /
                         task.model->training_flops_per_token(task.sequence);
  e.hfu = best->work.executed_flops / (slice.chips * peak * e.step_s);
  e.domain_traffic_bytes = best->work.domain_traffic_bytes;
  e.gradient_bytes = best->work.gradient_bytes;
  const StepTime& t = e.time;
  e.compute_fraction = (t.compute_s + t.memory_s + t.optimizer_s) / e.step_s;
  e.communication_fraction = (t.tensor_s + t.expert_traffic_s + t.data_s + t.transfer_s) / e.step_s;
  e.bound = bound_of(t, at_critical_batch);
  if (e.caution.empty() && slice.constants.chips > 0.0 && slice.chips > slice.constants.chips) {
    e.caution = fmt::format("{:.0f} chips are more than the {:.0f} of the largest measured run",
                            slice.chips, slice.constants.chips);
  }
  return e;
}

}  // namespace busbar::training
