#include "sim/training/memory.h"

#include <algorithm>
#include <cmath>

#include "sim/training/layer_work.h"
#include "sim/training/step_work.h"

namespace busbar::training {

using model::Recompute;
using model::Sharding;

namespace {

constexpr double kUsableShare = 0.97;  // of HBM; the rest is the driver's and lost to fragments
constexpr double kOverhead = 1.5e9;    // context, communication buffers, workspaces
constexpr double kMoments = 8.0;       // bytes a weight: two Adam moments in 32 bits…
constexpr double kMaster = 4.0;        // …and the 32-bit copy of the weights
constexpr double kGradient = 2.0;      // 16-bit gradients, the least that runs use

// Bytes that a layer keeps from its forward pass until its backward pass.
double kept(const LayerWork& layer, const model::ParallelPlan& plan, model::StackStyle style) {
  const double share = plan.recomputed_share;
  switch (plan.recompute) {
    case Recompute::kFull:
      return share * layer.input_bytes + (1.0 - share) * layer.saved_bytes;
    case Recompute::kSelective:
      // XLA keeps the results of products and repeats all between them.
      if (style == model::StackStyle::kXla) return layer.product_bytes;
      return layer.saved_bytes - layer.scores_bytes;
    default:
      return layer.saved_bytes;
  }
}

}  // namespace

double usable_memory(const Slice& slice) {
  return slice.accelerator->memory.value / slice.ranks_per_chip * kUsableShare;
}

Memory memory_of(const Task& task, const Slice& slice) {
  const model::ParallelPlan& plan = task.plan;
  const model::LanguageModel& m = *task.model;
  const Rank rank = rank_of(slice, task.precision);
  const Replicas replicas = replicas_of(task, slice);
  double dense = 0.0, experts = 0.0, activations = 0.0, live = 0.0;
  double largest = 0.0;
  for (const model::LayerGroup& group : m.layers) {
    const LayerWork layer = layer_work(task, group, rank);
    dense += group.count * layer.weights;
    experts += group.count * layer.expert_weights;
    activations += group.count * kept(layer, plan, rank.style);
    if (plan.recompute == Recompute::kFull) live = std::max(live, layer.saved_bytes);
    largest = std::max(largest, layer.weights + layer.expert_weights);
  }
  const LayerWork head = head_work(task, rank);
  const double stages = plan.pipeline;
  const double embedding = 1.0 * m.vocabulary * m.hidden / plan.tensor;
  // The first stage has the embedding, the last the head; no rank has both but in one stage.
  dense = dense / stages + (stages > 1.0 || m.tied_embeddings ? embedding : 2.0 * embedding);
  experts /= stages;

  // The first stage of 1F1B holds p micro-batches of its 1/p of the layers; interleaving adds a
  // share of a round.
  const double micro_batches = micro_batches_of(task, replicas);
  const double chunks = std::max(1, plan.virtual_pipeline);
  const double in_flight =
      stages > 1.0 ? std::min(micro_batches, stages * (1.0 + (stages - 1.0) / (stages * chunks) *
                                                                 (chunks > 1.0 ? 1.0 : 0.0)))
                   : 1.0;
  // DualPipe holds two stages, and one micro-batch more between both ends.
  const bool dual = plan.schedule == model::PipelineSchedule::kDualPipe;
  if (dual) {
    dense *= 2.0;
    experts *= 2.0;
  }
  const double held = dual ? stages + 1.0 : in_flight;
  Memory memory;
  memory.overhead = kOverhead / slice.ranks_per_chip;
  if (!plan.offload) memory.activations = activations / stages * held;
  memory.activations += live + (stages > 1.0 ? 0.0 : head.saved_bytes);

  const bool adapters = task.tuning == Tuning::kLowRank;
  const double state = adapters ? 0.0 : kMoments + kMaster;
  const double gradient = adapters ? 0.0 : kGradient;
  const double s = replicas.shards, e = replicas.expert;
  const bool some = plan.sharding != Sharding::kReplicated;
  const bool gradients = plan.sharding >= Sharding::kGradients;
  const bool weights = plan.sharding == Sharding::kWeights;
  const auto split = [&](bool shared) {
    return shared ? dense / s + experts / e : dense + experts;
  };
  // XLA casts the 32-bit weights as it gathers them: there is no 16-bit copy of those it owns.
  const double copy = rank.style == model::StackStyle::kXla && weights && !adapters ? 0.0 : 2.0;
  memory.optimizer = plan.offload_optimizer ? 0.0 : state * split(some);
  memory.gradients = gradient * split(gradients);
  memory.weights = (plan.offload_optimizer ? 2.0 : copy) * split(weights) +
                   (weights ? 2.0 * 2.0 * largest : 0.0);
  return memory;
}

}  // namespace busbar::training
