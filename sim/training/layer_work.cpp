#include "sim/training/layer_work.h"

#include <algorithm>
#include <cmath>

#include "sim/collectives/curve.h"

namespace busbar::training {

using model::AttentionKind;
using model::FeedForwardKind;

namespace {

// Flash attention reaches about 60 % of the 16-bit peak forward; the backward pass has 2.5 times
// the arithmetic and runs a little slower. Narrow heads fill the tensor units badly.
constexpr double kFusedRate = 0.60;
constexpr double kBackwardArithmetic = 2.5;
constexpr double kBackwardSlowness = 1.15;
constexpr double kFullHead = 128.0;                     // width of the tensor units
constexpr double kGpuBlock = 128.0, kXlaBlock = 512.0;  // tokens that kernels load at once
// Separate kernels compute all scores, masked ones too, and move them through memory.
constexpr double kUnfusedRate = 0.45;
constexpr double kUnfusedForwardBytes = 13.0, kUnfusedBackwardBytes = 18.0;  // a score
// The fused softmax kernel takes groups of four heads; without it scores pass through 32 bits.
constexpr double kHeadGroup = 4.0;
constexpr double kPlainForwardBytes = 33.0, kPlainBackwardBytes = 38.0;
constexpr double kPlainLaunches = 1.3;  // of a layer: casts, scale, mask and softmax apart
constexpr double kScanChunk = 128.0;    // tokens of a state-space chunk
constexpr double kDropoutMask = 1.0;    // bytes, in stacks of that age
constexpr double kNumber = 2.0;         // bytes of an activation

double matrices_up(model::Activation a) { return a == model::Activation::kSwiglu ? 2.0 : 1.0; }

class LayerCost {
 public:
  LayerCost(const Task& task, const Rank& rank) : task_(task), rank_(rank), plan_(task.plan) {
    tokens_ = plan_.micro_batch * task.sequence / plan_.context;
    tensor_ = plan_.tensor;
    tokens_outside_ = plan_.sequence_parallel ? tokens_ / tensor_ : tokens_;
    hidden_ = task.model->hidden;
  }

  LayerWork take() { return work_; }
  double tokens() const { return tokens_; }

  // C[rows, n] = A[rows, k] B[k, n] with its two backward products; `copies` equal ones.
  void product(const compute::ProductRate& rate, double rows, double n, double k,
               double PassWork::*where, double copies = 1.0, bool trained = true) {
    const double forward = copies * compute::product_s(rate, rows, n, k);
    const double flops = copies * 2.0 * rows * n * k;
    work_.forward.*where += forward;
    arithmetic(work_.forward, flops, rate.peak);
    work_.backward.*where += copies * compute::product_s(rate, rows, k, n);
    arithmetic(work_.backward, flops, rate.peak);
    if (trained && task_.tuning != Tuning::kLowRank) {
      work_.backward.*where += copies * compute::product_s(rate, k, n, rows);
      arithmetic(work_.backward, flops, rate.peak);
    }
    work_.last_product = {};
    work_.last_product.*where = forward;
    work_.last_product.flops = flops;
    work_.last_product.least_s = flops / rate.peak;
  }
  // A product of the layer's dense part: counts its weights and keeps its input.
  void dense(double n, double k, double kept_width) {
    product(rank_.product, tokens_, n, k, &PassWork::products_s);
    work_.weights += n * k;
    // What has the model's full width is shared out like the residual stream.
    work_.product_bytes += kNumber * (n == hidden_ ? tokens_outside_ : tokens_) * n;
    keep(tokens_ * kept_width * saved_number());
  }

  void attention(const model::Attention& a);
  void feed_forward(const model::FeedForward& f);
  void logits();
  void projection();

