#include "sim/engine/work_model.h"

#include <algorithm>
#include <cmath>

#include "sim/base/text.h"
#include "sim/power/site_power.h"
#include "sim/training/across_sites.h"

namespace busbar::engine {

using base::Id;
using record::Bound;

namespace {

Bound bound_of(training::Bound bound) {
  switch (bound) {
    case training::Bound::kCompute:
      return Bound::kCompute;
    case training::Bound::kMemory:
      return Bound::kMemory;
    case training::Bound::kNetwork:
      return Bound::kNetwork;
    case training::Bound::kPipeline:
      return Bound::kPipeline;
    case training::Bound::kBatch:
      return Bound::kBatch;
    case training::Bound::kHost:
      return Bound::kHost;
  }
  return Bound::kNone;
}

constexpr double kBytesPerToken = 4.0;  // of a dataset: 32-bit numbers of the vocabulary

// Pools that hold a cluster which passes the filters of a stream or trace.
std::vector<std::int32_t> pools_where(const model::Platform& platform, const Fleet& fleet,
                                      const std::vector<std::string>& vendors,
                                      const std::vector<std::string>& clusters,
                                      const std::vector<std::string>& sites,
                                      const std::string& organisation) {
  std::vector<std::int32_t> pools;
  for (const auto id : platform.clusters.ids()) {
    const model::Cluster& cluster = platform.clusters[id];
    if (!base::none_or_named(vendors, platform.accelerator_of(cluster).vendor) ||
        !base::none_or_named(clusters, cluster.name) ||
        !base::none_or_named(sites, platform.sites[cluster.site].name)) {
      continue;
    }
    const std::int32_t pool = fleet.pool_of(id);
    // A job may come to stand at any site of its pool.
    const auto& together = fleet.pools[static_cast<size_t>(pool)].clusters;
    if (!std::all_of(together.begin(), together.end(), [&](Id<model::Cluster> other) {
          return platform.may_use(organisation, platform.clusters[other].site);
        })) {
      continue;
    }
    if (std::find(pools.begin(), pools.end(), pool) == pools.end()) pools.push_back(pool);
  }
  return pools;
}

}  // namespace

WorkModel::WorkModel(const model::Scenario& scenario, const Fleet& fleet,
                     const training::StepModel& model)
    : scenario_(scenario), fleet_(fleet), model_(model), checkpoints_(scenario) {
  for (const model::TrainingStream& stream : scenario.workload.streams) {
    stream_pools_.push_back(pools_where(scenario.platform, fleet, stream.vendors, stream.clusters,
                                        stream.sites, stream.organisation));
  }
  for (const model::ReplayedTrace& trace : scenario.workload.traces) {
    trace_pools_.push_back(pools_where(scenario.platform, fleet, trace.vendors, trace.clusters, {},
                                       trace.organisation));
  }
}

const std::vector<std::int32_t>& WorkModel::pools_for(const model::Job& job) const {
  return job.stream >= 0 ? stream_pools_[static_cast<size_t>(job.stream)]
                         : trace_pools_[static_cast<size_t>(job.trace)];
}

const model::Cluster& WorkModel::first_cluster(std::int32_t pool) const {
  return scenario_.platform.clusters[fleet_.pools[static_cast<size_t>(pool)].clusters.front()];
}

const model::Pod* WorkModel::pod_of(std::int32_t pool) const {
  const model::Cluster& cluster = first_cluster(pool);
  return cluster.pod ? &scenario_.platform.pods[cluster.pod] : nullptr;
}

topology::SliceOffer WorkModel::offer(const model::Job& job, std::int32_t pool,
                                      std::int64_t chips) const {
  const int slices = job.stream >= 0 ? scenario_.workload.streams[{job.stream}].plan.slices : 0;
  return topology::offer_of(scenario_.platform.domain_of(first_cluster(pool)), pod_of(pool), chips,
                            slices);
}

scheduling::Request WorkModel::request(const model::Job& job, const Work& work) const {
  return {static_cast<std::int64_t>(work.chips), work.busy_w_per_chip, span_of(job), work.slices};
}

model::Span WorkModel::span_of(const model::Job& job) const {
  if (job.stream < 0) return model::Span::kCluster;
  return scenario_.workload.streams[{job.stream}].span;
}

std::int32_t WorkModel::priority_of(const model::Job& job) const {
  return job.stream < 0 ? 0 : scenario_.workload.streams[{job.stream}].priority;
}

double WorkModel::efficiency(Id<model::LanguageModel> model, const std::string& vendor) const {
  for (const model::Portability& row : scenario_.workload.portability) {
    if (row.model == model && row.vendor == vendor) return row.efficiency;
  }
  return 1.0;
}

const std::string& WorkModel::vendor(std::int32_t pool) const {
  const auto cluster = fleet_.pools[static_cast<size_t>(pool)].clusters.front();
  const model::Platform& platform = scenario_.platform;
  return platform.accelerator_of(platform.clusters[cluster]).vendor;
}

base::Seconds WorkModel::switching_time(const model::Job& job, std::int32_t pool) const {
  for (const model::Portability& row : scenario_.workload.portability) {
    if (row.model == job.model && row.vendor == vendor(pool)) return row.switching_time;
  }
  return {};
}

model::FailureResponse WorkModel::response_of(const model::Job& job) const {
  return job.stream < 0 ? model::FailureResponse::kRestart
                        : scenario_.workload.streams[{job.stream}].resilience.on_failure;
}

// Replicas are whole domains; one smaller than a domain drops out with those that it shares it
// with.
std::int64_t WorkModel::replica_domains(const model::TrainingStream& stream, const Step& step,
                                        double chips, int per_domain) const {
  if (stream.resilience.on_failure != model::FailureResponse::kDegrade) return 0;
  const auto domains = static_cast<std::int64_t>(chips / per_domain);
  if (static_cast<double>(domains * per_domain) != chips) return 0;
  const std::int64_t each =
      stream.resilience.replicas > 0
          ? domains / stream.resilience.replicas
          : static_cast<std::int64_t>(std::ceil(step.replica_chips / per_domain));
  return each > 0 && each < domains ? each : 0;
}

// A replayed job runs as long as its log says, with its chips at full compute power.
WorkModel::Step WorkModel::replayed(std::int32_t index) const {
  const Pool& pool = fleet_.pools[static_cast<size_t>(index)];
  Step step;
  step.feasible = true;
  step.bound = Bound::kFixed;
  const power::ChipPower chip =
      power::busy_chip_power(scenario_.platform, pool.domain, {.compute = 1.0});
  step.busy_w = chip.above_idle.value;
  step.total_w = chip.with_overheads.value;
  return step;
}

WorkModel::Step WorkModel::estimate(const model::TrainingStream& stream,
                                    const topology::SliceOffer& offer, std::int32_t index,
                                    double batch_tokens) const {
  const model::Platform& platform = scenario_.platform;
  const Pool& pool = fleet_.pools[static_cast<size_t>(index)];
  const model::Cluster& cluster = first_cluster(index);
  if (!stream.model) return replayed(index);

  training::Task task;
  task.model = &scenario_.workload.models[stream.model];
  task.sequence = stream.sequence > 0.0 ? stream.sequence : task.model->context;
  task.global_batch_tokens = batch_tokens;
  task.precision = stream.precision;
  task.plan = stream.plan;
  task.plan.slices = offer.slices;
  training::Slice slice = training::slice_of(platform, cluster, static_cast<double>(offer.chips()),
                                             task.model->kind(), task.precision);
  slice.efficiency = efficiency(stream.model, slice.accelerator->vendor);
  const training::StepEstimate estimate = model_.estimate(task, slice);

  Step step;
  step.feasible = estimate.feasible && estimate.step_s > 0.0 && estimate.tokens > 0.0;
  if (!step.feasible) return step;
  step.step_s = estimate.step_s;
  step.tokens = estimate.tokens;
  step.mfu = estimate.mfu;
  step.domain_bytes = slice.domains > 1 ? estimate.domain_traffic_bytes : 0.0;
  step.gradient_bytes = estimate.gradient_bytes;
  const model::ParallelPlan& plan = estimate.plan;
  step.replica_chips = 1.0 * std::max(1, plan.tensor) * std::max(1, plan.pipeline) *
                       std::max(1, plan.context) / slice.ranks_per_chip;
  step.bound = bound_of(estimate.bound);
  const power::ChipPower chip = power::busy_chip_power(
      platform, pool.domain,
      {.compute = estimate.compute_fraction, .communication = estimate.communication_fraction});
  step.busy_w = chip.above_idle.value;
  step.total_w = chip.with_overheads.value;
  return step;
}

const WorkModel::Step& WorkModel::step(const model::Job& job, std::int32_t pool) {
  const topology::SliceOffer offered = offer(job, pool, static_cast<std::int64_t>(job.chips));
  const std::int64_t chips = job.stream >= 0 ? offered.chips() : 0;
  const std::tuple key{job.stream, pool, chips};
  const auto known = known_.find(key);
  if (known != known_.end()) return known->second;
  const Step fresh = job.stream >= 0
                         ? estimate(scenario_.workload.streams[{job.stream}], offered, pool,
                                    scenario_.workload.streams[{job.stream}].global_batch_tokens)
                         : replayed(pool);
  return known_.emplace(key, fresh).first->second;
}

Sends WorkModel::sends(const model::TrainingStream& stream, const Step& step) const {
  Sends sends;
  sends.domain_bytes = step.domain_bytes;
  sends.gradient_bytes = step.gradient_bytes;
  sends.across = stream.across_sites;
  sends.checkpointing = stream.checkpointing;
  if (!stream.model) return sends;
  const model::LanguageModel& model = scenario_.workload.models[stream.model];
  sends.outer_bytes = training::outer_bytes(model, stream.across_sites);
  sends.read_bytes = kBytesPerToken * step.tokens;
  return sends;
}

double WorkModel::tokens_per_s(const model::Job& job, std::int32_t pool, std::int64_t chips,
                               double batch_tokens) {
  if (job.stream < 0) return 0.0;
  const std::tuple key{job.stream, pool, chips, batch_tokens};
  const auto known = known_speeds_.find(key);
  if (known != known_speeds_.end()) return known->second;
  const topology::SliceOffer here =
      topology::offer_of(scenario_.platform.domain_of(first_cluster(pool)), pod_of(pool), chips, 0);
  const Step part = estimate(scenario_.workload.streams[{job.stream}], here, pool, batch_tokens);
  return known_speeds_.emplace(key, part.feasible ? part.tokens / part.step_s : 0.0).first->second;
}

Work WorkModel::evaluate(const model::Job& job, std::int32_t pool, std::int64_t chips) {
  const topology::SliceOffer offered = offer(job, pool, chips);
  Work work;
  if (!offered.broken_rule.empty()) return work;
  const bool asked =
      offered.chips() == offer(job, pool, static_cast<std::int64_t>(job.chips)).chips();
  const Step& here = asked ? step(job, pool) : resized_step(job, pool, offered);
  work.feasible = here.feasible;
  if (!here.feasible) return work;
  work.chips = static_cast<double>(offered.chips());
  work.slices = offered.slices;
  work.step_s = here.step_s;
  work.tokens_per_step = here.tokens * here.counted;
  work.mfu = here.mfu;
  work.busy_w_per_chip = here.busy_w;
  work.total_w_per_chip = here.total_w;
  if (job.stream >= 0) {
    const model::TrainingStream& stream = scenario_.workload.streams[{job.stream}];
    work.sends = sends(stream, here);
    const auto size = static_cast<double>(chips);
    const Pool& place = fleet_.pools[static_cast<size_t>(pool)];
    work.replica_domains = replica_domains(stream, here, size, place.used_chips_per_domain);
    const int replicas =
        work.replica_domains > 0
            ? static_cast<int>(
                  size / static_cast<double>(place.used_chips_per_domain * work.replica_domains))
            : 0;
    work.saves = checkpoints_.plan(stream, scenario_.platform.clusters[place.clusters.front()],
                                   size, here.step_s, replicas, work.sends);
    if (stream.model) {
      const model::LanguageModel& model = scenario_.workload.models[stream.model];
      work.state_bytes = training::state_bytes(model);
      if (stream.across_sites.sync_every > 1) {
        work.low_communication = model.low_communication_token_factor;
      }
    }
  }
  work.bound = here.bound;
  if (here.tokens <= 0.0) {
    work.steps = job.duration_s / here.step_s;
  } else if (job.tokens > 0.0) {
    work.steps = job.tokens / work.tokens_per_step;
  } else {
    // The same tokens as on the stream's first pool, in as many steps as they take here.
    double tokens = 0.0;
    for (const std::int32_t first : pools_for(job)) {
      const Step& reference = step(job, first);
      if (!reference.feasible) continue;
      tokens = job.duration_s / reference.step_s * reference.tokens;
      break;
    }
    work.steps = tokens / work.tokens_per_step;
  }
  return work;
}

}  // namespace busbar::engine
