#include "sim/validation/training_rows.h"

#include <fmt/format.h>

#include <cmath>

#include "sim/compute/products.h"
#include "sim/validation/row_plan.h"
#include "sim/validation/row_subjects.h"

namespace busbar::validation {

using model::Recompute;

namespace {

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
  r.reason = row.malformed(
      {"n_chips", "gbs_seqs", "seq", "tok_s_chip", "step_s", "mbs", "TP", "PP", "VPP", "CP", "EP"});
  if (!r.reason.empty()) return r;
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
  r.task.model = r.model.get();
  r.task.sequence = sequence;
  r.task.global_batch_tokens = batch * sequence;
  r.task.precision = precision_of(row);
  training::use_stack(*catalogue.platform, r.stack, r.release, r.model->kind(), r.task.precision,
                      r.slice);
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
