/// The command line of Busbar: binds options to subcommands and turns failures into exit codes.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <system_error>

#include "busbar_version.h"
#include "sim/base/error.h"
#include "sim/cli/arguments.h"
#include "sim/cli/commands.h"

namespace {

namespace base = busbar::base;
namespace cli = busbar::cli;

// The command as typed. Under SOURCE_DATE_EPOCH the name of the output is left out, so that equal
// runs are equal bytes wherever they are written.
std::string command_line(int argc, char** argv) {
  const bool reproducible = std::getenv("SOURCE_DATE_EPOCH") != nullptr;
  std::string text = "busbar";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (reproducible && (word == "-o" || word == "--output")) {
      ++i;
      continue;
    }
    if (reproducible && (word.starts_with("--output=") || word == "--force")) continue;
    text +=
        word.find_first_of(" '\"") == std::string::npos ? " " + word : fmt::format(" '{}'", word);
  }
  return text;
}

int dispatch(int argc, char** argv) {
  CLI::App app{"Busbar: a simulator of multi-vendor AI clusters", "busbar"};
  app.set_version_flag("--version", fmt::format("busbar {} ({})", BUSBAR_VERSION, BUSBAR_GIT_SHA));
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 ok, 1 unexpected, 2 usage or input, 3 simulation stopped, 4 I/O, "
      "130 interrupted.");

  cli::RunOptions run_options;
  auto* run = app.add_subcommand("run", "run a scenario and write its trace");
  cli::add_scenario(run, run_options.choice);
  run->add_option("-o,--output", run_options.output, "trace to write (default runs/<name>.h5)");
  run->add_flag("--audit", run_options.audit,
                "recount chips, power and work after every instant, and stop where the books are "
                "wrong");
  run->add_flag("--dry-run", run_options.dry_run,
                "read and check everything, print the plan, stop");
  run->add_flag("--force", run_options.force, "overwrite an existing trace");
  run->add_flag("--json", run_options.json, "print the summary as JSON");
  run->add_option("--progress", run_options.progress, "auto, json or none")
      ->check(CLI::IsMember({"auto", "json", "none"}));

  cli::CheckOptions check_options;
  auto* check = app.add_subcommand("check", "check input files and print every problem");
  check->add_option("files", check_options.files, "XML files")->required();
  cli::add_overrides(check, check_options.overrides);
  cli::add_policy_library(check, check_options.policy);
  check->add_flag("--unused", check_options.unused, "name what is read but not yet simulated");
  check->add_flag("--json", check_options.json, "print as JSON");

  cli::ShowOptions show_options;
  auto* show = app.add_subcommand("show", "print the summary of a trace, or a world's sites");
  show->add_option("file", show_options.trace, "HDF5 trace or world XML file");
  show->add_option("--plot", show_options.plot,
                   "of a world: a PNG file for its map with the power of its sites by date");
  show->add_flag("--json", show_options.json, "print as JSON");
  show->require_subcommand(0, 1);
  cli::ShowTopologyOptions show_topology_options;
  auto* show_topology =
      show->add_subcommand("topology", "print how sites, or the chips of a slice, are joined");
  cli::add_topology(show_topology, show_topology_options.choice);
  show_topology->add_option("--plot", show_topology_options.plot,
                            "PNG file: the slice, the rack, or the sites on a map");
  show_topology->add_flag("--json", show_topology_options.json, "print as JSON, with the graph");

  cli::ListOptions list_options;
  auto* list = app.add_subcommand("list", "list what there is");
  list->add_option("what", list_options.what,
                   "behaviours, trace-format, models, assumptions, sources, claims, sites, "
                   "clusters, failures, requests")
      ->required();
  list->add_option("file", list_options.file,
                   "world or scenario; for models, a mix or a catalogue of models; for "
                   "requests, a log of Azure or Mooncake");
  cli::add_overrides(list, list_options.overrides);
  cli::add_policy_library(list, list_options.policy);
  list->add_flag("--json", list_options.json, "print as JSON");

  auto* export_command = app.add_subcommand("export", "write what a run would use in another form");
  export_command->require_subcommand(1);
  cli::ExportOptions export_options;
  auto* export_log = export_command->add_subcommand(
      "log", "the generated jobs, as CSV that scenario/@jobs replays");
  cli::add_scenario(export_log, export_options.choice);
  export_log->add_option("-o,--output", export_options.output, "file to write")->required();
  export_log->add_flag("--force", export_options.force, "overwrite an existing file");
  cli::ExportSimgridOptions export_simgrid_options;
  auto* export_simgrid = export_command->add_subcommand(
      "simgrid", "a platform file that SimGrid loads: the world, or the chips of a slice");
  cli::add_topology(export_simgrid, export_simgrid_options.choice);
  export_simgrid
      ->add_option("--granularity", export_simgrid_options.granularity,
                   "a host for each site, domain or chip (default: chip with --cluster, else "
                   "domain)")
      ->check(CLI::IsMember({"site", "domain", "chip"}));
  export_simgrid->add_option("-o,--output", export_simgrid_options.output, "file to write")
      ->required();
  export_simgrid->add_flag("--force", export_simgrid_options.force, "overwrite an existing file");

  cli::EstimateOptions estimate_options;
  cli::ReliabilityOptions reliability_options;
  auto* estimate = app.add_subcommand("estimate", "estimate without a run");
  estimate->require_subcommand(1);
  cli::add_estimate(estimate->add_subcommand("training", "one training step"), estimate_options);
  auto* reliability =
      estimate->add_subcommand("reliability", "failures, lost work and effective time of a job");
  cli::add_reliability(reliability, reliability_options);

  cli::CollectiveOptions collective_options;
  auto* collective =
      app.add_subcommand("collective", "time of one collective on a slice or a network");
  cli::add_collective(collective, collective_options);

  cli::ValidateOptions validate_options, collectives_options;
  auto* validate = app.add_subcommand("validate", "compare with measurements, beside a null model");
  validate->require_subcommand(1);
  cli::add_validate(validate->add_subcommand("training", "step times of training runs"),
                    validate_options);
  auto* validate_collectives =
      validate->add_subcommand("collectives", "NCCL's tables and published curves");
  add_measured(validate_collectives, collectives_options);
  cli::FailureLogOptions failure_log_options;
  auto* failure_log = validate->add_subcommand(
      "failures", "replay a log of faults, fit rates to it and make others like it");
  cli::add_failure_log(failure_log, failure_log_options);

  cli::CalibrateOptions calibrate_options;
  auto* calibrate =
      app.add_subcommand("calibrate", "fit efficiency files on measured kernels and runs");
  cli::add_calibrate(calibrate, calibrate_options);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? cli::kOk : cli::kBadInput;
  }
  run_options.command_line = command_line(argc, argv);
  if (*run) return cli::run(run_options);
  if (*check) return cli::check(check_options);
  if (*show_topology) return cli::show_topology(show_topology_options);
  if (*show) return cli::show(show_options);
  if (*calibrate) return cli::calibrate(calibrate_options);
  if (*failure_log) return cli::validate_failures(failure_log_options);
  if (*validate_collectives) return cli::validate_collectives(collectives_options);
  if (*validate) return cli::validate(validate_options);
  if (*collective) return cli::collective(collective_options);
  if (*reliability) return cli::estimate_reliability(reliability_options);
  if (*estimate) return cli::estimate(estimate_options);
  if (*export_simgrid) return cli::export_simgrid(export_simgrid_options);
  if (*export_log) return cli::export_file(export_options);
  return cli::list(list_options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const int code = dispatch(argc, argv);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      throw base::IoError("cannot write to the standard output");
    }
    return code;
  } catch (const base::IoError& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return cli::kIoFailure;
  } catch (const std::system_error& error) {
    // A long report meets a full device while it is printed, a short one when it is flushed.
    if (std::ferror(stdout) != 0) {
      fmt::print(stderr, "error: cannot write to the standard output\n");
    } else {
      fmt::print(stderr, "error: {}\n", error.what());
    }
    return cli::kIoFailure;
  } catch (const base::SimulationError& error) {
    fmt::print(stderr, "simulation stopped: {}\n", error.what());
    return cli::kStopped;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return cli::kUnexpected;
  }
}
