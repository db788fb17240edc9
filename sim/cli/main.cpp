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
  command->add_option("what", options.what, "training: a training step")
      ->required()
      ->check(CLI::IsMember({"training"}));
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
        "steps between exchanges of gradients between slices, or between sites (default 1)");
  command->add_option("--across", options.across,
                      "CLUSTER:CHIPS, another site that the training spans; may be repeated");
  command->add_option("--wan-bandwidth", options.wan_bandwidth,
                      "between the sites, one direction (default: the world's slowest link)");
  command->add_option("--wan-latency", options.wan_latency,
                      "between the sites, one way (default: the world's longest route)");
  command->add_option("--outer-precision", options.outer_precision,
                      "of what sites exchange (default bf16)");
  command->add_flag("--exposed", options.exposed,
                    "chips wait for the exchange between sites (default: it hides behind compute)");
  count("--fragments", options.fragments,
        "parts of the model that sites exchange in turn (default 1)");
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

void add_validate(CLI::App* command, cli::ValidateOptions& options) {
  command
      ->add_option("what", options.what,
                   "training: step times of training runs; collectives: NCCL's tables and "
                   "published curves")
      ->required()
      ->check(CLI::IsMember({"training", "collectives"}));
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

void add_collective(CLI::App* command, cli::CollectiveOptions& options) {
  auto* world = command->add_option("--world", options.world, "world XML file");
  command->add_option("--cluster", options.cluster, "one of its clusters")->needs(world);
  command->add_option("--slice", options.slice, "8x8x16, 72 (chips) or 2*16x16 (over the fabric)")
      ->needs(world);
  command
      ->add_option("--topology", options.topology,
                   "a network without a world: torus:4x4x4, mesh:4x4, ring:16, switch:72, "
                   "nvswitch:8 (adds up), fat-tree:8x16@2 (leaves x hosts @ oversubscription)")
      ->excludes(world);
  command->add_option("--link-bandwidth", options.link_bandwidth,
                      "of a cable or port, one direction: 100 GB/s");
  command->add_option("--link-latency", options.link_latency, "of a hop (default 1 us)");
  command->add_option("--sites", options.sites, "equal sites that it spans (default 1)")
      ->check(CLI::PositiveNumber);
  command->add_option("--wan-bandwidth", options.wan_bandwidth,
                      "between two sites, one direction: 1 Tbit/s");
  command->add_option("--wan-latency", options.wan_latency, "one way (default 0 s)");
  command
      ->add_option("--op", options.operation,
                   "all-reduce (default), reduce-scatter, all-gather, all-to-all, broadcast, "
                   "send-recv")
      ->check(CLI::IsMember(
          {"all-reduce", "reduce-scatter", "all-gather", "all-to-all", "broadcast", "send-recv"}));
  command->add_option("--size", options.size,
                      "of the vector as NCCL's tests count it (default 1 GiB)");
  command->add_option("--algorithm", options.algorithm, "by name (default: the fastest)");
  command->add_option("--numbers", options.numbers,
                      "type of the numbers, where a chip's timings tell it apart: int8");
  command->add_option("--fidelity", options.fidelity, "closed (default), flow or both")
      ->check(CLI::IsMember({"closed", "flow", "both"}));
  command
      ->add_option("--fail", options.fail,
                   "link (or link:x, link:y, link:z): a dead cable of a torus; cube: a dead cube")
      ->check(CLI::IsMember({"link", "link:x", "link:y", "link:z", "cube"}));
  command->add_flag("--unfold", options.unfold, "every chip and link instead of representatives");
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

// A network: of a world, a slice of it, or a GraphML file.
void add_topology(CLI::App* command, cli::TopologyChoice& choice) {
  command->add_option("file", choice.file, "world XML file, or a GraphML file of a backbone")
      ->required();
  command->add_option("--cluster", choice.cluster,
                      "one of its clusters (default: the network between its sites)");
  command->add_option("--slice", choice.slice,
                      "of the cluster: 8x8x16, 4x4x8-twisted, or a number of chips (default: one "
                      "domain)");
  command->add_option("--link-bandwidth", choice.link_bandwidth,
                      "of GraphML links without a speed, e.g. \"10 Gbit/s\"");
  command->add_option("--link-latency", choice.link_latency,
                      "of GraphML links without a length, e.g. \"5 ms\"");
  add_overrides(command, choice.overrides);
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
  show->add_option("file", show_options.trace, "HDF5 trace or world XML file");
  show->add_option("--plot", show_options.plot,
                   "of a world: a PNG file for its map with the power of its sites by date");
  show->add_flag("--json", show_options.json, "print as JSON");
  show->require_subcommand(0, 1);
  cli::ShowTopologyOptions show_topology_options;
  auto* show_topology =
      show->add_subcommand("topology", "print how sites, or the chips of a slice, are joined");
  add_topology(show_topology, show_topology_options.choice);
  show_topology->add_option("--plot", show_topology_options.plot,
                            "PNG file: the slice, the rack, or the sites on a map");
  show_topology->add_flag("--json", show_topology_options.json, "print as JSON, with the graph");

  cli::ListOptions list_options;
  auto* list = app.add_subcommand("list", "list what there is");
  list->add_option("what", list_options.what,
                   "behaviours, trace-format, models, assumptions, sources, claims, sites, "
                   "clusters, requests")
      ->required();
  list->add_option("file", list_options.file,
                   "world or scenario; for models, a mix or a catalogue of models; for "
                   "requests, a log of Azure or Mooncake");
  add_overrides(list, list_options.overrides);
  list->add_flag("--json", list_options.json, "print as JSON");

  auto* export_command = app.add_subcommand("export", "write what a run would use in another form");
  export_command->require_subcommand(1);
  cli::ExportOptions export_options;
  auto* export_log = export_command->add_subcommand(
      "log", "the generated jobs, as CSV that scenario/@jobs replays");
  add_scenario(export_log, export_options.choice);
  export_log->add_option("-o,--output", export_options.output, "file to write")->required();
  export_log->add_flag("--force", export_options.force, "overwrite an existing file");
  cli::ExportSimgridOptions export_simgrid_options;
  auto* export_simgrid = export_command->add_subcommand(
      "simgrid", "a platform file that SimGrid loads: the world, or the chips of a slice");
  add_topology(export_simgrid, export_simgrid_options.choice);
  export_simgrid
      ->add_option("--granularity", export_simgrid_options.granularity,
                   "a host for each site, domain or chip (default: chip with --cluster, else "
                   "domain)")
      ->check(CLI::IsMember({"site", "domain", "chip"}));
  export_simgrid->add_option("-o,--output", export_simgrid_options.output, "file to write")
      ->required();
  export_simgrid->add_flag("--force", export_simgrid_options.force, "overwrite an existing file");

  cli::EstimateOptions estimate_options;
  auto* estimate = app.add_subcommand("estimate", "estimate one step without a run");
  add_estimate(estimate, estimate_options);

  cli::CollectiveOptions collective_options;
  auto* collective =
      app.add_subcommand("collective", "time of one collective on a slice or a network");
  add_collective(collective, collective_options);

  cli::ValidateOptions validate_options;
  auto* validate = app.add_subcommand("validate", "compare with measurements, beside a null model");
  add_validate(validate, validate_options);

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
  if (*show_topology) return cli::show_topology(show_topology_options);
  if (*show) return cli::show(show_options);
  if (*calibrate) return cli::calibrate(calibrate_options);
  if (*validate) return cli::validate(validate_options);
  if (*collective) return cli::collective(collective_options);
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
  } catch (const base::SimulationError& error) {
    fmt::print(stderr, "simulation stopped: {}\n", error.what());
    return cli::kStopped;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return cli::kUnexpected;
  }
}
