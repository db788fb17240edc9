#include <algorithm>

#include "sim/model/workload.h"

namespace busbar::model {
namespace {

double matrices_of(Activation activation) { return activation == Activation::kSwiglu ? 3.0 : 2.0; }

// Weights of one attention block, norms left out (below 0.01 % of any model).
double attention_parameters(const Attention& a, double hidden) {
  switch (a.kind) {
    case AttentionKind::kNone:
      return 0.0;
    case AttentionKind::kLatent: {
      // Query and key-value are compressed to a rank and expanded per head; the rotary part of the
      // key is shared by all heads.
      const double query_dim = a.nope_dim + a.rope_dim;
      const double query = a.q_rank > 0 ? hidden * a.q_rank + 1.0 * a.q_rank * a.heads * query_dim
                                        : hidden * a.heads * query_dim;
      const double key_value = hidden * (a.kv_rank + a.rope_dim) +
                               1.0 * a.kv_rank * a.heads * (a.nope_dim + a.value_dim);
      return query + key_value + 1.0 * a.heads * a.value_dim * hidden;
    }
    case AttentionKind::kStateSpace: {
      // Mamba-2: input projection to x, z, B, C and dt; depth-wise convolution; output projection.
      const double inner = 1.0 * a.heads * a.head_dim;
      const double state = 2.0 * a.state_groups * a.state_dim;
      return hidden * (2.0 * inner + state + a.heads) + a.convolution * (inner + state) +
             inner * hidden;
    }
    default:
      return hidden * a.head_dim * (2.0 * a.heads + 2.0 * a.kv_heads);
  }
}

// Weights of one feed-forward block: all of them, and those one token passes.
struct FeedForwardParameters {
  double total, active;
};
FeedForwardParameters feed_forward_parameters(const FeedForward& f, double hidden) {
  const double matrices = matrices_of(f.activation);
  switch (f.kind) {
    case FeedForwardKind::kNone:
      return {0.0, 0.0};
    case FeedForwardKind::kDense:
      return {matrices * hidden * f.width, matrices * hidden * f.width};
    case FeedForwardKind::kExperts: {
      const double expert_input = f.latent_width > 0 ? f.latent_width : hidden;
      const double expert = matrices * expert_input * f.width;
      const double common = matrices * hidden * f.shared_width + hidden * f.experts +
                            (f.latent_width > 0 ? 2.0 * hidden * f.latent_width : 0.0);
      return {f.experts * expert + common, f.experts_per_token * expert + common};
    }
  }
  return {0.0, 0.0};
}

// Multiply-adds of scores and values of one token against its mean causal context.
double attention_score_flops(const Attention& a, double sequence) {
  const double half = sequence / 2.0;
  switch (a.kind) {
    case AttentionKind::kNone:
      return 0.0;
    case AttentionKind::kSlidingWindow: {
      // The first `window` tokens of a sequence see fewer; the mean over the sequence is exact.
      const double w = std::min<double>(a.window, sequence);
      return 4.0 * a.heads * a.head_dim * (w - w * w / (2.0 * sequence));
    }
    case AttentionKind::kLatent:
      return 2.0 * a.heads * (a.nope_dim + a.rope_dim + a.value_dim) * half;
    case AttentionKind::kSparse:
      return 4.0 * a.heads * a.head_dim * std::min<double>(a.selected, half);
    case AttentionKind::kStateSpace:
      return 6.0 * a.heads * a.head_dim * a.state_dim;  // update and read of the state
    default:
      return 4.0 * a.heads * a.head_dim * half;
  }
}

}  // namespace

int LanguageModel::layer_count() const {
  int count = 0;
  for (const LayerGroup& group : layers) count += group.count;
  return count;
}

double LanguageModel::parameters() const {
  double sum = (tied_embeddings ? 1.0 : 2.0) * vocabulary * hidden;
  for (const LayerGroup& group : layers) {
    sum += group.count * (attention_parameters(group.attention, hidden) +
                          feed_forward_parameters(group.feed_forward, hidden).total);
  }
  return sum;
}

double LanguageModel::active_parameters() const {
  double sum = 1.0 * vocabulary * hidden;
  for (const LayerGroup& group : layers) {
    sum += group.count * (attention_parameters(group.attention, hidden) +
                          feed_forward_parameters(group.feed_forward, hidden).active);
  }
  return sum;
}

double LanguageModel::forward_flops_per_token(double sequence) const {
  double flops = 2.0 * active_parameters();
  for (const LayerGroup& group : layers) {
    flops += group.count * attention_score_flops(group.attention, sequence);
  }
  return flops;
}

double LanguageModel::training_flops_per_token(double sequence) const {
  return 3.0 * forward_flops_per_token(sequence);
}

ModelKind LanguageModel::kind() const {
  ModelKind kind = ModelKind::kDense;
  for (const LayerGroup& group : layers) {
    if (group.attention.kind == AttentionKind::kStateSpace) return ModelKind::kHybrid;
    if (group.feed_forward.kind == FeedForwardKind::kExperts) kind = ModelKind::kExperts;
  }
  return kind;
}

double LanguageModel::cache_bytes_per_token(double bytes) const {
  double numbers = 0.0;
  for (const LayerGroup& group : layers) {
    const Attention& a = group.attention;
    switch (a.kind) {
      case AttentionKind::kNone:
      case AttentionKind::kStateSpace:  // a state of fixed size, not per token
        break;
      case AttentionKind::kLatent:
        numbers += group.count * (a.kv_rank + a.rope_dim);
        break;
      default:
        numbers += group.count * 2.0 * a.kv_heads * a.head_dim;
    }
  }
  return numbers * bytes;
}

double LanguageModel::cache_bytes(double tokens, double bytes) const {
  double numbers = 0.0;
  for (const LayerGroup& group : layers) {
    const Attention& a = group.attention;
    const double key_value = 2.0 * a.kv_heads * a.head_dim;
    switch (a.kind) {
      case AttentionKind::kNone:
        break;
      case AttentionKind::kStateSpace: {
        // Mamba-2: a matrix per head, and the last inputs of the convolution over x, B and C.
        const double inner = 1.0 * a.heads * a.head_dim;
        const double convolved = inner + 2.0 * a.state_groups * a.state_dim;
        numbers += group.count * (inner * a.state_dim + std::max(0, a.convolution - 1) * convolved);
        break;
      }
      case AttentionKind::kLatent:
        numbers += group.count * tokens * (a.kv_rank + a.rope_dim);
        break;
      case AttentionKind::kSlidingWindow:
        numbers += group.count * std::min<double>(tokens, a.window) * key_value;
        break;
      case AttentionKind::kFull:
      case AttentionKind::kSparse:  // reads few of the keys, keeps all
        numbers += group.count * tokens * key_value;
        break;
    }
  }
  return numbers * bytes;
}

}  // namespace busbar::model
