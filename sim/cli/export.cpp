#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "sim/base/units.h"
#include "sim/cli/commands.h"
#include "sim/cli/load.h"
#include "sim/cli/report.h"
#include "workloads/generator/job_file.h"

namespace busbar::cli {

int export_file(const ExportOptions& options) {
  if (std::filesystem::exists(options.output) && !options.force) {
    fmt::print(stderr, "error: '{}' exists; --force overwrites it\n", options.output);
    return kIoFailure;
  }
  Registries registries;
  base::Diagnostics problems;
  const auto loaded = load(options.choice, registries, problems);
  if (!loaded) return report(problems);
  problems.print(std::cerr);  // warnings
  generator::write_jobs(options.output, loaded->scenario, loaded->jobs);
  fmt::print("{} jobs in {}\n", base::format_count(static_cast<double>(loaded->jobs.size())),
             options.output);
  return kOk;
}

}  // namespace busbar::cli
