#include <fmt/format.h>

#include "sim/training/plan.h"
#include "sim/validation/row_plan.h"
#include "sim/validation/row_subjects.h"

namespace busbar::validation {

using model::LanguageModel;
using model::Recompute;
using model::Sharding;

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
    r.reason = f.malformed({"# GPUs", "global batch", "micro batch", "hidden size",
                            "attention heads", "# layers", "sequence length", "tensor parallelism",
                            "data parallelism", "pipeline parallelism", "iteration time (ms)"});
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
    const bool complete_row =
        r.measured_s > 0.0 && chips > 0.0 && layer.count > 0 && layer.attention.heads > 0;
    if (r.reason.empty() && !complete_row) r.reason = "a number is missing";
    if (r.reason.empty()) {
      r.reason = place(*catalogue.platform, chip, chips, 8, r.slice);
      training::use_stack(*catalogue.platform, r.stack, {}, model::ModelKind::kDense, "fp16",
                          r.slice);
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

}  // namespace busbar::validation
