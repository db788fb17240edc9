#include "sim/training/step_work.h"

#include <algorithm>
#include <cmath>

#include "sim/collectives/curve.h"
#include "sim/training/pipeline_schedule.h"

namespace busbar::training {

using model::Recompute;
using model::Sharding;
using model::StackStyle;
using model::Term;

namespace {

constexpr double kGradientBytes = 4.0, kWeightBytes = 2.0;  // of one number on the wire
constexpr double kOptimizerBytes = 30.0;  // read and written a weight: moments, master, gradient
constexpr double kOptimizerRate = 0.8;    // of peak memory bandwidth
constexpr double kOptimizerStart_s = 4e-3;
constexpr double kHiddenShare = 0.8;  // of a micro-batch that gradients hide behind

StageWork operator*(double factor, StageWork w) {
  w.work = factor * w.work;
  for (double* v : {&w.layers, &w.expert_launches, &w.weights, &w.expert_weights}) *v *= factor;
  return w;
}
StageWork& operator+=(StageWork& a, const StageWork& b) {
  a.work += b.work;
  a.layers += b.layers;
  a.expert_launches += b.expert_launches;
  a.weights += b.weights;
  a.expert_weights += b.expert_weights;
  return a;
}

PassWork attention_alone(const PassWork& pass) {
  PassWork only;
  only.attention_s = pass.attention_s;
  return only;
}

// What the backward pass computes again.
PassWork recomputed(const LayerWork& layer, const Task& task, const Rank& rank) {
  if (task.plan.recompute == Recompute::kFull) {
    PassWork again = layer.forward;
    // XLA drops the layer's last product: nothing reads its result in the backward pass.
    if (rank.style == StackStyle::kXla) again += -1.0 * layer.last_product;
    return task.plan.recomputed_share * again;
  }
  if (task.plan.recompute == Recompute::kSelective) {
    // XLA keeps the products and repeats what lies between them.
    PassWork again = attention_alone(layer.forward);
    if (rank.style == StackStyle::kXla) again.memory_s = layer.forward.memory_s;
    if (!rank.fused_attention) again.memory_s = 0.5 * layer.forward.memory_s;
    return again;
  }
  return {};
}

StageWork stage_of(const LayerWork& layer, const Task& task, const Rank& rank, bool recompute) {
  StageWork stage;
  stage.work = layer.forward;
  stage.work += layer.backward;
  if (recompute) stage.work += recomputed(layer, task, rank);
  stage.layers = layer.launches;
  stage.expert_launches = layer.local_experts;
  stage.weights = layer.weights;
  stage.expert_weights = layer.expert_weights;
  return stage;
}

// All layers of the model, and what stands at its end.
struct WholeModel {
  StageWork body, head;
  double layers = 0.0;
};

WholeModel whole_model(const Task& task, const Rank& rank) {
  WholeModel whole;
  const model::LanguageModel& m = *task.model;
  const model::LayerGroup* attention = nullptr;
  const model::LayerGroup* block = nullptr;
  for (const model::LayerGroup& group : m.layers) {
    whole.body += 1.0 * group.count * stage_of(layer_work(task, group, rank), task, rank, true);
    whole.layers += group.count;
    if (group.attention.kind != model::AttentionKind::kNone &&
        group.attention.kind != model::AttentionKind::kStateSpace) {
      attention = &group;
    }
    if (group.feed_forward.kind != model::FeedForwardKind::kNone) block = &group;
  }
  whole.head = stage_of(head_work(task, rank), task, rank, false);
  whole.head.layers = 0.0;
  // A multi-token-prediction module: a projection, one attention and one feed-forward block,
  // logits.
  if (m.multi_token_prediction > 0) {
    StageWork module = stage_of(prediction_projection_work(task, rank), task, rank, true);
    module.layers = 0.0;
    for (const model::LayerGroup* group : {attention, block}) {
      if (group == nullptr) continue;
      model::LayerGroup part = *group;
      part.count = 1;
      if (group == attention && attention != block)
        part.feed_forward.kind = model::FeedForwardKind::kNone;
      if (group == block && attention != block) part.attention.kind = model::AttentionKind::kNone;
      module += stage_of(layer_work(task, part, rank), task, rank, true);
      if (attention == block) break;
    }
    const double modules = m.multi_token_prediction;
    StageWork logits = whole.head;
    module += logits;
    whole.head += modules * module;
  }
  return whole;
}

// The busiest stage. Where the embedding and the head each take the place of a layer (Llama 3.1
// 405B: 126 + 2), or the layers divide evenly, that is how they are laid out; otherwise by hand,
// balanced.
StageWork busiest_stage(const WholeModel& whole, const model::ParallelPlan& plan) {
  const double stages = plan.pipeline;
  StageWork all = whole.body;
  all += whole.head;
  if (stages <= 1.0) return all;
  const double chunks = stages * std::max(1, plan.virtual_pipeline);
  const StageWork layer = (1.0 / whole.layers) * whole.body;
  const auto with_head = [&](double count) {
    StageWork stage = count * layer;
    stage += whole.head;
    return stage;
  };
  const auto busier = [](const StageWork& a, const StageWork& b) {
    return a.work.least_s > b.work.least_s ? a : b;
  };
  if (std::fmod(whole.layers, chunks) == 0.0) return with_head(whole.layers / stages);
  if (std::fmod(whole.layers + 2.0, chunks) == 0.0) {
    const double slots = (whole.layers + 2.0) / stages;
    return busier(slots * layer, with_head(slots - 1.0));
  }
  return (1.0 / stages) * all;
}

// Gradients and weights of one rank's share between data-parallel ranks, as one bandwidth.
double data_rate(const Task& task, const Rank& rank, double group) {
  const double inside =
      std::clamp(rank.domain_ranks / (1.0 * task.plan.tensor), 1.0, std::max(1.0, group));
  const double scale_up =
      rank.torus ? rank.link_rate * (task.plan.tensor > 1 ? 1.0 - 1.0 / rank.axes : 1.0)
                 : rank.link_rate;
  if (group <= inside + 0.5) return scale_up;
  if (rank.torus && rank.style == StackStyle::kXla) return scale_up;
  return rank.nic_rate > 0.0 ? std::min(scale_up, rank.nic_rate * inside) : scale_up;
}

}  // namespace

Replicas replicas_of(const Task& task, const Slice& slice) {
  const model::ParallelPlan& p = task.plan;
  const double ranks = slice.chips * slice.ranks_per_chip;
  Replicas r;
  r.all = std::max(1.0, std::floor(ranks / (1.0 * p.tensor * p.pipeline * p.context)));
  // Replicas without a sequence stand idle.
  const double sequences = std::max(1.0, std::floor(task.global_batch_tokens / task.sequence));
  r.all = std::min(r.all, sequences);
  r.shards = std::max(1.0, r.all * p.context / std::max(1, p.slices));
  if (p.shard_ranks > 0) r.shards = std::min<double>(r.shards, p.shard_ranks);
  r.expert = std::max(1.0, ranks / (1.0 * p.pipeline * p.expert));
  return r;
}

double micro_batches_of(const Task& task, const Replicas& replicas) {
  const double sequences = task.global_batch_tokens / task.sequence;
  return std::max(1.0, std::ceil(sequences / (replicas.all * task.plan.micro_batch) - 1e-9));
}

StepWork step_work(const Task& task, const Slice& slice) {
  const model::ParallelPlan& plan = task.plan;
  const model::LanguageModel& m = *task.model;
  const Rank rank = rank_of(slice, task.precision);
  const Replicas replicas = replicas_of(task, slice);
  const WholeModel whole = whole_model(task, rank);
  const StageWork stage = busiest_stage(whole, plan);
  StageWork all = whole.body;
  all += whole.head;

  StepWork work;
  work.precision = task.precision;
  work.busiest = stage;
  work.tokens = task.global_batch_tokens;
  work.micro_batches = micro_batches_of(task, replicas);
  if (plan.pipeline > 1) {
    work.others = all;
    work.others += -1.0 * stage;
    work.others = 1.0 / (plan.pipeline - 1.0) * work.others;
    // A micro-batch is a third forward, a third gradients of inputs, a third of weights.
    constexpr ChunkTimes kThirds{1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0};
    work.bubble_chunks =
        bubble_s(plan.schedule, plan.pipeline, kThirds) / std::max(1, plan.virtual_pipeline);
    // The ranks of a tensor group share out what their stage sends.
    const double bytes =
        2.0 * plan.micro_batch * task.sequence / plan.context * m.hidden / plan.tensor;
    const bool inside =
        1.0 * plan.tensor * plan.context * replicas.all * plan.pipeline <= rank.domain_ranks;
    const double rate = inside || rank.nic_rate <= 0.0 ? rank.link_rate : rank.nic_rate;
    // Forward and back: while the pipeline fills, and with each micro-batch where nothing hides it.
    const double waits = rank.overlaps ? 1.0 * plan.pipeline
                                       : plan.virtual_pipeline * work.micro_batches + plan.pipeline;
    work.transfer_s = waits * 2.0 * bytes / rate;
  }

  // Weights of this rank, the input embedding included in the first stage where there is one.
  const double embedding = 1.0 * m.vocabulary * m.hidden / plan.tensor / plan.pipeline;
  const double dense = stage.weights + (m.tied_embeddings && plan.pipeline == 1 ? 0.0 : embedding);
  const double trained = task.tuning == Tuning::kLowRank ? 0.0 : 1.0;
  const double group = replicas.shards;
  const double a_pass = 1.0 / data_rate(task, rank, group);
  if (plan.sharding == Sharding::kWeights) {
    // Weights gathered forward and backward, gradients scattered, each micro-batch.
    const double per_weight = 2.0 * kWeightBytes + trained * kWeightBytes;
    work.sharded_s = work.micro_batches * per_weight * a_pass *
                     (collectives::wire_bytes(dense, group) +
                      collectives::wire_bytes(stage.expert_weights, replicas.expert));
    // Flat rings between domains: each layer's three passes wait for one hop a domain.
    if (!rank.torus && group > rank.domain_ranks && slice.fabric != nullptr) {
      work.sharded_s += work.micro_batches * 3.0 * stage.layers *
                        (std::ceil(group / rank.domain_ranks) - 1.0) * slice.fabric->latency.value;
    }
  } else {
    const double per_weight = trained * (kGradientBytes + kWeightBytes);
    work.gradients_s =
        per_weight * (collectives::wire_bytes(dense, group) * a_pass +
                      collectives::wire_bytes(stage.expert_weights, replicas.expert) /
                          data_rate(task, rank, replicas.expert));
  }
  const double owned = (dense + stage.expert_weights);
  if (plan.slices > 1 && rank.nic_rate > 0.0) {
    const double of_a_chip = owned / group;
    work.slices_s = trained * kGradientBytes * 2.0 * of_a_chip * (plan.slices - 1.0) / plan.slices /
                    rank.nic_rate / std::max(1, task.sync_every);
  }
  const bool shared_state = plan.sharding != Sharding::kReplicated;
  work.optimizer_s =
      trained * (shared_state ? dense / group + stage.expert_weights / replicas.expert : owned) *
          kOptimizerBytes / (kOptimizerRate * rank.memory_rate) +
      (rank.style == StackStyle::kXla ? 0.0 : kOptimizerStart_s);
  work.overlaps = rank.overlaps && rank.style != StackStyle::kXla;
  work.model_flops = m.training_flops_per_token(task.sequence) * work.tokens;
  work.executed_flops =
      all.work.flops * plan.tensor * plan.context * replicas.all * work.micro_batches;
  work.gradient_bytes = kGradientBytes / 2.0 * m.parameters();
  const double copies = std::min<double>(slice.domains, replicas.all);
  if (slice.domains > 1 && copies > 1.0) {
    work.domain_traffic_bytes = 2.0 * (copies - 1.0) * work.gradient_bytes;
  }
  return work;
}

namespace {

// Work and traffic that mostly go side by side: their 1.5-norm, between the sum and the longer.
double joined(double work, double traffic) {
  if (traffic <= 0.0) return work;
  const double ratio = traffic / work;
  return work * std::cbrt(std::pow(1.0 + ratio * std::sqrt(ratio), 2.0));
}

// One micro-batch on one stage.
struct StageTime {
  double compute_s = 0.0, memory_s = 0.0, tensor_s = 0.0, experts_s = 0.0, whole_s = 0.0;
  double device_s() const { return compute_s + memory_s + tensor_s + experts_s; }
};

StageTime stage_time(const StageWork& stage, const model::StepConstants& c, double factor) {
  const PassWork& w = stage.work;
  StageTime t;
  const double products =
      factor * (c[Term::kGemm] * w.products_s + c[Term::kExperts] * w.experts_s);
  t.compute_s = std::max(w.least_s, products + c[Term::kAttention] * w.attention_s);
  t.memory_s = c[Term::kMemory] * w.memory_s;
  t.tensor_s = c[Term::kTensor] * w.tensor_s;
  t.experts_s = c[Term::kExpertTraffic] * w.expert_traffic_s;
  const double device = t.device_s();
  const double host =
      c[Term::kLayerLaunch] * stage.layers + c[Term::kExpertLaunch] * stage.expert_launches;
  t.whole_s = host > 0.0 ? std::cbrt(device * device * device + host * host * host) : device;
  return t;
}

double precision_factor(const std::string& precision, const model::StepConstants& c) {
  const auto found = c.precision_factor.find(precision);
  return found != c.precision_factor.end() ? found->second : 1.0;
}

}  // namespace

StepTime step_time(const StepWork& work, const model::StepConstants& c) {
  const double factor = precision_factor(work.precision, c);
  const StageTime one = stage_time(work.busiest, c, factor);
  StepTime t;
  t.compute_s = work.micro_batches * one.compute_s;
  t.memory_s = work.micro_batches * one.memory_s;
  t.tensor_s = work.micro_batches * one.tensor_s;
  t.expert_traffic_s = work.micro_batches * one.experts_s;
  t.launch_s = work.micro_batches * (one.whole_s - one.device_s());
  if (work.bubble_chunks > 0.0) {
    t.bubble_s = work.bubble_chunks * stage_time(work.others, c, factor).whole_s;
  }
  t.transfer_s = c[Term::kTransfer] * work.transfer_s;
  const double busy = work.micro_batches * one.whole_s + t.bubble_s + t.transfer_s;
  const double sharded = c[Term::kData] * work.sharded_s;
  const double exposed =
      work.overlaps ? std::max(0.0, c[Term::kData] * work.gradients_s - kHiddenShare * one.whole_s)
                    : c[Term::kData] * work.gradients_s;
  t.data_s = joined(busy, sharded) - busy + exposed + c[Term::kSlices] * work.slices_s;
  t.optimizer_s = work.optimizer_s;
  t.step_s = t.sum();
  return t;
}

}  // namespace busbar::training
