#include "sim/validation/reliability.h"

#include <fmt/format.h>

#include <cmath>

#include "sim/base/json.h"
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/cli/commands.h"
#include "sim/cli/registries.h"
#include "sim/cli/report.h"
#include "sim/cli/shipped.h"
#include "sim/input/reader.h"

namespace busbar::cli {
namespace {

using base::Dimension;
using validation::Band;
using validation::ReliabilityTask;

// Reads the quantities of options, each problem with the option's name.
class Quantities {
 public:
  explicit Quantities(base::Diagnostics& problems) : problems_(problems) {}
  double operator()(const char* option, const std::string& text, Dimension dimension) {
    if (text.empty()) return 0.0;
    const auto parsed = base::parse_quantity(text, dimension);
    if (!parsed) {
      problems_.error({}, "{}: {}", option, parsed.error);
    } else if (parsed.value < 0.0) {
      problems_.error({}, "{}: '{}' is negative", option, text);
    }
    return parsed.value;
  }

 private:
  base::Diagnostics& problems_;
};

template <class Entity>
const Entity* find_named(const base::Table<Entity>& table, const std::string& name,
                         std::string_view kind, base::Diagnostics& problems) {
  if (const auto id = table.find(name)) return &table[id];
  problems.error({}, "no {} '{}';{}", kind, name, base::suggestion(name, table.names()));
  return nullptr;
}

// The domain of the job, and the failures that hold for it unless another set is named.
struct Hardware {
  const model::Domain* domain = nullptr;
  const model::FailureModel* failures = nullptr;
};

Hardware find_hardware(const ReliabilityOptions& options, const model::Platform& platform,
                       base::Diagnostics& problems) {
  Hardware found;
  base::Id<model::FailureModel> set;
  if (!options.cluster.empty()) {
    const auto* cluster = find_named(platform.clusters, options.cluster, "cluster", problems);
    if (cluster == nullptr) return found;
    found.domain = &platform.domain_of(*cluster);
    set = platform.failures_of(*cluster);
  } else if (!options.domain.empty()) {
    found.domain = find_named(platform.domains, options.domain, "domain", problems);
    if (found.domain == nullptr) return found;
    set = platform.failures_of(*found.domain);
  } else {
    problems.error({}, "name a cluster of the world with --cluster, or a kind with --domain");
    return found;
  }
  if (!options.failures.empty()) {
    found.failures = find_named(platform.failure_models, options.failures, "failure set", problems);
  } else if (set) {
    found.failures = &platform.failure_models[set];
  } else {
    problems.error({}, "domain '{}' names no failures; name a set with --failures{}",
                   found.domain->name, base::suggestion("", platform.failure_models.names()));
  }
  return found;
}

faults::CheckpointPlan plan_of(const ReliabilityOptions& options, base::Seconds mttf,
                               base::Diagnostics& problems) {
  Quantities quantity(problems);
  faults::CheckpointTask task;
  task.size =
      base::Bytes{quantity("--checkpoint-size", options.checkpoint_size, Dimension::kBytes)};
  task.write = base::BytesPerSecond{quantity("--storage", options.storage, Dimension::kBandwidth)};
  task.read = task.write;
  task.snapshot =
      base::BytesPerSecond{quantity("--snapshot", options.snapshot, Dimension::kBandwidth)};
  task.replica =
      base::BytesPerSecond{quantity("--replica", options.replica, Dimension::kBandwidth)};
  task.mttf = mttf;
  if (task.size.value <= 0.0 || task.write.value <= 0.0) {
    problems.error({}, "--checkpoint-size and --storage must be above zero");
    return {};
  }
  faults::CheckpointPolicies policies{"checkpoint policy"};
  faults::add_builtin(policies);
  base::KnownBehaviours known;
  policies.describe(known);
  const base::BehaviourSpec* spec = known.find(policies.kind(), options.checkpoint);
  if (spec == nullptr) {
    problems.error({}, "--checkpoint: unknown policy '{}';{}", options.checkpoint,
                   base::suggestion(options.checkpoint, known.names(policies.kind())));
    return {};
  }
  base::BehaviourChoice choice{options.checkpoint, {}};
  for (const base::ParameterSpec& p : spec->parameters) {
    const std::string& text = options.interval.empty() ? p.fallback : options.interval;
    const double value = quantity("--interval", text, p.dimension);
    if (value <= 0.0) problems.error({}, "--interval must be above zero");
    choice.params.set(p.name, value);
  }
  if (spec->parameters.empty() && !options.interval.empty()) {
    problems.error({}, "--interval: the policy '{}' chooses its own", options.checkpoint);
  }
  return problems.has_errors() ? faults::CheckpointPlan{} : policies.make(choice)->plan(task);
}

// What is said beside figures of jobs larger than any that restarts were measured on.
std::string caution_of(const ReliabilityTask& task) {
  const auto chips = static_cast<double>(task.population[model::FailureUnit::kChip]);
  const double measured = faults::RestartModel{}.init_chips;
  if (task.detection_included || chips <= measured) return "";
  return fmt::format("restarts were measured up to {} chips; beyond, their time is extrapolated",
                     base::format_count(measured));
}

base::Json json_of(const Band& b, double unit) {
  return base::Json::Object{{"mean", b.mean / unit},
                            {"low", b.low / unit},
                            {"high", b.high / unit},
                            {"error", b.error / unit}};
}

base::Json json_of(const ReliabilityTask& task, const validation::ReliabilityEstimate& closed,
                   const validation::ReliabilityFigures& figures) {
  base::Json::Array causes;
  for (size_t i = 0; i < figures.causes.size(); ++i) {
    const auto& c = figures.causes[i];
    const model::FailureMode& mode = task.failures->modes[i];
    causes.push_back(base::Json::Object{
        {"cause", mode.name},
        {"component", std::string(model::name_of(mode.kind))},
        {"planned", mode.planned},
        {"expected", faults::rate_of(mode, task.population).value * task.horizon.value},
        {"interruptions", json_of(c.interruptions, 1.0)},
        {"share", json_of(c.share, 1.0)},
        {"lost_h", json_of(c.lost_s, base::kHour)},
        {"stalled_h", json_of(c.stalled_s, base::kHour)}});
  }
  return base::Json::Object{
      {"failures", task.failures->name},
      {"counts", task.failures->counts},
      {"caution", caution_of(task)},
      {"chips", task.population[model::FailureUnit::kChip]},
      {"nodes", task.population[model::FailureUnit::kNode]},
      {"horizon_d", task.horizon.value / base::kDay},
      {"replicates", task.replicates},
      {"mttf_h", closed.mttf.value / base::kHour},
      {"restart_s", closed.restart.value},
      {"checkpoint_interval_s", task.plan.interval.value},
      {"checkpoint_stall_s", task.plan.stall.value},
      {"effective_closed", closed.effective},
      {"effective_null", closed.null},
      {"effective", json_of(figures.effective, 1.0)},
      {"interruptions", json_of(figures.interruptions, 1.0)},
      {"working", json_of(figures.working, 1.0)},
      {"node_availability", faults::node_availability(*task.failures, task.population)},
      {"measured_mttf_h", json_of(figures.mttf_s, base::kHour)},
      {"lost_h", json_of(figures.lost_s, base::kHour)},
      {"causes", causes}};
}

void print(const ReliabilityTask& task, const validation::ReliabilityEstimate& closed,
           const validation::ReliabilityFigures& figures) {
  const auto percent = [](double x) { return fmt::format("{:.1f} %", 100.0 * x); };
  const Band &e = figures.effective, &n = figures.interruptions;
  fmt::print("failures '{}' ({}) of {} chips on {} nodes over {}\n", task.failures->name,
             task.failures->counts,
             base::format_count(static_cast<double>(task.population[model::FailureUnit::kChip])),
             base::format_count(static_cast<double>(task.population[model::FailureUnit::kNode])),
             base::format_duration(task.horizon));
  fmt::print("MTTF {}; {:.1f} interruptions ({:.0f} to {:.0f} in 95 of 100)\n",
             base::format_duration(closed.mttf), n.mean, n.low, n.high);
  const bool saves = !std::isinf(task.plan.interval.value);
  fmt::print("a restart takes {}; {}\n", base::format_duration(closed.restart),
             saves ? fmt::format("checkpoints every {} cost {} each",
                                 base::format_duration(task.plan.interval),
                                 base::format_duration(task.plan.stall))
                   : std::string("no failure needs a checkpoint"));
  fmt::print("effective training time {} ({} to {}); in closed form {}, without lost work {}\n",
             percent(e.mean), percent(e.low), percent(e.high), percent(closed.effective),
             percent(closed.null));
  fmt::print("at work {} of the time; a node is there for {:.2f} % of it\n",
             percent(figures.working.mean),
             100.0 * faults::node_availability(*task.failures, task.population));
  if (const std::string caution = caution_of(task); !caution.empty()) {
    fmt::print("{}\n", caution);
  }
  std::vector<std::vector<std::string>> rows{
      {"cause", "interruptions", "from", "to", "share", "work lost", "stood still"}};
  for (size_t i = 0; i < figures.causes.size(); ++i) {
    const auto& c = figures.causes[i];
    rows.push_back({task.failures->modes[i].name, fmt::format("{:.2f}", c.interruptions.mean),
                    fmt::format("{:.0f}", c.interruptions.low),
                    fmt::format("{:.0f}", c.interruptions.high), percent(c.share.mean),
                    fmt::format("{:.2f} h", c.lost_s.mean / base::kHour),
                    fmt::format("{:.2f} h", c.stalled_s.mean / base::kHour)});
  }
  print_table(rows, {1, 2, 3, 4, 5, 6});
}

}  // namespace

int estimate_reliability(const ReliabilityOptions& options) {
  base::Diagnostics problems;
  const std::string world = options.world.empty() ? shipped_chips() : options.world;
  if (world.empty()) {
    problems.error({}, "no folder 'platforms' here or above: name a world with --world");
    return report(problems);
  }
  const auto platform = input::read_platform(world, options.overrides, problems);
  if (!platform) return report(problems);
  const Hardware hardware = find_hardware(options, *platform, problems);
  if (problems.has_errors()) return report(problems);
  Quantities quantity(problems);
  model::FailureModel failures = *hardware.failures;
  ReliabilityTask task;
  task.failures = &failures;
  task.population = faults::population_of_job(*platform, *hardware.domain, options.chips);
  task.horizon = base::Seconds{quantity("--over", options.over, Dimension::kTime)};
  task.replicates = options.replicates;
  task.seed = options.seed;
  // A known mean time to failure scales all rates; the mix of causes stays.
  const double known_mttf_s = quantity("--mttf", options.mttf, Dimension::kTime);
  if (known_mttf_s > 0.0) {
    const double factor = faults::mttf(failures, task.population).value / known_mttf_s;
    for (model::FailureMode& mode : failures.modes) mode.rate = mode.rate * factor;
  }
  if (options.elastic_units > 0) {
    task.elastic = faults::ElasticModel{
        options.elastic_units,
        base::Seconds{quantity("--reconfigure", options.reconfigure, Dimension::kTime)},
        base::Seconds{quantity("--rejoin", options.rejoin, Dimension::kTime)},
        base::Seconds{quantity("--absence", options.absence, Dimension::kTime)},
        quantity("--beyond-unit", options.beyond_unit, Dimension::kFraction)};
    if (task.elastic->failed_share > 1.0) {
      problems.error({}, "--beyond-unit: {} is more than all failures", options.beyond_unit);
    }
  }
  // What falls back to a checkpoint decides how often one pays.
  const double mttf_s = faults::mttf(failures, task.population).value;
  const double restarts = task.elastic ? task.elastic->failed_share : 1.0;
  task.plan =
      plan_of(options, base::Seconds{restarts > 0.0 ? mttf_s / restarts : INFINITY}, problems);
  if (task.horizon.value <= 0.0) problems.error({}, "--over must be above zero, e.g. '30 d'");
  const double restart_s = quantity("--restart", options.restart, Dimension::kTime);
  if (problems.has_errors()) return report(problems);
  task.detection_included = restart_s > 0.0;
  task.restart = task.detection_included
                     ? faults::Restart{{}, base::Seconds{restart_s}, {}, {}}
                     : faults::restart_of({}, options.chips, {}, task.plan.restore);
  const auto closed = validation::estimate(task);
  const auto figures = validation::simulate(task);
  if (options.json) {
    fmt::print("{}\n", json_of(task, closed, figures).dump());
  } else {
    print(task, closed, figures);
  }
  return kOk;
}

}  // namespace busbar::cli
