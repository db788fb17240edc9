#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/text.h"
#include "sim/compute/products.h"
#include "sim/training/step_model.h"

namespace busbar::training {

Slice slice_of(const model::Platform& platform, const model::Cluster& cluster, double chips,
               model::ModelKind models, std::string_view precision) {
  const model::Domain& domain = platform.domain_of(cluster);
  const model::Node& node = platform.nodes[domain.node];
  Slice slice;
  slice.accelerator = &platform.accelerators[node.accelerator];
  slice.node = &node;
  slice.domain = &domain;
  slice.nic = node.nic ? &platform.nics[node.nic] : nullptr;
  slice.fabric = cluster.fabric ? &platform.fabrics[cluster.fabric] : nullptr;
  slice.chips = chips;
  slice.domains = static_cast<int>(std::ceil(chips / domain.chips_used));
  use_stack(platform, {}, {}, models, precision, slice);
  return slice;
}

namespace {

bool divides(double part, double whole) { return std::fmod(whole, part) == 0.0; }

}  // namespace

std::string broken_rule(const Task& task, const Slice& slice) {
  const model::LanguageModel& m = *task.model;
  const model::ParallelPlan& plan = task.plan;
  const auto& peaks = slice.accelerator->peak_flops;
  if (!peaks.contains(std::string(compute::kernels_of(task.precision)))) {
    std::vector<std::string> known;
    known.reserve(peaks.size());
    for (const auto& [name, rate] : peaks) known.push_back(name);
    return fmt::format("'{}' has no peak rate for {}: it has {}", slice.accelerator->name,
                       task.precision, base::join(known, ", "));
  }
  const bool has_experts = std::any_of(m.layers.begin(), m.layers.end(), [](const auto& group) {
    return group.feed_forward.experts > 0;
  });
  if (plan.expert > 1 && !has_experts) {
    return fmt::format("expert parallelism needs experts: '{}' has none", m.name);
  }
  for (const model::LayerGroup& group : m.layers) {
    const int heads = group.attention.heads;
    if (plan.tensor > 1 && heads > 0 && heads % plan.tensor != 0) {
      return fmt::format(
          "tensor parallelism must divide the attention heads: {} does not divide "
          "the {} heads of '{}'",
          plan.tensor, heads, m.name);
    }
    const int experts = group.feed_forward.experts;
    if (plan.expert > 1 && experts > 0 && experts % plan.expert != 0) {
      return fmt::format(
          "expert parallelism must divide the experts: {} does not divide the {} "
          "of '{}'",
          plan.expert, experts, m.name);
    }
  }
  // The embedding and the head may be stages of their own.
  const int stages = std::max(1, plan.pipeline) * std::max(1, plan.virtual_pipeline);
  if (stages > m.layer_count() + 2) {
    return fmt::format("a pipeline stage needs a layer: '{}' has {} layers for {} stages", m.name,
                       m.layer_count(), stages);
  }
  if (plan.schedule != model::PipelineSchedule::kOneForwardOneBackward &&
      plan.virtual_pipeline > 1) {
    return "zero-bubble and DualPipe schedules have one chunk a stage";
  }
  if (plan.schedule == model::PipelineSchedule::kDualPipe && plan.pipeline % 2 != 0) {
    return fmt::format("DualPipe needs an even number of stages, not {}", plan.pipeline);
  }
  const double ranks = slice.chips * slice.ranks_per_chip;
  const double shards =
      1.0 * std::max(1, plan.tensor) * std::max(1, plan.pipeline) * std::max(1, plan.context);
  if (!divides(shards, ranks)) {
    return fmt::format("tensor x pipeline x context must divide the ranks: {} does not divide {}",
                       shards, ranks);
  }
  const double sequences = task.global_batch_tokens / task.sequence;
  const bool whole_plan = plan.tensor > 0 && plan.pipeline > 0 && plan.context > 0;
  const double of_a_round = ranks / shards * std::max(1, plan.micro_batch);
  if (sequences > 0.0 && whole_plan && !divides(of_a_round, sequences)) {
    return fmt::format(
        "data parallelism x micro-batch must divide the global batch: {} replicas "
        "x {} does not divide {} sequences",
        ranks / shards, std::max(1, plan.micro_batch), sequences);
  }
  return {};
}

}  // namespace busbar::training
