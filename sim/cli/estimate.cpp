#include <fmt/format.h>

#include <filesystem>
#include <limits>
#include <set>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/cli/catalogue.h"
#include "sim/cli/commands.h"
#include "sim/cli/estimate_report.h"
#include "sim/cli/picture.h"
#include "sim/cli/registries.h"
#include "sim/cli/report.h"
#include "sim/cli/shipped.h"
#include "sim/input/reader.h"
#include "sim/training/plan.h"

namespace busbar::cli {
namespace {

std::optional<model::LanguageModel> find_model(const EstimateOptions& options,
                                               base::Diagnostics& problems) {
  std::vector<std::string> files = options.models;
  if (files.empty()) files = shipped_models();
  std::vector<std::string> names;
  for (const std::string& file : files) {
    const auto workload = input::read_workload(file, {}, Registries().known(), problems);
    if (!workload) return std::nullopt;
    if (const auto found = workload->models.find(options.model)) return workload->models[found];
    for (const model::LanguageModel& m : workload->models) names.push_back(m.name);
  }
  problems.error({}, "no model '{}' in {};{}", options.model,
                 files.empty() ? "any catalogue: name one with --models" : base::join(files, ", "),
                 base::suggestion(options.model, names));
  return std::nullopt;
}

// The cluster of the world that is asked for, large enough.
const model::Cluster* find_cluster(const EstimateOptions& options, const model::Platform& platform,
                                   base::Diagnostics& problems) {
  const auto found = platform.clusters.find(options.cluster);
  if (!found) {
    std::vector<std::string> names;
    for (const model::Cluster& c : platform.clusters) names.push_back(c.name);
    problems.error({}, "no cluster '{}' in {};{}", options.cluster, options.world,
                   base::suggestion(options.cluster, names));
    return nullptr;
  }
  const model::Cluster& cluster = platform.clusters[found];
  const double most = 1.0 * cluster.domains_at(std::numeric_limits<double>::infinity()) *
                      platform.domain_of(cluster).chips_used;
  if (options.chips > most) {
    problems.error({}, "cluster '{}' has {} chips for jobs after all deliveries, not {}",
                   cluster.name, base::format_count(most), base::format_count(options.chips));
    return nullptr;
  }
  return &cluster;
}

// The same task on half, a quarter, … of the chips: the fastest plan of each.
std::vector<ScaledPlan> scaled_plans(const training::Task& task, const training::Slice& slice) {
  std::vector<ScaledPlan> plans;
  for (auto chips = static_cast<std::int64_t>(slice.chips); chips >= 1; chips /= 2) {
    training::Slice part = slice;
    part.chips = static_cast<double>(chips);
    part.domains = static_cast<int>(std::ceil(part.chips / slice.domain->chips_used));
    const auto found = training::search_plans(task, part, 1);
    if (!found.best.empty()) plans.push_back({part.chips, found.best.front()});
  }
  return plans;
}

int search(const EstimateOptions& options, const training::Task& task, const training::Slice& slice,
           base::Diagnostics& problems) {
  if (task.global_batch_tokens <= 0.0) {
    problems.error({}, "--search needs --global-batch: plans are compared on equal steps");
    return report(problems);
  }
  const training::SearchResult found =
      training::search_plans(task, slice, static_cast<size_t>(options.top));
  if (found.best.empty()) {
    problems.error({}, "none of {} legal plans of '{}' fits {} x '{}'", found.legal,
                   task.model->name, base::format_count(slice.chips), slice.accelerator->name);
    return report(problems);
  }
  print_search(found, scaled_plans(task, slice), task, slice, options.json);
  return kOk;
}

// A stack that no chip was measured with is a slip of the pen.
bool is_known_stack(const std::string& stack, const model::Platform& platform,
                    base::Diagnostics& problems) {
  std::set<std::string> known;
  for (const model::Efficiency& e : platform.efficiencies) {
    if (!e.stack.empty()) known.insert(e.stack);
  }
  if (stack.empty() || known.contains(stack)) return true;
  problems.error({}, "unknown stack '{}';{}", stack,
                 base::suggestion(stack, {known.begin(), known.end()}));
  return false;
}

}  // namespace

int estimate(const EstimateOptions& options) {
  base::Diagnostics problems;
  const auto platform = input::read_platform(options.world, {}, problems);
  if (!platform) return report(problems);
  const auto model = find_model(options, problems);
  if (!model) return report(problems);
  const model::Cluster* cluster = find_cluster(options, *platform, problems);
  if (cluster == nullptr) return report(problems);
  training::Task task;
  task.model = &*model;
  task.sequence = options.sequence > 0 ? options.sequence : model->context;
  task.global_batch_tokens = options.global_batch * task.sequence;
  task.precision = options.precision;
  task.plan = options.plan;
  task.expert_imbalance = options.expert_imbalance;
  task.sync_every = options.sync_every;
  if (options.low_rank) task.tuning = training::Tuning::kLowRank;
  training::Slice slice =
      training::slice_of(*platform, *cluster, options.chips, model->kind(), options.precision);
  if (!is_known_stack(options.stack, *platform, problems)) return report(problems);
  if (!options.stack.empty() || !options.release.empty()) {
    training::use_stack(*platform, options.stack, options.release, model->kind(), options.precision,
                        slice);
  }
  if (const std::string rule = training::broken_rule(task, slice); !rule.empty()) {
    problems.error({}, "{}", rule);
    return report(problems);
  }
  const auto tokens = base::parse_quantity(options.tokens.empty() ? "0 token" : options.tokens,
                                           base::Dimension::kTokens);
  if (!tokens || tokens.value < 0.0) {
    problems.error({}, "--tokens: {}", tokens ? "tokens are not negative" : tokens.error);
    return report(problems);
  }
  if (options.search) return search(options, task, slice, problems);
  const training::StepEstimate e =
      Registries().step_models.make({"calibrated", {}})->estimate(task, slice);
  if (!e.feasible) {
    problems.error({}, "{}", e.reason);
    return report(problems);
  }
  // A batch that was asked for is not rounded to what the chosen plan can do.
  if (options.global_batch > 0.0) {
    training::Task chosen = task;
    chosen.plan = e.plan;
    if (const std::string rule = training::broken_rule(chosen, slice); !rule.empty()) {
      problems.error({}, "{}", rule);
      return report(problems);
    }
  }
  print_estimate(e, task, slice,
                 {.json = options.json, .explain = options.explain, .target_tokens = tokens.value});
  if (options.plot.empty()) return kOk;
  return draw("busbar.pipeline", schedule_json(e), options.plot);
}

}  // namespace busbar::cli
