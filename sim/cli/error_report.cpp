#include "sim/cli/error_report.h"

#include <fmt/format.h>

namespace busbar::cli {

base::Json json_of(const validation::Errors& e) {
  return base::Json::Object{
      {"n", e.count},          {"mape", e.mean_absolute}, {"median", e.median_absolute},
      {"p90", e.p90_absolute}, {"max", e.most_absolute},  {"bias", e.bias},
      {"spearman", e.spearman}};
}

std::vector<std::string> error_head() {
  return {"rows of", "n", "MAPE", "median", "p90", "max", "bias", "Spearman", "null"};
}

std::vector<std::string> error_cells(const std::string& name, const validation::Errors& model,
                                     const validation::Errors& null) {
  const auto percent = [](double x) { return fmt::format("{:.1f}", 100.0 * x); };
  return {name,
          std::to_string(model.count),
          percent(model.mean_absolute),
          percent(model.median_absolute),
          percent(model.p90_absolute),
          percent(model.most_absolute),
          fmt::format("{:+.1f}", 100.0 * model.bias),
          fmt::format("{:.2f}", model.spearman),
          percent(null.mean_absolute)};
}

base::Json::Object row_json(int row, const std::string& id, const std::string& reason,
                            double measured_s, double predicted_s, double null_s) {
  base::Json::Object o{
      {"row", row}, {"id", id}, {"reason", reason}, {"unit", "s"}, {"expressible", reason.empty()}};
  if (!reason.empty()) return o;
  o["measured"] = measured_s;
  o["predicted"] = predicted_s;
  o["null"] = null_s > 0.0 ? base::Json(null_s) : base::Json(nullptr);
  return o;
}

}  // namespace busbar::cli
