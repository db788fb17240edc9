#include "sim/cli/arguments.h"

#include <CLI/CLI.hpp>

namespace busbar::cli {

void add_overrides(CLI::App* command, std::vector<std::string>& overrides) {
  command
      ->add_option("--set", overrides,
                   "XPATH=VALUE: change one value of the scenario, its world or its mix, e.g. "
                   "--set \"//site[@id='abilene']/grid/@limit=600 MW\"; may be repeated")
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);
}

void add_policy_library(CLI::App* command, PolicyLibrary& library) {
  command->add_option("--policy-library", library.path,
                      "shared library with a queue policy, which takes the place of the "
                      "scenario's; see sim/doc/user-guide/write-a-policy.md");
  command->add_option("--policy-timeout", library.timeout,
                      "longest time of one of its calls (default \"10 s\")");
}

// The scenario of a command and what may be changed of it.
void add_scenario(CLI::App* command, ScenarioChoice& choice) {
  command->add_option("scenario", choice.scenario, "scenario XML file")->required();
  add_overrides(command, choice.overrides);
  command->add_option("--seed", choice.seed, "seed of all random streams");
  command->add_option("--replicate", choice.replicate, "replicate number, shared across variants");
  add_policy_library(command, choice.policy);
}

void add_estimate(CLI::App* command, EstimateOptions& options) {
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

void add_reliability(CLI::App* command, ReliabilityOptions& o) {
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

void add_failure_log(CLI::App* command, FailureLogOptions& o) {
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

void add_measured(CLI::App* command, ValidateOptions& options) {
  command->add_option("--table", options.table, "CSV file of measured rows")->required();
  command->add_option("--world", options.world,
                      "world with the hardware that rows name (default: all shipped chips)");
  command->add_option("--plot", options.plot, "PNG file: predicted against measured");
  command->add_flag("--json", options.json, "print as JSON");
}

void add_validate(CLI::App* command, ValidateOptions& options) {
  add_measured(command, options);
  command->add_option("--format", options.format, "rows (default) or vtrain")
      ->check(CLI::IsMember({"rows", "vtrain"}));
  command->add_option("--models", options.models,
                      "catalogues of models (default: the shipped ones)");
  command->add_flag("--refit", options.refit, "fit the constants on this table first");
  command
      ->add_option(
          "--leave-out", options.leave_out,
          "with --refit: predict each model (or chip, or stack: another site's software) with "
          "constants fitted without it")
      ->check(CLI::IsMember({"model", "chip", "stack"}));
}

void add_collective(CLI::App* command, CollectiveOptions& options) {
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

void add_calibrate(CLI::App* command, CalibrateOptions& options) {
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
void add_topology(CLI::App* command, TopologyChoice& choice) {
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

}  // namespace busbar::cli
