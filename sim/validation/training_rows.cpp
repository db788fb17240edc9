#include "sim/validation/training_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <regex>

#include "sim/base/rows.h"
#include "sim/base/text.h"
#include "sim/training/plan.h"

namespace busbar::validation {

using model::LanguageModel;
using model::Recompute;
using model::Sharding;

namespace {

// Letters and digits alone, in lower case: how names of tables are compared.
std::string plain(std::string_view text) {
  std::string kept;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c))) {
      kept += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return kept;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The number after a word, as in `FSDP=64` or `DP32 ZeRO-1`; nothing if the word is not there.
std::optional<double> number_after(const std::string& text, const std::string& pattern) {
  std::smatch found;
  if (!std::regex_search(text, found, std::regex(pattern))) return std::nullopt;
  return base::parse_number(found[1].str());
}

// One row by column name.
class Fields {
 public:
  explicit Fields(const base::CsvReader& csv) : csv_(csv) {}
  std::string text(std::string_view column) const {
    const int i = csv_.column(column);
    return i < 0 ? std::string{} : std::string(base::trim(csv_.fields()[static_cast<size_t>(i)]));
  }
  bool blank(std::string_view column) const { return text(column).empty(); }
  double number(std::string_view column) const {
    return base::parse_number(text(column)).value_or(0.0);
  }
  // A count; `n/a` is 1, blank is 0.
  int count(std::string_view column) const {
    const std::string t = text(column);
    return t == "n/a" ? 1 : static_cast<int>(number(column));
  }

 private:
  const base::CsvReader& csv_;
};

// ── Models ───────────────────────────────────────────────────────────────────────────────────────

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

// The architecture of the catalogue, with the columns of the row where it has them and they differ.
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

// ── Hardware ─────────────────────────────────────────────────────────────────────────────────────

// The chip whose longest name or alias the text contains.
base::Id<model::Accelerator> find_chip(const std::string& text, const model::Platform& platform) {
  const std::string where = plain(text);
  base::Id<model::Accelerator> best;
  size_t length = 0;
  for (const auto id : platform.accelerators.ids()) {
    const model::Accelerator& chip = platform.accelerators[id];
    std::vector<std::string> names = chip.aliases;
    names.push_back(chip.name);
    for (const std::string& name : names) {
      const std::string word = plain(name);
      if (word.size() > length && contains(where, word)) {
        best = id;
        length = word.size();
      }
    }
  }
  return best;
}

// A slice of a chip's domain whose size is nearest to the one asked for.
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

// ── Plans ────────────────────────────────────────────────────────────────────────────────────────

Recompute recompute_of(const std::string& text) {
  if (contains(text, "full") || contains(text, "custom")) return Recompute::kFull;
  if (contains(text, "none")) return Recompute::kNone;
  if (contains(text, "selective") || contains(text, "minimal")) return Recompute::kSelective;
  return Recompute::kChosen;
}

std::string precision_of(const Fields& row) {
  // The first that is named; a row may say that another is implied.
  std::string word = plain(row.text("precision"));
  if (const size_t implied = word.find("implies"); implied != std::string::npos) {
    word = word.substr(implied);
  }
  std::string first = "bf16";
  size_t place = std::string::npos;
  for (const char* name : {"nvfp4", "mxfp8", "fp8", "int8", "fp4", "fp16", "fp32", "bf16"}) {
    const size_t at = word.find(name);
    if (at < place) {
      place = at;
      first = name;
    }
  }
  return first;
}

void read_plan(const Fields& row, TrainingRow& r) {
  model::ParallelPlan& p = r.task.plan;
  p.tensor = row.count("TP");
  p.pipeline = row.count("PP");
  p.virtual_pipeline = row.count("VPP");
  p.context = row.count("CP");
  p.expert = row.count("EP");
  p.micro_batch = row.count("mbs");
  const std::string recompute = row.text("recompute");
  p.recompute = recompute_of(recompute);
  p.offload = contains(recompute, "offload");
  p.sequence_parallel = !contains(recompute, "no SP") && r.stack != "megatron-lm-2021";
  const std::string data = row.text("DP_or_FSDP");
  p.slices = static_cast<int>(number_after(data, "DP(\\d+) DCN").value_or(0.0));
  const auto fsdp = number_after(data, "FSDP=?(\\d+)");
  if (contains(data, "FSDP") && fsdp.value_or(1.0) > 0.0) {
    p.sharding = Sharding::kWeights;
  } else if (contains(data, "ZeRO-3")) {
    p.sharding = Sharding::kWeights;
  } else if (contains(data, "ZeRO") || contains(data, "dist-opt") || contains(data, "FSDP=0")) {
    p.sharding = Sharding::kOptimizer;
  } else if (data.starts_with("DP") && r.release < "2023") {
    p.sharding = Sharding::kReplicated;
  }
}

// What was blank, and what the fastest completion that fits memory says.
void complete(TrainingRow& r) {
  const bool xla = r.slice.stack != nullptr && r.slice.stack->style == model::StackStyle::kXla;
  model::ParallelPlan& p = r.task.plan;
  if (xla) {
    // One program a slice: no micro-batches, weights sharded over all of it.
    p.tensor = std::max(1, p.tensor);
    p.pipeline = 1;
    p.virtual_pipeline = 1;
    p.expert = 1;
    p.context = 0;
    p.micro_batch = 0;
    p.sharding = Sharding::kWeights;
    if (p.slices == 0) {
      p.slices = std::max(1, static_cast<int>(std::lround(r.slice.chips / r.slice.domain_chips())));
    }
  }
  const model::ParallelPlan given = p;
  // With neutral constants, so that what a blank means depends on no fit.
  training::Slice neutral = r.slice;
  neutral.constants = {};
  const auto best = training::best_plan(r.task, neutral);
  if (!best) {
    r.reason = "no legal plan: replicas x micro-batch do not divide the batch";
    return;
  }
  p = best->plan;
  const auto note = [&](const char* name, int was, int now) {
    if (was == 0) r.inferred.push_back(fmt::format("{} {}", name, now));
  };
  note("tensor", given.tensor, p.tensor);
  note("pipeline", given.pipeline, p.pipeline);
  note("chunks", given.virtual_pipeline, p.virtual_pipeline);
  note("context", given.context, p.context);
  note("micro-batch", given.micro_batch, p.micro_batch);
  if (given.recompute == Recompute::kChosen) {
    constexpr const char* kNames[] = {"", "none", "selective", "full"};
    r.inferred.push_back(fmt::format("recompute {}", kNames[static_cast<size_t>(p.recompute)]));
    if (p.recomputed_share < 1.0) {
      r.inferred.push_back(fmt::format("of {:.0f} % of the layers", 100.0 * p.recomputed_share));
    }
  }
  if (p.offload_optimizer && !given.offload_optimizer)
    r.inferred.push_back("optimizer in host memory");
  if (p.offload && !given.offload) r.inferred.push_back("activations in host memory");
  if (!best->fits) {
    r.inferred.push_back(fmt::format("does not fit: {:.0f} GB of {:.0f}",
                                     best->memory.total() / 1e9,
                                     training::usable_memory(r.slice) / 1e9));
  }
}

TrainingRow read_row(const Fields& row, const Catalogue& catalogue) {
  TrainingRow r;
  r.id = row.text("id");
  r.model_name = row.text("model");
  r.stack = row.text("stack");
  r.release = row.text("release");
  if (!row.blank("exclude")) {
    r.reason = "excluded: " + row.text("exclude");
    return r;
  }
  const double chips = row.number("n_chips"), batch = row.number("gbs_seqs");
  const double sequence = row.number("seq"), rate = row.number("tok_s_chip");
  if (chips <= 0.0 || batch <= 0.0 || sequence <= 0.0) {
    r.reason = "chips, global batch or sequence are missing";
    return r;
  }
  // Printed step times are rounded more often than tokens a second.
  r.measured_s = rate > 0.0 ? batch * sequence / (rate * chips) : row.number("step_s");
  if (r.measured_s <= 0.0) {
    r.reason = "neither tok_s_chip nor step_s";
    return r;
  }
  const std::string kind = row.text("step_kind");
  if (const auto evaluated = number_after(kind, "eval of (\\d+) seqs")) {
    r.evaluation_share = *evaluated / number_after(kind, "per (\\d+) train seqs").value_or(1e300);
  }
  r.model = model_of(row, catalogue, r.reason);
  if (!r.reason.empty()) return r;
  const auto chip = find_chip(row.text("hardware"), *catalogue.platform);
  if (!chip) {
    r.reason = fmt::format("no chip of the catalogue in '{}'", row.text("hardware"));
    return r;
  }
  r.reason = place(*catalogue.platform, chip, chips, row.count("scaleup_domain"), r.slice);
  if (!r.reason.empty()) return r;
  training::use_stack(*catalogue.platform, r.stack, r.release, r.model->kind(), r.slice);
  r.task.model = r.model.get();
  r.task.sequence = sequence;
  r.task.global_batch_tokens = batch * sequence;
  r.task.precision = precision_of(row);
  if (contains(row.text("task"), "lora")) r.task.tuning = training::Tuning::kLowRank;
  read_plan(row, r);
  // Neuron counts cores, two a chip: the plan tells.
  const double replicas = number_after(row.text("DP_or_FSDP"), "DP(\\d+)").value_or(0.0);
  const double ranks =
      replicas * std::max(1, r.task.plan.tensor) * std::max(1, r.task.plan.pipeline);
  if (r.slice.stack != nullptr && r.slice.stack->style == model::StackStyle::kNeuron) {
    r.slice.ranks_per_chip = ranks > chips ? static_cast<int>(std::lround(ranks / chips)) : 2;
  }
  r.reason = training::broken_rule(r.task, r.slice);
  if (r.reason.empty()) complete(r);
  return r;
}

}  // namespace

