/// The command line of Busbar: binds options to subcommands and turns failures into exit codes.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "busbar_version.h"
#include "sim/base/error.h"
#include "sim/cli/commands.h"

namespace {

namespace base = busbar::base;
namespace model = busbar::model;
namespace cli = busbar::cli;

void add_overrides(CLI::App* command, std::vector<std::string>& overrides) {
  command
      ->add_option("--set", overrides,
                   "XPATH=VALUE: change one value of the scenario, its world or its mix, e.g. "
                   "--set \"//site[@id='abilene']/grid/@limit=600 MW\"; may be repeated")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
}

// The scenario of a command and what may be changed of it.
void add_scenario(CLI::App* command, cli::ScenarioChoice& choice) {
  command->add_option("scenario", choice.scenario, "scenario XML file")->required();
  add_overrides(command, choice.overrides);
  command->add_option("--seed", choice.seed, "seed of all random streams");
  command->add_option("--replicate", choice.replicate, "replicate number, shared across variants");
}

void add_estimate(CLI::App* command, cli::EstimateOptions& options) {
  command->add_option("--world", options.world, "world XML file")->required();
  command->add_option("--cluster", options.cluster, "one of its clusters")->required();
  command->add_option("--model", options.model, "a language model")->required();
  command->add_option("--models", options.models,
                      "catalogues of models or mixes (default: those beside the world)");
  command->add_option("--chips", options.chips, "chips of the job")
      ->required()
      ->check(CLI::PositiveNumber);
  const auto count = [&](const char* name, int& value, const char* text) {
    command->add_option(name, value, text)->check(CLI::PositiveNumber);
  };
  count("--tp", options.plan.tensor, "tensor parallelism (default: chosen)");
  count("--pp", options.plan.pipeline, "pipeline stages (default: chosen)");
  count("--vpp", options.plan.virtual_pipeline, "chunks of layers a stage (default: chosen)");
  count("--cp", options.plan.context, "context parallelism (default: chosen)");
  count("--ep", options.plan.expert, "expert parallelism (default: chosen)");
  count("--micro-batch", options.plan.micro_batch, "sequences of a micro-batch (default: chosen)");
  count("--slices", options.plan.slices, "slices joined by the data-centre network (default 1)");
  count("--shard-ranks", options.plan.shard_ranks, "ranks that share out weights (default: all)");
  using model::Recompute;
  using model::Sharding;
  const std::map<std::string, Sharding> zero = {{"0", Sharding::kReplicated},
                                                {"1", Sharding::kOptimizer},
                                                {"2", Sharding::kGradients},
                                                {"3", Sharding::kWeights}};
  command
      ->add_option("--zero", options.plan.sharding,
                   "what replicas share out: 0 nothing, 1 optimizer state, 2 and gradients, 3 and "
                   "weights (default: chosen)")
      ->transform(CLI::CheckedTransformer(zero));
  command->add_flag(
      "--fsdp", [&](std::int64_t) { options.plan.sharding = Sharding::kWeights; }, "as --zero 3");
  const std::map<std::string, Recompute> recompute = {
      {"none", Recompute::kNone}, {"selective", Recompute::kSelective}, {"full", Recompute::kFull}};
  command
      ->add_option("--recompute", options.plan.recompute,
                   "none, selective or full (default: as little as memory allows)")
      ->transform(CLI::CheckedTransformer(recompute));
  using model::PipelineSchedule;
  const std::map<std::string, PipelineSchedule> schedules = {
      {"1f1b", PipelineSchedule::kOneForwardOneBackward},
      {"zero-bubble", PipelineSchedule::kZeroBubble},
      {"dualpipe", PipelineSchedule::kDualPipe}};
  command
      ->add_option("--schedule", options.plan.schedule,
                   "of the pipeline: 1f1b (default; interleaved with --vpp), zero-bubble, dualpipe")
      ->transform(CLI::CheckedTransformer(schedules));
  command->add_option("--stack", options.stack, "software stack (default: the chip's newest)");
  command->add_option("--release", options.release, "release of the stack (default: the newest)");
  command
      ->add_option("--expert-imbalance", options.expert_imbalance,
                   "rows of the busiest expert rank over the mean (default 1)")
      ->check(CLI::Range(1.0, 100.0));
  command->add_option("--tokens", options.tokens,
                      "tokens of the whole training with small batches, e.g. \"15 Ttoken\": prints "
                      "time, energy and cost to the same loss");
  count("--sync-every", options.sync_every,
        "steps between exchanges of gradients between slices (default 1)");
  command->add_flag("--lora", options.low_rank, "train adapters beside frozen weights");
  command->add_flag("--search", options.search,
                    "the best of all legal plans, and the front over fewer chips");
  count("--top", options.top, "plans that --search lists (default 10)");
  command->add_flag("--explain", options.explain, "print the terms, constants and memory");
  command->add_option("--plot", options.plot, "PNG file: the parts and the pipeline schedule");
  count("--seq", options.sequence, "tokens of a sequence (default: the model's)");
  command->add_option("--global-batch", options.global_batch, "sequences a step (default: chosen)")
      ->check(CLI::PositiveNumber);
  command->add_option("--precision", options.precision, "bf16, fp8, … (default bf16)");
  command->add_flag("--json", options.json, "print as JSON");
}

void add_reliability(CLI::App* command, cli::ReliabilityOptions& o) {
  command->add_option("--world", o.world, "world XML file (default: all shipped hardware)");
  command->add_option("--cluster", o.cluster, "a cluster of the world");
  command->add_option("--domain", o.domain, "or a kind of domain, e.g. hgx-h100-8");
  add_overrides(command, o.overrides);
  command->add_option("--failures", o.failures, "set of rates (default: the hardware's)");
  command->add_option("--chips", o.chips, "chips of the job")
      ->required()
      ->check(CLI::PositiveNumber);
  command->add_option("--over", o.over, "time that the job runs (default 30 d)");
  command->add_option("--replicates", o.replicates, "simulated jobs (default 200)")
      ->check(CLI::Range(2, 1'000'000));
  command->add_option("--seed", o.seed, "seed of all random streams");
  command->add_option("--mttf", o.mttf, "mean time to failure of the job, where it is known");
  command->add_option("--checkpoint", o.checkpoint,
                      "fixed, young, daly (default), asynchronous or in-memory");
  command->add_option("--interval", o.interval,
                      "work between checkpoints (fixed) or copies on storage (in-memory)");
  command->add_option("--checkpoint-size", o.checkpoint_size,
                      "of the job (default 5.67 TB: 405 billion parameters of 14 B)");
  command->add_option("--storage", o.storage,
                      "bandwidth for this job (default 2 TB/s, sustained by Meta's Tectonic)");
  command->add_option("--snapshot", o.snapshot, "bandwidth of all chips to host memory");
  command->add_option("--replica", o.replica, "bandwidth of all hosts to others' memory");
  command->add_option("--restart", o.restart,
                      "detection and restart in all, where it is known (default: from parts)");
  command
      ->add_option("--elastic-units", o.elastic_units,
                   "go on without the replica or slice that failed, one of so many")
      ->check(CLI::PositiveNumber);
  command->add_option("--reconfigure", o.reconfigure, "all stand still when one drops out (30 s)");
  command->add_option("--rejoin", o.rejoin, "… and when it is back (0 s)");
  command->add_option("--absence", o.absence, "how long it is out (10 min)");
  command->add_option("--beyond-unit", o.beyond_unit,
                      "share of failures that stop all the same (0 %)");
  command->add_flag("--json", o.json, "print as JSON");
}

void add_failure_log(CLI::App* command, cli::FailureLogOptions& o) {
  command->add_option("--table", o.table, "CSV: node, start_day, end_day, class")->required();
  command->add_option("--servers", o.servers, "servers watched, also those without a fault")
      ->required()
      ->check(CLI::PositiveNumber);
  command->add_option("--replicates", o.replicates, "logs made by the fitted model (default 200)")
      ->check(CLI::Range(2, 1'000'000));
  command->add_option("--seed", o.seed, "seed of all random streams");
  command->add_option("-o,--output", o.output, "file for the fitted rates");
  command->add_option("--id", o.id, "their name (default: fitted)");
  command->add_option("--source", o.source, "where the log comes from");
  command->add_flag("--force", o.force, "overwrite an existing file");
  command->add_flag("--json", o.json, "print as JSON");
}

void add_validate(CLI::App* command, cli::ValidateOptions& options) {
  command->add_option("--table", options.table, "CSV file of measured rows")->required();
  command->add_option("--format", options.format, "rows (default) or vtrain")
      ->check(CLI::IsMember({"rows", "vtrain"}));
  command->add_option("--world", options.world,
                      "world with the hardware that rows name (default: all shipped chips)");
  command->add_option("--models", options.models,
                      "catalogues of models (default: the shipped ones)");
  command->add_flag("--refit", options.refit, "fit the constants on this table first");
  command
      ->add_option(
          "--leave-out", options.leave_out,
          "with --refit: predict each model (or chip, or stack: another site's software) with "
          "constants fitted without it")
      ->check(CLI::IsMember({"model", "chip", "stack"}));
  command->add_option("--plot", options.plot, "PNG file: predicted against measured");
  command->add_flag("--json", options.json, "print as JSON");
}

void add_calibrate(CLI::App* command, cli::CalibrateOptions& options) {
  command
      ->add_option("what", options.what,
                   "kernels: curves of matrix products and collectives; training: constants of "
                   "training steps")
      ->required()
      ->check(CLI::IsMember({"kernels", "training"}));
  command->add_option("--products", options.products, "CSV of measured matrix products");
  command->add_option("--square-products", options.square_products,
                      "CSV of measured square products, of TPUs");
  command->add_option("--collectives", options.collectives, "CSV of measured collectives");
  command->add_option("--table", options.tables, "CSV of measured training runs");
  command->add_option("--vtrain", options.vtrain_tables, "CSV in vTrain's format");
  command->add_option("--world", options.world,
                      "world with the hardware that rows name (default: all shipped chips)");
  command->add_option("--models", options.models,
                      "catalogues of models (default: the shipped ones)");
  command->add_option("--source", options.source, "where the measurements come from");
  command->add_option("-o,--output", options.output, "folder for efficiency files")->required();
}

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
  add_scenario(run, run_options.choice);
  run->add_option("-o,--output", run_options.output, "trace to write (default runs/<name>.h5)");
  run->add_flag("--dry-run", run_options.dry_run,
                "read and check everything, print the plan, stop");
  run->add_flag("--force", run_options.force, "overwrite an existing trace");
  run->add_flag("--json", run_options.json, "print the summary as JSON");
  run->add_option("--progress", run_options.progress, "auto, json or none")
      ->check(CLI::IsMember({"auto", "json", "none"}));

