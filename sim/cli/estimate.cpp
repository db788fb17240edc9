#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <set>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/cli/catalogue.h"
#include "sim/cli/commands.h"
#include "sim/cli/estimate_report.h"
#include "sim/cli/estimate_sites.h"
#include "sim/cli/picture.h"
#include "sim/cli/registries.h"
#include "sim/cli/report.h"
#include "sim/cli/shipped.h"
#include "sim/input/reader.h"
#include "sim/topology/slice_offer.h"
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
const model::Cluster* find_cluster(const std::string& name, double chips, const std::string& world,
                                   const model::Platform& platform, base::Diagnostics& problems) {
  const auto found = platform.clusters.find(name);
  if (!found) {
    std::vector<std::string> names;
    for (const model::Cluster& c : platform.clusters) names.push_back(c.name);
    problems.error({}, "no cluster '{}' in {};{}", name, world, base::suggestion(name, names));
    return nullptr;
  }
  const model::Cluster& cluster = platform.clusters[found];
  const double most = 1.0 * cluster.domains_at(std::numeric_limits<double>::infinity()) *
                      platform.domain_of(cluster).chips_used;
  if (chips > most) {
    problems.error({}, "cluster '{}' has {} chips for jobs after all deliveries, not {}",
                   cluster.name, base::format_count(most), base::format_count(chips));
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

// A quantity of the command line; `fallback` when it was not given.
double quantity(const char* option, const std::string& text, base::Dimension dimension,
                double fallback, base::Diagnostics& problems) {
  if (text.empty()) return fallback;
  const auto parsed = base::parse_quantity(text, dimension);
  if (!parsed) problems.error({}, "{}: {}", option, parsed.error);
  if (parsed && parsed.value < 0.0) problems.error({}, "{}: must not be negative", option);
  return parsed.value;
}

// The further sites, each as CLUSTER:CHIPS.
std::vector<SiteSlice> further_sites(const EstimateOptions& options,
                                     const model::Platform& platform, model::ModelKind kind,
                                     base::Diagnostics& problems) {
  std::vector<SiteSlice> sites;
  for (const std::string& text : options.across) {
    const size_t colon = text.rfind(':');
    const auto chips = base::parse_quantity(
        colon == std::string::npos ? "" : text.substr(colon + 1), base::Dimension::kCount);
    if (!chips || chips.value < 1.0) {
      problems.error({}, "--across '{}': write CLUSTER:CHIPS, e.g. {}:1024", text,
                     text.substr(0, colon));
      continue;
    }
    const model::Cluster* cluster =
        find_cluster(text.substr(0, colon), chips.value, options.world, platform, problems);
    if (cluster == nullptr) continue;
    sites.push_back(
        {cluster, training::slice_of(platform, *cluster, chips.value, kind, options.precision)});
  }
  return sites;
}

int estimate_across(const EstimateOptions& options, const model::Platform& platform,
                    const model::Cluster& cluster, const training::Slice& slice,
                    training::Task task, double tokens, base::Diagnostics& problems) {
  std::vector<SiteSlice> sites = further_sites(options, platform, task.model->kind(), problems);
  sites.insert(sites.begin(), {&cluster, slice});
  AcrossRequest request;
  request.exchange = {options.sync_every, options.outer_precision, !options.exposed,
                      options.fragments};
  if (request.exchange.bytes_per_number() <= 0.0) {
    problems.error({}, "unknown precision '{}';{}", options.outer_precision,
                   base::suggestion(options.outer_precision, model::AcrossSites::precisions()));
  }
  if (options.fragments > 1 && (options.exposed || options.fragments > options.sync_every)) {
    problems.error({}, "--fragments: at most one for each step of --sync-every, without --exposed");
  }
  if (problems.has_errors()) return report(problems);
  const bool given = !options.wan_bandwidth.empty() && !options.wan_latency.empty();
  if (!given) request.edge = slowest_edge(platform, sites, problems);
  request.edge = {quantity("--wan-bandwidth", options.wan_bandwidth, base::Dimension::kBandwidth,
                           request.edge.bandwidth_Bps, problems),
                  quantity("--wan-latency", options.wan_latency, base::Dimension::kTime,
                           request.edge.latency_s, problems)};
  if (!problems.has_errors() && request.edge.bandwidth_Bps <= 0.0) {
    problems.error({}, "--wan-bandwidth: must be above 0");
  }
  if (problems.has_errors()) return report(problems);
  request.target_tokens = tokens;
  request.json = options.json;
  task.sync_every = 1;  // slices of one site exchange in every step
  return print_across(task, sites, request, problems) ? kOk : report(problems);
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
  const model::Cluster* cluster =
      find_cluster(options.cluster, options.chips, options.world, *platform, problems);
  if (cluster == nullptr) return report(problems);
  training::Task task;
  task.model = &*model;
  task.sequence = options.sequence > 0 ? options.sequence : model->context;
  task.global_batch_tokens = options.global_batch * task.sequence;
  task.precision = options.precision;
  task.plan = options.plan;
  if (cluster->pod) {  // what no pod holds is several slices
    const topology::SliceOffer offer = topology::offer_of(
        platform->domain_of(*cluster), &platform->pods[cluster->pod],
        static_cast<std::int64_t>(std::ceil(options.chips)), options.plan.slices);
    if (!offer.broken_rule.empty()) {
      problems.error({}, "--slices {}: {}", options.plan.slices, offer.broken_rule);
      return report(problems);
    }
    task.plan.slices = offer.slices;
  }
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
  const double tokens =
      quantity("--tokens", options.tokens, base::Dimension::kTokens, 0.0, problems);
  if (problems.has_errors()) return report(problems);
  if (!options.across.empty()) {
    return estimate_across(options, *platform, *cluster, slice, task, tokens, problems);
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
  const model::Storage* storage = platform->storage_of(*cluster);
  print_estimate(e, task, slice,
                 {.json = options.json,
                  .explain = options.explain,
                  .target_tokens = tokens,
                  .storage = storage != nullptr ? storage->write : base::BytesPerSecond{}});
  if (options.plot.empty()) return kOk;
  return draw("busbar.pipeline", schedule_json(e), options.plot);
}

}  // namespace busbar::cli
