#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "sim/base/error.h"
#include "sim/cli/catalogue.h"
#include "sim/cli/commands.h"
#include "sim/cli/report.h"
#include "sim/validation/efficiency_file.h"
#include "sim/validation/timing_fit.h"

namespace busbar::cli {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) throw base::IoError(fmt::format("cannot write '{}'", path.string()));
}

std::string percent(double fraction) { return fmt::format("{:.1f}", 100.0 * fraction); }

int calibrate_kernels(const CalibrateOptions& options, const LoadedCatalogue& catalogue,
                      base::Diagnostics& problems) {
  validation::KernelTable table;
  if (!options.products.empty()) {
    validation::fit_products(options.products, catalogue.platform, table, problems);
  }
  if (!options.square_products.empty()) {
    validation::fit_square_products(options.square_products, catalogue.platform, table, problems);
    validation::fit_timings(validation::read_torus_gathers(options.square_products, problems),
                            catalogue.platform, table);
  }
  if (!options.collectives.empty()) {
    validation::fit_collectives(options.collectives, catalogue.platform, table, problems);
    validation::fit_timings(validation::read_timings(options.collectives, problems),
                            catalogue.platform, table);
  }
  if (problems.has_errors()) return report(problems);
  std::vector<std::vector<std::string>> lines = {{"chip", "kernel", "points", "MAPE %"}};
  for (const auto& [chip, fits] : table) {
    write(fs::path(options.output) / (chip + "-kernels.xml"),
          validation::kernels_xml(chip, fits, options.source));
    for (const auto& [name, fit] : fits.products) {
      lines.push_back({chip, name + " products", std::to_string(fit.points), percent(fit.error)});
    }
    for (const auto& [name, fit] : fits.collectives) {
      lines.push_back({chip, name, std::to_string(fit.points), percent(fit.error)});
    }
    for (const auto& fit : fits.timings) {
      lines.push_back(
          {chip,
           fmt::format("{} of {} {}", fit.curve.operation, fit.curve.ranks, fit.curve.numbers),
           std::to_string(fit.points), percent(fit.error)});
    }
    for (const std::string& note : fits.left_out) lines.push_back({chip, note, "", ""});
  }
  print_table(lines, {2, 3});
  return kOk;
}

int calibrate_training(const CalibrateOptions& options, const LoadedCatalogue& catalogue,
                       base::Diagnostics& problems) {
  std::vector<validation::TrainingRow> rows;
  for (const std::string& table : options.tables) {
    for (auto& row : validation::read_training_rows(table, catalogue.view(), problems)) {
      rows.push_back(std::move(row));
    }
  }
  for (const std::string& table : options.vtrain_tables) {
    for (auto& row : validation::read_vtrain_rows(table, catalogue.view(), problems)) {
      rows.push_back(std::move(row));
    }
  }
  if (problems.has_errors()) return report(problems);
  std::vector<const validation::TrainingRow*> usable;
  for (const auto& row : rows) {
    if (row.expressible()) usable.push_back(&row);
  }
  // By chip and stack: a file has all kinds of models and all windows of releases.
  std::map<std::pair<std::string, std::string>, std::vector<model::StepConstants>> files;
  for (const auto& [key, constants] : validation::calibrate(usable).fits) {
    files[{key.accelerator, key.stack}].push_back(constants);
  }
  std::vector<std::vector<std::string>> lines = {
      {"chip", "stack", "models", "release", "rows", "MAPE %"}};
  for (const auto& [key, constants] : files) {
    model::Efficiency stack;
    for (const auto* row : usable) {
      if (row->stack == key.second && row->slice.stack != nullptr) stack = *row->slice.stack;
    }
    stack.accelerator = key.first;
    stack.stack = key.second;
    write(fs::path(options.output) / fmt::format("{}-{}.xml", key.first, key.second),
          validation::constants_xml(stack, constants, options.source));
    for (const model::StepConstants& c : constants) {
      lines.push_back({key.first, key.second,
                       std::string(model::kModelKindNames[static_cast<size_t>(c.models)]),
                       c.release.empty() ? "any" : c.release, std::to_string(c.rows),
                       percent(c.error)});
    }
  }
  print_table(lines, {4, 5});
  return kOk;
}

}  // namespace

int calibrate(const CalibrateOptions& options) {
  base::Diagnostics problems;
  const auto catalogue = load_catalogue(options.world, options.models, problems);
  if (!catalogue) return report(problems);
  std::error_code ec;
  if (!fs::is_directory(options.output, ec)) {
    problems.error({}, "no folder '{}' to write efficiency files to", options.output);
    return report(problems);
  }
  return options.what == "kernels" ? calibrate_kernels(options, *catalogue, problems)
                                   : calibrate_training(options, *catalogue, problems);
}

}  // namespace busbar::cli
