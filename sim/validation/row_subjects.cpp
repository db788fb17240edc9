#include "sim/validation/row_subjects.h"

#include <fmt/format.h>

#include <cctype>
#include <cmath>

namespace busbar::validation {

using model::LanguageModel;

namespace {

const LanguageModel* find_model(const std::string& name, const std::vector<LanguageModel>& models) {
  const std::string wanted = plain(name.substr(0, name.find('(')));
  for (const LanguageModel& m : models) {
    if (plain(m.name) == wanted || plain(m.title) == wanted) return &m;
    for (const std::string& alias : m.aliases) {
      if (plain(alias) == wanted) return &m;
    }
  }
  return nullptr;
}

// A dense or expert model from the columns of a row. Empty `reason`: all there.
LanguageModel model_of_columns(const Fields& row, std::string& reason) {
  LanguageModel m;
  m.name = m.title = row.text("model");
  m.hidden = static_cast<int>(row.number("hidden"));
  m.vocabulary = static_cast<int>(row.number("vocab"));
  m.context = static_cast<int>(row.number("seq"));
  const std::string notes = row.text("notes");
  const std::string ffn = row.text("ffn");
  model::LayerGroup layer;
  layer.count = static_cast<int>(row.number("layers"));
  model::Attention& a = layer.attention;
  a.heads = static_cast<int>(row.number("heads"));
  a.kv_heads = row.blank("kv_heads") ? a.heads : static_cast<int>(row.number("kv_heads"));
  if (layer.count <= 0 || m.hidden <= 0 || a.heads <= 0) {
    reason =
        fmt::format("the architecture of '{}' is neither in the row nor in a catalogue", m.name);
    return m;
  }
  if (a.kv_heads <= 0) {
    reason = fmt::format("attention '{}' of '{}' is in no catalogue", row.text("kv_heads"), m.name);
    return m;
  }
  a.head_dim =
      static_cast<int>(number_after(notes, "head_dim (\\d+)").value_or(1.0 * m.hidden / a.heads));
  model::FeedForward& f = layer.feed_forward;
  if (const auto width = base::parse_number(ffn)) {
    f.width = *width;
    // Three matrices are of the models after GPT; the width tells where the row does not.
    const bool gpt = contains(plain(m.name), "gpt") || contains(plain(m.name), "bloom") ||
                     contains(plain(m.name), "opt") || f.width == 4.0 * m.hidden;
    const bool squared = contains(plain(m.name), "nemotron");
    f.activation = squared                              ? model::Activation::kSquaredRelu
                   : gpt || contains(notes, "2-matrix") ? model::Activation::kGelu
                                                        : model::Activation::kSwiglu;
    if (contains(notes, "SwiGLU")) f.activation = model::Activation::kSwiglu;
  } else {
    f.kind = model::FeedForwardKind::kExperts;
    f.width = number_after(ffn, "^(\\d+)").value_or(0.0);
    f.experts = static_cast<int>(number_after(ffn, "x *(\\d+)").value_or(0.0));
    f.experts_per_token = static_cast<int>(number_after(ffn, "top-?(\\d+)").value_or(0.0));
    f.shared_width = f.width * number_after(ffn, "\\+(\\d+)").value_or(0.0);
    if (f.width <= 0 || f.experts <= 0 || f.experts_per_token <= 0) {
      reason = fmt::format("feed-forward '{}' of '{}' is not understood", ffn, m.name);
    }
  }
  m.tied_embeddings = f.activation == model::Activation::kGelu;
  m.layers.push_back(layer);
  return m;
}

}  // namespace

std::shared_ptr<const LanguageModel> model_of(const Fields& row, const Catalogue& catalogue,
                                              std::string& reason) {
  const LanguageModel* known = find_model(row.text("model"), catalogue.models);
  const bool own = row.number("layers") > 0 && row.number("hidden") > 0 &&
                   row.number("heads") > 0 && base::parse_number(row.text("ffn"));
  if (known != nullptr) {
    auto m = std::make_shared<LanguageModel>(*known);
    const bool same = !own || (m->hidden == static_cast<int>(row.number("hidden")) &&
                               m->layer_count() == static_cast<int>(row.number("layers")));
    if (same) {
      if (row.number("vocab") > 0) m->vocabulary = static_cast<int>(row.number("vocab"));
      return m;
    }
  }
  auto m = std::make_shared<LanguageModel>(model_of_columns(row, reason));
  return m;
}

namespace {

// Whether a text names a chip: `DGX-GB200` names GB200. Short names stand alone: NVL4 is no L4.
bool names_chip(const std::string& text, const std::string& name) {
  constexpr size_t kShort = 3;
  const std::string word = plain(name);
  if (word.empty() || !contains(plain(text), word)) return false;
  if (word.size() > kShort) return true;
  std::string alone;
  for (const char c : text + " ") {
    if (std::isalnum(static_cast<unsigned char>(c))) {
      alone += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      continue;
    }
    if (alone == word) return true;
    alone.clear();
  }
  return false;
}

}  // namespace

base::Id<model::Accelerator> find_chip(const std::string& text, const model::Platform& platform) {
  base::Id<model::Accelerator> best;
  size_t length = 0;
  for (const auto id : platform.accelerators.ids()) {
    const model::Accelerator& chip = platform.accelerators[id];
    std::vector<std::string> names = chip.aliases;
    names.push_back(chip.name);
    for (const std::string& name : names) {
      const size_t letters = plain(name).size();
      if (letters > length && names_chip(text, name)) {
        best = id;
        length = letters;
      }
    }
  }
  return best;
}

std::string place(const model::Platform& platform, base::Id<model::Accelerator> chip, double chips,
                  int domain_size, training::Slice& slice) {
  double best = 0.0;
  for (const model::Domain& domain : platform.domains) {
    const model::Node& node = platform.nodes[domain.node];
    if (node.accelerator != chip) continue;
    const double size = domain_size > 0 ? domain_size : domain.chips_usable;
    const double distance = std::abs(std::log(size / domain.chips_usable));
    if (slice.domain != nullptr && distance >= best) continue;
    best = distance;
    slice.domain = &domain;
    slice.node = &node;
    slice.nic = node.nic ? &platform.nics[node.nic] : nullptr;
  }
  slice.accelerator = &platform.accelerators[chip];
  if (slice.domain == nullptr) {
    return fmt::format("no domain with '{}' in the catalogue", slice.accelerator->name);
  }
  slice.chips = chips;
  slice.screened = true;
  slice.domain_size = domain_size;
  slice.domains = static_cast<int>(std::ceil(chips / slice.domain_chips()));
  return {};
}

}  // namespace busbar::validation
