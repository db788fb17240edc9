#include "sim/training/roofline_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/collectives/ring.h"
#include "sim/compute/roofline.h"
#include "sim/training/pipeline_schedule.h"

namespace busbar::training {
namespace {

constexpr double kStateBytes = 16.0;          // weights, gradients, Adam moments, master copy
constexpr double kMemoryShare = 0.92;         // of HBM that a framework leaves to the job
constexpr double kActivationBytes = 34.0;     // of one layer, per token and hidden unit (16 bit)
constexpr double kTensorExposed = 0.35;       // of tensor-parallel traffic that does not hide
constexpr double kBackwardShare = 2.0 / 3.0;  // of the compute that gradients can hide behind
constexpr double kDefaultTokensPerChip = 1024.0;
constexpr double kScaleOutLatency_s = 10e-6;

double memory_of(const Task& task, double chips, const model::ParallelPlan& plan) {
  const model::LanguageModel& m = *task.model;
  const double shards = 1.0 * plan.tensor * plan.pipeline;
  const double state = kStateBytes * m.parameters() / chips;  // fully sharded over the job
  const double working = 2.0 * m.parameters() / shards;       // 16-bit copy of the local layers
  const double token_width = task.sequence * m.hidden;
  // Full recompute: the input of each local layer for the micro-batches in flight, one live layer.
  const double kept = 2.0 * token_width * m.layer_count() / plan.tensor;
  const double live = kActivationBytes * token_width / plan.tensor;
  // A stage has 1/p of the layers for up to p micro-batches in flight: the pipeline cancels. The
  // working copy is gathered layer by layer where there are replicas to shard it over.
  const double gathered = chips > shards ? working / m.layer_count() * 2.0 : working;
  return state + gathered + kept + live;
}

// Sequences that a step may have: the batch given, or the critical batch; infinity for neither.
double most_sequences(const Task& task) {
  const double tokens =
      task.global_batch_tokens > 0.0 ? task.global_batch_tokens : task.model->critical_batch_tokens;
  return tokens > 0.0 ? std::max(1.0, std::floor(tokens / task.sequence))
                      : std::numeric_limits<double>::infinity();
}

// The fewest tensor and pipeline ways with which the job fits, tensor first and inside a domain: it
// fits memory, and every replica has a sequence to train on. The latter is given up last.
bool choose_plan(const Task& task, const Slice& slice, double sequences, model::ParallelPlan& plan,
                 double& memory) {
  const double limit = slice.accelerator->memory.value * kMemoryShare;
  const int chips = static_cast<int>(slice.chips);
  const int most_tensor = std::min(16, slice.domain->chips_used);
  plan.micro_batch = std::max(1, plan.micro_batch);
  plan.virtual_pipeline = std::max(1, plan.virtual_pipeline);
  plan.context = std::max(1, plan.context);
  const bool any_tensor = task.plan.tensor == 0, any_pipeline = task.plan.pipeline == 0;
  for (int pipeline = any_pipeline ? 1 : plan.pipeline; pipeline <= 64; pipeline *= 2) {
    for (int tensor = any_tensor ? 1 : plan.tensor; tensor <= 1024; tensor *= 2) {
      if (tensor * pipeline > chips) break;
      if (any_tensor && tensor > most_tensor) break;
      plan.tensor = tensor;
      plan.pipeline = pipeline;
      memory = memory_of(task, slice.chips, plan);
      const double replicas = std::floor(slice.chips / (tensor * pipeline));
      if (memory <= limit && replicas <= sequences) return true;
      if (!any_tensor) break;
    }
    if (!any_pipeline) break;
  }
  return false;
}

// A step has at least one sequence for each replica and at most the critical batch.
double batch_tokens(const Task& task, const Slice& slice, double replicas, bool& bounded) {
  bounded = false;
  if (task.global_batch_tokens > 0.0) return task.global_batch_tokens;
  double tokens = kDefaultTokensPerChip * slice.chips;
  if (task.model->critical_batch_tokens > 0.0 && tokens > task.model->critical_batch_tokens) {
    tokens = task.model->critical_batch_tokens;
    bounded = true;
  }
  const double per_round = task.sequence * replicas;
  return per_round * std::max(1.0, std::floor(tokens / per_round));
}

double nic_per_chip(const Slice& slice) {
  if (slice.nic == nullptr || slice.node->accelerators == 0) return 0.0;
  return slice.nic->bandwidth.value * slice.node->nics / slice.node->accelerators;
}

}  // namespace

StepEstimate RooflineStep::estimate(const Task& task, const Slice& slice) const {
  StepEstimate e;
  const model::LanguageModel& m = *task.model;
  const double peak = compute::peak(*slice.accelerator, task.precision).value;
  if (peak <= 0.0) {
    e.reason = fmt::format("'{}' has no peak rate for {}", slice.accelerator->name, task.precision);
    return e;
  }
  e.plan = task.plan;
  const double sequences = most_sequences(task);
  constexpr double kAny = std::numeric_limits<double>::infinity();
  if (!choose_plan(task, slice, sequences, e.plan, e.memory_bytes) &&
      !choose_plan(task, slice, kAny, e.plan, e.memory_bytes)) {
    e.reason = fmt::format("'{}' does not fit in the memory of {:.0f} x '{}'", m.name, slice.chips,
                           slice.accelerator->name);
    return e;
  }
  const double tensor = e.plan.tensor, pipeline = e.plan.pipeline;
  // Replicas without a sequence stand idle.
  const double replicas =
      std::max(1.0, std::min(std::floor(slice.chips / (tensor * pipeline)), sequences));
  bool at_critical_batch = false;
  e.tokens = batch_tokens(task, slice, replicas, at_critical_batch);
  const double micro_batches =
      std::max(1.0, e.tokens / (task.sequence * replicas * e.plan.micro_batch));

  const double used_chips = replicas * tensor * pipeline;
  const double flops = m.training_flops_per_token(task.sequence) * e.tokens;
  // The efficiency is that of whole published steps, recompute included.
  e.compute_s =
      flops / (used_chips * peak * compute::kMatmulEfficiency) / std::max(slice.efficiency, 1e-3);
  const double chunk_s = e.compute_s / (micro_batches * e.plan.virtual_pipeline);
  e.bubble_s = bubble_s(Schedule::kOneForwardOneBackward, e.plan.pipeline, {.forward_s = chunk_s});

  // Tensor parallelism: four all-reduces of the activations a layer, forward and backward.
  const base::BytesPerSecond inside = collectives::rank_bandwidth(*slice.domain);
  double tensor_s = 0.0;
  if (tensor > 1.0) {
    const base::Bytes activation{2.0 * task.sequence * e.plan.micro_batch * m.hidden};
    tensor_s =
        micro_batches * m.layer_count() / pipeline * 4.0 *
        collectives::ring_all_reduce(activation, tensor, inside, slice.domain->link_latency).value *
        kTensorExposed;
  }
  // Data parallelism: the local gradients, inside the domain and then over the NICs.
  e.gradient_bytes = 2.0 * m.parameters();
  const double local = e.gradient_bytes / (tensor * pipeline);
  const double nic = nic_per_chip(slice);
  const double domains = slice.domains;
  if (domains > 1.0 && nic <= 0.0) {
    e.reason = fmt::format("{} domains of '{}' have no NICs to join them", slice.domains,
                           slice.domain->name);
    return e;
  }
  const double ranks_inside = std::max(1.0, replicas / domains);
  const double gradients_s = collectives::hierarchical_all_reduce(
                                 base::Bytes{local}, ranks_inside, std::min(domains, replicas),
                                 inside.value > 0.0 ? inside : base::BytesPerSecond{1e18},
                                 base::BytesPerSecond{std::max(nic, 1.0)},
                                 slice.domain->link_latency, base::Seconds{kScaleOutLatency_s})
                                 .value;
  const double exposed_gradients_s = std::max(0.0, gradients_s - kBackwardShare * e.compute_s);
  e.exposed_communication_s = tensor_s + exposed_gradients_s;
  e.step_s = e.compute_s + e.bubble_s + e.exposed_communication_s;
  e.mfu = flops / (slice.chips * peak * e.step_s);
  const double model_copies = std::min(domains, replicas);
  if (domains > 1.0 && model_copies > 1.0) {
    e.domain_traffic_bytes = 2.0 * (model_copies - 1.0) * e.gradient_bytes;
  }
  e.compute_fraction = e.compute_s / e.step_s;
  e.communication_fraction = e.exposed_communication_s / e.step_s;
  e.bound = e.exposed_communication_s > e.compute_s ? Bound::kNetwork
            : e.bubble_s > 0.2 * e.compute_s        ? Bound::kPipeline
            : at_critical_batch                     ? Bound::kBatch
                                                    : Bound::kCompute;
  e.feasible = true;
  return e;
}

}  // namespace busbar::training
