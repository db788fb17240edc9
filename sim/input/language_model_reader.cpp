#include "sim/input/language_model_reader.h"

#include <cmath>

#include "sim/base/rows.h"

namespace busbar::input {

using model::AttentionKind;
using xml::Element;

namespace {

constexpr double kParameterTolerance = 0.005;  // of a published count

model::Attention read_attention(const Element& e, int hidden, base::Diagnostics& problems) {
  const auto number = [&](std::string_view name, int fallback) {
    return xml::integer(e, name, fallback, problems);
  };
  model::Attention a;
  const std::string kind = e.get("kind");
  a.kind = kind == "sliding-window" ? AttentionKind::kSlidingWindow
           : kind == "latent"       ? AttentionKind::kLatent
           : kind == "sparse"       ? AttentionKind::kSparse
           : kind == "state-space"  ? AttentionKind::kStateSpace
                                    : AttentionKind::kFull;
  a.heads = xml::integer(e, "heads", 1, problems, 1);
  a.kv_heads = number("kv-heads", a.heads);
  a.head_dim = number("head-dim", hidden / a.heads);
  a.window = number("window", 0);
  a.q_rank = number("q-rank", 0);
  a.kv_rank = number("kv-rank", 0);
  a.nope_dim = number("nope-dim", 0);
  a.rope_dim = number("rope-dim", 0);
  a.value_dim = number("value-dim", 0);
  a.selected = number("selected", 0);
  a.state_dim = number("state-dim", 0);
  a.state_groups = number("state-groups", 1);
  a.convolution = number("convolution", 0);
  const auto need = [&](const char* name, int value) {
    if (value <= 0) {
      problems.error(e.where(), "{} attention needs {}=\"…\"", kind, name);
    }
  };
  if (a.heads % std::max(1, a.kv_heads) != 0) {
    problems.error(e.where("kv-heads"), "{} heads cannot share {} key-value heads evenly", a.heads,
                   a.kv_heads);
  }
  if (a.kind == AttentionKind::kSlidingWindow) need("window", a.window);
  if (a.kind == AttentionKind::kSparse) need("selected", a.selected);
  if (a.kind == AttentionKind::kStateSpace) need("state-dim", a.state_dim);
  if (a.kind == AttentionKind::kLatent) {
    need("kv-rank", a.kv_rank);
    need("nope-dim", a.nope_dim);
    need("value-dim", a.value_dim);
  }
  return a;
}

model::Activation activation_of(const Element& e) {
  const std::string name = e.get("activation", "swiglu");
  return name == "gelu"           ? model::Activation::kGelu
         : name == "squared-relu" ? model::Activation::kSquaredRelu
                                  : model::Activation::kSwiglu;
}

model::FeedForward read_feed_forward(const Element& layers, base::Diagnostics& problems) {
  model::FeedForward f;
  f.kind = model::FeedForwardKind::kNone;
  if (const Element e = layers.child("feed-forward")) {
    f.kind = model::FeedForwardKind::kDense;
    f.width = xml::integer(e, "width", 1, problems, 1);
    f.activation = activation_of(e);
    if (layers.child("experts")) {
      problems.error(e.where(), "layers have a dense block or experts, not both");
    }
  } else if (const Element x = layers.child("experts")) {
    f.kind = model::FeedForwardKind::kExperts;
    f.width = xml::integer(x, "width", 1, problems, 1);
    f.experts = xml::integer(x, "count", 1, problems, 1);
    f.experts_per_token = xml::integer(x, "per-token", 1, problems, 1);
    f.shared_width = xml::integer(x, "shared-width", 0, problems);
    f.latent_width = xml::integer(x, "latent-width", 0, problems);
    f.activation = activation_of(x);
    if (f.experts_per_token > f.experts) {
      problems.error(x.where("per-token"), "{} of {} experts per token", f.experts_per_token,
                     f.experts);
    }
  }
  return f;
}

}  // namespace

model::LanguageModel read_language_model(const Element& e, base::Diagnostics& problems) {
  model::LanguageModel m;
  m.name = e.get("id");
  m.title = e.get("title", m.name);
  m.aliases = xml::words(e, "aliases");
  m.hidden = xml::integer(e, "hidden", 1, problems, 1);
  m.vocabulary = xml::integer(e, "vocabulary", 1, problems, 1);
  m.context = xml::integer(e, "context", 1, problems, 1);
  m.tied_embeddings = xml::boolean(e, "tied-embeddings", false, problems);
  m.multi_token_prediction = xml::integer(e, "multi-token-prediction", 0, problems);
  m.critical_batch_tokens =
      xml::quantity(e, "critical-batch", base::Dimension::kTokens, 0.0, problems);
  m.low_communication_token_factor = xml::quantity(e, "low-communication-token-factor",
                                                   base::Dimension::kCount, 1.0, problems, 1.0);
  for (const Element& g : e.children("layers")) {
    model::LayerGroup group;
    group.count = xml::integer(g, "count", 1, problems, 1, 100000);
    group.attention.kind = AttentionKind::kNone;
    if (const Element a = g.child("attention")) {
      group.attention = read_attention(a, m.hidden, problems);
    }
    group.feed_forward = read_feed_forward(g, problems);
    m.layers.push_back(group);
  }
  m.published_parameters =
      xml::quantity(e, "published-parameters", base::Dimension::kCount, 0.0, problems);
  if (m.published_parameters > 0.0 && !problems.has_errors()) {
    const double computed = m.parameters();
    if (std::abs(computed / m.published_parameters - 1.0) > kParameterTolerance) {
      problems.error(e.where("published-parameters"),
                     "model '{}' has {:.4g} weights by its architecture, not {:.4g}", m.name,
                     computed, m.published_parameters);
    }
  }
  return m;
}

}  // namespace busbar::input