 private:
  double saved_number() const { return rank_.eight_bit ? 1.0 : kNumber; }
  void keep(double bytes) { work_.saved_bytes += bytes; }
  static void arithmetic(PassWork& pass, double flops, double peak) {
    pass.flops += flops;
    pass.least_s += flops / peak;
  }
  // Elementwise traffic, in bytes forward; twice that backward.
  void traffic(double bytes) {
    work_.forward.memory_s += bytes / rank_.memory_rate;
    work_.backward.memory_s += 2.0 * bytes / rank_.memory_rate;
  }
  // Norm, residual and casts around a block of an inner width.
  void around(double inner_bytes) {
    traffic(tokens_outside_ * 10.0 * hidden_ + tokens_ * inner_bytes);
    // The norm's input, and its output, which the first product reads again for its weights.
    const double mask = rank_.fused_attention ? 0.0 : kDropoutMask;
    keep(tokens_outside_ * (kNumber + saved_number() + mask) * hidden_);
  }
  double casts(double inner) const { return rank_.eight_bit ? 4.0 * (hidden_ + inner) : 0.0; }
  // The activations of a block enter and leave a tensor-parallel group once in each pass.
  void tensor_traffic() {
    if (tensor_ <= 1.0) return;
    const double wire = collectives::wire_bytes(kNumber * tokens_ * hidden_, tensor_);
    double seconds = 2.0 * tensor_curve(wire);
    work_.forward.tensor_s += seconds;
    work_.backward.tensor_s += seconds;
  }
  double tensor_curve(double wire) const {
    if (rank_.torus) return wire / (rank_.link_rate / rank_.axes);  // one axis of the torus
    if (tensor_ <= rank_.domain_ranks) return collectives::curve_s(rank_.gather, wire);
    return rank_.nic_rate > 0.0 ? wire / rank_.nic_rate : wire / rank_.link_rate;
  }
  void scores(const model::Attention& a);
  void scan(const model::Attention& a);
  void context_traffic(double key_value_width, double attention_s);
  void routed(const model::FeedForward& f);
  double all_to_all_s(double rows_bytes, double copies) const;