  cli::CheckOptions check_options;
  auto* check = app.add_subcommand("check", "check input files and print every problem");
  check->add_option("files", check_options.files, "XML files")->required();
  add_overrides(check, check_options.overrides);
  check->add_flag("--unused", check_options.unused, "name what is read but not yet simulated");
  check->add_flag("--json", check_options.json, "print as JSON");

  cli::ShowOptions show_options;
  auto* show = app.add_subcommand("show", "print the summary of a trace, or a world's sites");
  show->add_option("file", show_options.trace, "HDF5 trace or world XML file")->required();
  show->add_option("--plot", show_options.plot,
                   "of a world: a PNG file for its map with the power of its sites by date");
  show->add_flag("--json", show_options.json, "print as JSON");

  cli::ListOptions list_options;
  auto* list = app.add_subcommand("list", "list what there is");
  list->add_option("what", list_options.what,
                   "behaviours, trace-format, models, assumptions, sources, claims, sites, "
                   "clusters, failures, requests")
      ->required();
  list->add_option("file", list_options.file,
                   "world or scenario; for models, a mix or a catalogue of models; for "
                   "requests, a log of Azure or Mooncake");
  add_overrides(list, list_options.overrides);
  list->add_flag("--json", list_options.json, "print as JSON");

  cli::ExportOptions export_options;
  auto* export_command = app.add_subcommand("export", "write what a run would use in another form");
  export_command
      ->add_option("what", export_options.what,
                   "log: the generated jobs, as CSV that scenario/@jobs replays")
      ->required()
      ->check(CLI::IsMember({"log"}));
  add_scenario(export_command, export_options.choice);
  export_command->add_option("-o,--output", export_options.output, "file to write")->required();
  export_command->add_flag("--force", export_options.force, "overwrite an existing file");

