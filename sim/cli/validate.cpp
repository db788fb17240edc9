#include <fmt/format.h>

#include "sim/base/json.h"
#include "sim/cli/catalogue.h"
#include "sim/cli/commands.h"
#include "sim/cli/estimate_report.h"
#include "sim/cli/picture.h"
#include "sim/cli/report.h"
#include "sim/validation/step_validation.h"

namespace busbar::cli {
namespace {

using validation::StepPrediction;
using validation::TrainingRow;

base::Json json_of(const StepPrediction& p) {
  const TrainingRow& row = *p.row;
  base::Json::Object o{{"row", row.index},
                       {"id", row.id},
                       {"reason", row.reason},
                       {"unit", "s"},
                       {"expressible", row.expressible()}};
  if (!row.expressible()) return o;
  o["measured"] = row.measured_s;
  o["predicted"] = p.predicted_s;
  o["null"] = p.null_s > 0.0 ? base::Json(p.null_s) : base::Json(nullptr);
  o["family"] = row.family();
  o["model"] = row.model->name;
  o["chip"] = row.slice.accelerator->name;
  o["chips"] = row.slice.chips;
  o["stack"] = row.stack;
  o["release"] = row.release;
  o["precision"] = row.task.precision;
  o["plan"] = plan_text(row.task.plan);
  o["caution"] = row.slice.caution;
  base::Json::Array inferred;
  for (const std::string& text : row.inferred) inferred.emplace_back(text);
  o["inferred"] = std::move(inferred);
  o["parts_s"] =
      base::Json::Object{{"compute", p.time.compute_s},   {"memory", p.time.memory_s},
                         {"tensor", p.time.tensor_s},     {"experts", p.time.expert_traffic_s},
                         {"data", p.time.data_s},         {"bubble", p.time.bubble_s},
                         {"transfer", p.time.transfer_s}, {"optimizer", p.time.optimizer_s},
                         {"launch", p.time.launch_s}};
  return o;
}

base::Json json_of(const validation::Errors& e) {
  return base::Json::Object{
      {"n", e.count},          {"mape", e.mean_absolute}, {"median", e.median_absolute},
      {"p90", e.p90_absolute}, {"max", e.most_absolute},  {"bias", e.bias},
      {"spearman", e.spearman}};
}

std::vector<std::string> cells(const std::string& name, const validation::Errors& e) {
  const auto percent = [](double x) { return fmt::format("{:.1f}", 100.0 * x); };
  return {name,
          std::to_string(e.count),
          percent(e.mean_absolute),
          percent(e.median_absolute),
          percent(e.p90_absolute),
          percent(e.most_absolute),
          fmt::format("{:+.1f}", 100.0 * e.bias),
          fmt::format("{:.2f}", e.spearman)};
}

validation::Constants constants_of(const ValidateOptions& options) {
  if (options.leave_out == "model") return validation::Constants::kWithoutModel;
  if (options.leave_out == "chip") return validation::Constants::kWithoutChip;
  if (options.leave_out == "stack") return validation::Constants::kWithoutStack;
  return options.refit ? validation::Constants::kRefit : validation::Constants::kShipped;
}

}  // namespace

int validate(const ValidateOptions& options) {
  base::Diagnostics problems;
  if (!options.leave_out.empty() && !options.refit) {
    problems.error({}, "--leave-out needs --refit: shipped constants were fitted on all rows");
    return report(problems);
  }
  const auto catalogue = load_catalogue(options.world, options.models, problems);
  if (!catalogue) return report(problems);
  const auto rows =
      options.format == "vtrain"
          ? validation::read_vtrain_rows(options.table, catalogue->view(), problems)
          : validation::read_training_rows(options.table, catalogue->view(), problems);
  if (problems.has_errors()) return report(problems);
  const auto predictions = validation::predict(rows, constants_of(options));
  const auto lines = validation::error_lines(predictions);
  int expressible = 0;
  for (const TrainingRow& row : rows) expressible += row.expressible() ? 1 : 0;
  if (options.json || !options.plot.empty()) {
    base::Json::Array row_list, line_list;
    for (const StepPrediction& p : predictions) row_list.push_back(json_of(p));
    for (const auto& line : lines) {
      line_list.push_back(base::Json::Object{
          {"name", line.name}, {"model", json_of(line.model)}, {"null", json_of(line.null)}});
    }
    const base::Json all =
        base::Json::Object{{"rows", row_list}, {"errors", line_list}, {"expressible", expressible}};
    if (options.json) fmt::print("{}\n", all.dump());
    if (!options.plot.empty()) {
      const int code = draw("busbar.predictions", all, options.plot);
      if (code != kOk) return code;
    }
    if (options.json) return kOk;
  }
  std::vector<std::vector<std::string>> table = {
      {"rows of", "n", "MAPE", "median", "p90", "max", "bias", "Spearman", "null"}};
  for (const auto& line : lines) {
    auto row = cells(line.name, line.model);
    row.push_back(fmt::format("{:.1f}", 100.0 * line.null.mean_absolute));
    table.push_back(row);
  }
  fmt::print("Errors of the step time in percent; MAPE of the null model in the last column.\n");
  print_table(table, {1, 2, 3, 4, 5, 6, 7, 8});
  fmt::print("{} of {} rows expressible\n", expressible, rows.size());
  for (const TrainingRow& row : rows) {
    if (!row.expressible()) fmt::print("  row {} ({}): {}\n", row.index, row.id, row.reason);
  }
  return kOk;
}

}  // namespace busbar::cli