std::string TrainingRow::family() const {
  return fmt::format("{} {} {}", slice.accelerator->name, stack,
                     model::kModelKindNames[static_cast<size_t>(model->kind())]);
}

std::vector<TrainingRow> read_training_rows(const std::string& path, const Catalogue& catalogue,
                                            base::Diagnostics& problems) {
  base::CsvReader csv(path);
  std::vector<TrainingRow> rows;
  for (const char* needed : {"id", "model", "seq", "gbs_seqs", "hardware", "n_chips"}) {
    if (csv.column(needed) < 0) problems.error(csv.where(), "{}: no column '{}'", path, needed);
  }
  if (problems.has_errors()) return rows;
  const Fields fields(csv);
  while (csv.next(problems)) {
    TrainingRow row = read_row(fields, catalogue);
    row.index = static_cast<int>(rows.size());
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<TrainingRow> read_vtrain_rows(const std::string& path, const Catalogue& catalogue,
                                          base::Diagnostics& problems) {
  base::CsvReader csv(path);
  std::vector<TrainingRow> rows;
  const auto chip = find_chip("A100-SXM4-80GB", *catalogue.platform);
  for (const char* needed : {"# GPUs", "global batch", "micro batch", "hidden size",
                             "attention heads", "# layers", "sequence length", "tensor parallelism",
                             "data parallelism", "pipeline parallelism", "iteration time (ms)"}) {
    if (csv.column(needed) < 0) problems.error(csv.where(), "{}: no column '{}'", path, needed);
  }
  if (!chip) problems.error({path, 1, 1}, "no A100 in the catalogue");
  if (problems.has_errors()) return rows;
  const Fields f(csv);
  while (csv.next(problems)) {
    TrainingRow r;
    r.index = static_cast<int>(rows.size());
    r.id = fmt::format("vtrain-{}", r.index);
    LanguageModel m;
    m.hidden = static_cast<int>(f.number("hidden size"));
    m.context = static_cast<int>(f.number("sequence length"));
    m.vocabulary = 51200;
    m.tied_embeddings = true;
    model::LayerGroup layer;
    layer.count = static_cast<int>(f.number("# layers"));
    layer.attention.heads = layer.attention.kv_heads =
        static_cast<int>(f.number("attention heads"));
    layer.attention.head_dim = layer.attention.heads > 0 ? m.hidden / layer.attention.heads : 0;
    layer.feed_forward = {.activation = model::Activation::kGelu, .width = 4.0 * m.hidden};
    m.layers = {layer};
    m.name = m.title = r.model_name =
        fmt::format("{} x {} x {}", layer.count, m.hidden, layer.attention.heads);
    r.model = std::make_shared<LanguageModel>(m);
    r.measured_s = f.number("iteration time (ms)") * 1e-3;
    const double chips = f.number("# GPUs");
    r.stack = chips > 8.0 ? "vtrain-multi-node" : "vtrain-single-node";
    if (r.measured_s <= 0.0 || chips <= 0.0 || layer.count <= 0 || layer.attention.heads <= 0) {
      r.reason = "a number is missing or not positive";
    } else {
      r.reason = place(*catalogue.platform, chip, chips, 8, r.slice);
      training::use_stack(*catalogue.platform, r.stack, {}, model::ModelKind::kDense, r.slice);
      r.task.model = r.model.get();
      r.task.sequence = m.context;
      r.task.global_batch_tokens = f.number("global batch") * m.context;
      r.task.precision = "fp16";
      model::ParallelPlan& p = r.task.plan;
      p.tensor = static_cast<int>(f.number("tensor parallelism"));
      p.pipeline = static_cast<int>(f.number("pipeline parallelism"));
      p.micro_batch = static_cast<int>(f.number("micro batch"));
      p.virtual_pipeline = p.context = p.expert = p.slices = 1;
      p.sequence_parallel = false;
      p.sharding = Sharding::kReplicated;
    }
    rows.push_back(std::move(r));
  }
  // The table does not say what was recomputed: one setting for all its runs, the cheapest with
  // which every plan fits.
  for (const Recompute again : {Recompute::kNone, Recompute::kSelective, Recompute::kFull}) {
    bool all_fit = true;
    for (TrainingRow& r : rows) {
      if (!r.reason.empty()) continue;
      r.task.plan.recompute = again;
      all_fit = all_fit && training::planned(r.task, r.slice, r.task.plan).fits;
    }
    if (all_fit) break;
  }
  for (TrainingRow& r : rows) {
    if (r.reason.empty()) complete(r);
  }
  return rows;
}

double predicted_s(const TrainingRow& row, const training::StepWork& work,
                   const model::StepConstants& constants) {
  const double step = training::step_time(work, constants).step_s;
  // A forward pass is a third of a step, a quarter where all is computed twice.
  const double passes = row.task.plan.recompute == Recompute::kFull ? 4.0 : 3.0;
  return step * (1.0 + row.evaluation_share / passes);
}

double null_s(const TrainingRow& row, const training::StepWork& work, double share_of_peak) {
  const double peak =
      compute::product_rate(*row.slice.accelerator, nullptr, row.task.precision, 1.0).peak;
  const double passes = row.task.plan.recompute == Recompute::kFull ? 4.0 : 3.0;
  return work.model_flops / (row.slice.chips * peak * share_of_peak) *
         (work.micro_batches + work.bubble_chunks) / work.micro_batches * passes / 3.0 *
         (1.0 + row.evaluation_share / passes);
}

}  // namespace busbar::validation
