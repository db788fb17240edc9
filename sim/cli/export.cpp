#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "sim/base/units.h"
#include "sim/cli/commands.h"
#include "sim/cli/registries.h"
#include "sim/cli/report.h"
#include "sim/input/reader.h"
#include "workloads/generator/job_file.h"

namespace busbar::cli {

int export_file(const ExportOptions& options) {
  if (std::filesystem::exists(options.output) && !options.force) {
    fmt::print(stderr, "error: '{}' exists; --force overwrites it\n", options.output);
    return kIoFailure;
  }
  const Registries registries;
  base::Diagnostics problems;
  auto scenario =
      input::read_scenario(options.file, options.overrides, registries.known(), problems);
  if (!scenario) return report(problems);
  if (options.seed) scenario->seed = *options.seed;
  if (options.replicate) scenario->replicate = *options.replicate;
  const base::RandomStreams streams(scenario->seed, scenario->replicate);
  const auto jobs =
      generator::generate_jobs(*scenario, streams, registries.arrivals, registries.logs, problems);
  if (problems.has_errors()) return report(problems);
  problems.print(std::cerr);  // warnings
  generator::write_jobs(options.output, *scenario, jobs);
  fmt::print("{} jobs in {}\n", base::format_count(static_cast<double>(jobs.size())),
             options.output);
  return kOk;
}

}  // namespace busbar::cli