  const Task& task_;
  const Rank& rank_;
  const model::ParallelPlan& plan_;
  LayerWork work_;
  double tokens_ = 0.0, tokens_outside_ = 0.0, tensor_ = 1.0, hidden_ = 0.0;
};

// Mean number of tokens that one is computed against: a window spans one block more than its width.
double mean_span(const model::Attention& a, double sequence, double block) {
  const double half = sequence / 2.0;
  if (a.kind == AttentionKind::kSlidingWindow) {
    const double w = std::min<double>(a.window + block, sequence);
    return w - w * w / (2.0 * sequence);
  }
  if (a.kind == AttentionKind::kSparse) return std::min<double>(a.selected, half);
  return half;
}

void LayerCost::scores(const model::Attention& a) {
  const bool latent = a.kind == AttentionKind::kLatent;
  const double heads = a.heads / tensor_;
  const double widths = latent ? a.nope_dim + a.rope_dim + a.value_dim : 2.0 * a.head_dim;
  const double block = rank_.style == model::StackStyle::kXla ? kXlaBlock : kGpuBlock;
  const double span = rank_.fused_attention ? mean_span(a, task_.sequence, block) : task_.sequence;
  const double flops = 2.0 * tokens_ * span * heads * widths;
  double rate = rank_.half.peak * (rank_.fused_attention ? kFusedRate : kUnfusedRate);
  if (rank_.fused_attention && !latent) rate *= std::min(1.0, a.head_dim / kFullHead);
  const double forward = flops / rate;
  work_.forward.attention_s += forward;
  arithmetic(work_.forward, flops, rank_.half.peak);
  const bool fused = rank_.fused_attention;
  work_.backward.attention_s +=
      fused ? kBackwardArithmetic * kBackwardSlowness * forward : 2.0 * forward;
  arithmetic(work_.backward, flops * (fused ? kBackwardArithmetic : 2.0), rank_.half.peak);
  if (!fused) {
    const double score_count = tokens_ * task_.sequence * heads;
    const bool groups = std::fmod(plan_.micro_batch * heads, kHeadGroup) == 0.0;
    if (!groups) work_.launches = kPlainLaunches;
    work_.forward.memory_s +=
        (groups ? kUnfusedForwardBytes : kPlainForwardBytes) * score_count / rank_.memory_rate;
    work_.backward.memory_s +=
        (groups ? kUnfusedBackwardBytes : kPlainBackwardBytes) * score_count / rank_.memory_rate;
    work_.scores_bytes += 5.0 * score_count;
    keep(5.0 * score_count);
  }
  context_traffic(latent ? a.kv_rank + a.rope_dim : 2.0 * a.kv_heads * a.head_dim / tensor_,
                  forward);
}

// Keys and values go round the ring of a context-parallel group while attention computes.
void LayerCost::context_traffic(double key_value_width, double attention_s) {
  if (plan_.context <= 1) return;
  const double others = tokens_ * (plan_.context - 1.0);
  const bool inside = tensor_ * plan_.context <= rank_.domain_ranks;
  const double rate = inside || rank_.nic_rate <= 0.0 ? rank_.link_rate : rank_.nic_rate;
  const double exchange = others * key_value_width * kNumber / rate;
  work_.forward.tensor_s += std::max(0.0, exchange - attention_s);
  work_.backward.tensor_s += std::max(0.0, 2.0 * exchange - kBackwardArithmetic * attention_s);
}

// Chunked state-space duality (Mamba-2): small attention inside a chunk, a state between chunks.
void LayerCost::scan(const model::Attention& a) {
  const double inner = 1.0 * a.heads * a.head_dim / tensor_;
  const double state = 1.0 * a.state_groups * a.state_dim / tensor_;
  const double flops = tokens_ * (kScanChunk * (state + inner) + 4.0 * inner * a.state_dim);
  const double forward = flops / (rank_.half.peak * kFusedRate);
  work_.forward.attention_s += forward;
  work_.backward.attention_s += kBackwardArithmetic * forward;
  arithmetic(work_.forward, flops, rank_.half.peak);
  arithmetic(work_.backward, kBackwardArithmetic * flops, rank_.half.peak);
  // Convolution, discretisation, states of the chunks, gated norm.
  traffic(tokens_ * (16.0 * inner + 8.0 * state) +
          4.0 * tokens_ / kScanChunk * inner * a.state_dim);
  keep(tokens_ * kNumber * (3.0 * inner + 2.0 * state));
}

void LayerCost::attention(const model::Attention& a) {
  if (a.kind == AttentionKind::kNone) return;
  work_.input_bytes = kNumber * tokens_outside_ * hidden_;
  tensor_traffic();
  if (a.kind == AttentionKind::kStateSpace) {
    const double inner = 1.0 * a.heads * a.head_dim;
    const double wide = 2.0 * inner + 2.0 * a.state_groups * a.state_dim + a.heads;
    dense(wide / tensor_, hidden_, 0.0);
    scan(a);
    dense(hidden_, inner / tensor_, inner / tensor_);
    around(casts(inner / tensor_));
    return;
  }
  if (a.kind == AttentionKind::kLatent) {
    const double query = 1.0 * a.heads * (a.nope_dim + a.rope_dim) / tensor_;
    const double key_value = 1.0 * a.heads * (a.nope_dim + a.value_dim) / tensor_;
    const double out = 1.0 * a.heads * a.value_dim / tensor_;
    if (a.q_rank > 0) {
      dense(a.q_rank, hidden_, 0.0);
      dense(query, a.q_rank, a.q_rank);
    } else {
      dense(query, hidden_, 0.0);
    }
    dense(a.kv_rank + a.rope_dim, hidden_, 0.0);
    dense(key_value, a.kv_rank, a.kv_rank);
    scores(a);
    keep(tokens_ * kNumber * (2.0 * query + out));
    dense(hidden_, out, out);
    around(4.0 * (2.0 * query + key_value + out) + casts(out));
    return;
  }
  const double query = 1.0 * a.heads * a.head_dim / tensor_;
  const double key_value = 2.0 * a.kv_heads * a.head_dim / tensor_;
  dense(query + key_value, hidden_, 0.0);
  scores(a);
  keep(tokens_ * kNumber * (query + key_value));
  dense(hidden_, query, query);
  around(4.0 * (2.0 * query + key_value) + casts(query));
}

// Each token goes to the ranks of its experts and back. Between domains it goes once to each domain
// and spreads inside.
double LayerCost::all_to_all_s(double rows_bytes, double copies) const {
  const double ranks = plan_.expert;
  if (ranks <= 1.0) return 0.0;
  const double wire = collectives::wire_bytes(rows_bytes, ranks);
  // On a torus of k ranks along each axis a byte crosses k/4 links of each axis.
  if (rank_.torus && ranks <= rank_.domain_ranks) {
    const double along = std::pow(ranks, 1.0 / rank_.axes);
    return wire / rank_.link_rate * std::max(1.0, rank_.axes * along / 4.0);
  }
  if (ranks <= rank_.domain_ranks) return collectives::curve_s(rank_.all_to_all, wire);
  const double domains = std::ceil(ranks / rank_.domain_ranks);
  const double spread = domains * (1.0 - std::pow(1.0 - 1.0 / domains, copies));
  const double outside = rows_bytes / copies * spread * (domains - 1.0) / domains;
  return std::max(outside / std::max(rank_.nic_rate, 1.0),
                  collectives::curve_s(rank_.all_to_all, wire));
}

void LayerCost::routed(const model::FeedForward& f) {
  const double tokens = tokens_outside_;
  const double input = f.latent_width > 0 ? f.latent_width : hidden_;
  const double up = matrices_up(f.activation);
  const double local = std::max(1.0, 1.0 * f.experts / plan_.expert);
  const double rows = tokens * f.experts_per_token * task_.expert_imbalance;
  product(rank_.half, tokens, f.experts, hidden_, &PassWork::attention_s);
  work_.weights += 1.0 * f.experts * hidden_;
  if (f.latent_width > 0) {
    product(rank_.product, tokens, f.latent_width, hidden_, &PassWork::products_s);
    product(rank_.product, tokens, hidden_, f.latent_width, &PassWork::products_s);
    work_.weights += 2.0 * hidden_ * f.latent_width;
  }
  product(rank_.product, rows / local, up * f.width, input, &PassWork::experts_s, local);
  product(rank_.product, rows / local, input, f.width, &PassWork::experts_s, local);
  work_.local_experts = local;
  work_.expert_weights += local * (up + 1.0) * f.width * input;
  const double cast = rank_.eight_bit ? 4.0 * (input + f.width) : 0.0;
  traffic(rows * (8.0 * input + 2.0 * (up + 1.0) * f.width + cast) + tokens * 8.0 * f.experts);
  keep(rows * (saved_number() * (input + f.width) + kNumber * up * f.width));
  const double moved = all_to_all_s(kNumber * rows * input, f.experts_per_token);
  work_.forward.expert_traffic_s += 2.0 * moved;
  work_.backward.expert_traffic_s += 2.0 * moved;
}

void LayerCost::feed_forward(const model::FeedForward& f) {
  if (f.kind == FeedForwardKind::kNone) return;
  if (work_.input_bytes <= 0.0) work_.input_bytes = kNumber * tokens_outside_ * hidden_;
  const double up = matrices_up(f.activation);
  const bool experts = f.kind == FeedForwardKind::kExperts;
  const double width = (experts ? f.shared_width : f.width) / tensor_;
  if (experts) routed(f);
  if (width > 0.0) {
    tensor_traffic();
    dense(up * width, hidden_, 0.0);
    dense(hidden_, width, width);
    keep(tokens_ * kNumber * up * width);
  }
  around(width > 0.0 ? 2.0 * (up + 1.0) * width + casts(width) : 0.0);
}

// Logits, softmax and loss in 16 bits, sharded over the tensor-parallel group.
void LayerCost::logits() {
  const double columns = task_.model->vocabulary / tensor_;
  product(rank_.half, tokens_, columns, hidden_, &PassWork::attention_s);
  work_.weights += columns * hidden_;
  work_.forward.memory_s += tokens_ * 6.0 * columns / rank_.memory_rate;
  work_.backward.memory_s += tokens_ * 10.0 * columns / rank_.memory_rate;
  // XLA fuses the cast to 32 bits into the loss.
  const double logit = rank_.style == model::StackStyle::kXla ? kNumber : 4.0;
  keep(tokens_ * (kNumber * hidden_ + logit * columns));
}

void LayerCost::projection() { dense(hidden_ / tensor_, 2.0 * hidden_, 2.0 * hidden_); }

}  // namespace

PassWork& PassWork::operator+=(const PassWork& other) {
  products_s += other.products_s;
  attention_s += other.attention_s;
  experts_s += other.experts_s;
  memory_s += other.memory_s;
  tensor_s += other.tensor_s;
  expert_traffic_s += other.expert_traffic_s;
  least_s += other.least_s;
  flops += other.flops;
  return *this;
}

PassWork operator*(double factor, PassWork work) {
  for (double* value : {&work.products_s, &work.attention_s, &work.experts_s, &work.memory_s,
                        &work.tensor_s, &work.expert_traffic_s, &work.least_s, &work.flops}) {
    *value *= factor;
  }
  return work;
}

LayerWork layer_work(const Task& task, const model::LayerGroup& layer, const Rank& rank) {
  LayerCost cost(task, rank);
  cost.attention(layer.attention);
  cost.feed_forward(layer.feed_forward);
  return cost.take();
}

LayerWork head_work(const Task& task, const Rank& rank) {
  LayerCost cost(task, rank);
  cost.logits();
  return cost.take();
}

LayerWork prediction_projection_work(const Task& task, const Rank& rank) {
  LayerCost cost(task, rank);
  cost.projection();
  return cost.take();
}

}  // namespace busbar::training