  cli::EstimateOptions estimate_options;
  cli::ReliabilityOptions reliability_options;
  auto* estimate = app.add_subcommand("estimate", "estimate without a run");
  estimate->require_subcommand(1);
  add_estimate(estimate->add_subcommand("training", "one training step"), estimate_options);
  auto* reliability =
      estimate->add_subcommand("reliability", "failures, lost work and effective time of a job");
  add_reliability(reliability, reliability_options);

  cli::ValidateOptions validate_options;
  auto* validate = app.add_subcommand("validate", "compare with measurements, beside a null model");
  validate->require_subcommand(1);
  add_validate(validate->add_subcommand("training", "step times of training runs"),
               validate_options);
  cli::FailureLogOptions failure_log_options;
  auto* failure_log = validate->add_subcommand(
      "failures", "replay a log of faults, fit rates to it and make others like it");
  add_failure_log(failure_log, failure_log_options);

  cli::CalibrateOptions calibrate_options;
  auto* calibrate =
      app.add_subcommand("calibrate", "fit efficiency files on measured kernels and runs");
  add_calibrate(calibrate, calibrate_options);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? cli::kOk : cli::kBadInput;
  }
  run_options.command_line = command_line(argc, argv);
  if (*run) return cli::run(run_options);
  if (*check) return cli::check(check_options);
  if (*show) return cli::show(show_options);
  if (*calibrate) return cli::calibrate(calibrate_options);
  if (*failure_log) return cli::validate_failures(failure_log_options);
  if (*validate) return cli::validate(validate_options);
  if (*reliability) return cli::estimate_reliability(reliability_options);
  if (*estimate) return cli::estimate(estimate_options);
  if (*export_command) return cli::export_file(export_options);
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
  } catch (const base::SimulationError& error) {
    fmt::print(stderr, "simulation stopped: {}\n", error.what());
    return cli::kStopped;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return cli::kUnexpected;
  }
}
