#include <fmt/format.h>

#include "sim/base/json.h"
#include "sim/cli/catalogue.h"
#include "sim/cli/commands.h"
#include "sim/cli/error_report.h"
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
  base::Json::Object o =
      row_json(row.index, row.id, row.reason, row.measured_s, p.predicted_s, p.null_s);
  if (!row.expressible()) return o;
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
  std::vector<std::vector<std::string>> table = {error_head()};
  for (const auto& line : lines) table.push_back(error_cells(line.name, line.model, line.null));
  fmt::print("Errors of the step time in percent; MAPE of the null model in the last column.\n");
  print_table(table, {1, 2, 3, 4, 5, 6, 7, 8});
  fmt::print("{} of {} rows expressible\n", expressible, rows.size());
  for (const TrainingRow& row : rows) {
    if (!row.expressible()) fmt::print("  row {} ({}): {}\n", row.index, row.id, row.reason);
  }
  return kOk;
}

}  // namespace busbar::cli
