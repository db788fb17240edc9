#include <fmt/format.h>

#include <map>
#include <set>

#include "sim/cli/catalogue.h"
#include "sim/cli/commands.h"
#include "sim/cli/error_report.h"
#include "sim/cli/picture.h"
#include "sim/cli/report.h"
#include "sim/validation/collective_rows.h"

namespace busbar::cli {
namespace {

using validation::CollectiveRow;

base::Json json_of(const CollectiveRow& row) {
  base::Json::Object o =
      row_json(row.index, row.id, row.reason, row.measured_s, row.predicted_s, row.null_s);
  if (!row.expressible()) return o;
  // Predicted against measured is drawn by family.
  o["family"] = row.system + " " + row.operation;
  o["operation"] = row.operation;
  o["chip"] = row.system;
  o["chips"] = row.ranks;
  o["bytes"] = row.bytes;
  o["algorithm"] = row.algorithm;
  o["caution"] = row.caution;
  return o;
}

// What is told beside the errors: chips that borrow measurements, rows that are not expressible.
void print_notes(const std::vector<CollectiveRow>& rows) {
  std::set<std::string> cautions;
  std::map<std::string, int> reasons;
  for (const CollectiveRow& row : rows) {
    if (!row.caution.empty()) cautions.insert(row.system + ": predicted " + row.caution);
    if (!row.expressible()) ++reasons[row.reason];
  }
  for (const std::string& text : cautions) fmt::print(stderr, "warning: {}\n", text);
  for (const auto& [reason, count] : reasons) fmt::print("  {} rows: {}\n", count, reason);
}

}  // namespace

int validate_collectives(const ValidateOptions& options) {
  base::Diagnostics problems;
  const auto catalogue = load_catalogue(options.world, options.models, problems);
  if (!catalogue) return report(problems);
  const collectives::Algorithms algorithms(Registries().collectives);
  const auto rows =
      validation::predict_collectives(options.table, catalogue->platform, algorithms, problems);
  if (problems.has_errors()) return report(problems);
  const auto lines = validation::collective_errors(rows);
  int expressible = 0;
  base::Json::Array row_list, line_list;
  for (const CollectiveRow& row : rows) {
    expressible += row.expressible() ? 1 : 0;
    row_list.push_back(json_of(row));
  }
  for (const auto& line : lines) {
    line_list.push_back(base::Json::Object{
        {"name", line.name}, {"model", json_of(line.model)}, {"null", json_of(line.null)}});
  }
  const base::Json all =
      base::Json::Object{{"rows", row_list}, {"errors", line_list}, {"expressible", expressible}};
  if (!options.plot.empty()) {
    const int code = draw("busbar.predictions", all, options.plot);
    if (code != kOk) return code;
  }
  if (options.json) {
    fmt::print("{}\n", all.dump());
    return kOk;
  }
  std::vector<std::vector<std::string>> table = {error_head()};
  for (const auto& line : lines) table.push_back(error_cells(line.name, line.model, line.null));
  if (rows.size() <= 100) {
    std::vector<std::vector<std::string>> each = {
        {"row", "algorithm", "measured ms", "predicted ms", "error %", "null %"}};
    for (const CollectiveRow& row : rows) {
      if (!row.expressible()) continue;
      each.push_back({row.id, row.algorithm, fmt::format("{:.4g}", 1e3 * row.measured_s),
                      fmt::format("{:.4g}", 1e3 * row.predicted_s),
                      fmt::format("{:+.1f}", 100.0 * (row.predicted_s / row.measured_s - 1.0)),
                      fmt::format("{:+.1f}", 100.0 * (row.null_s / row.measured_s - 1.0))});
    }
    print_table(each, {2, 3, 4, 5});
  }
  fmt::print("Errors of the time in percent; MAPE of the null model in the last column.\n");
  print_table(table, {1, 2, 3, 4, 5, 6, 7, 8});
  fmt::print("{} of {} rows expressible\n", expressible, rows.size());
  print_notes(rows);
  return kOk;
}

}  // namespace busbar::cli
