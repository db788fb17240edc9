// Elastic jobs at their sizes.
#include <algorithm>
#include <set>

#include "sim/engine/work_model.h"
#include "sim/faults/restart.h"
#include "sim/training/across_sites.h"

namespace busbar::engine {
namespace {

// Rate at which one chip sends to others: its part of the node's NICs; in machines without any, its
// links in the domain. 0: it has neither.
double chip_send_Bps(const model::Platform& platform, const model::Domain& domain) {
  const model::Node& node = platform.nodes[domain.node];
  if (!node.nic || node.nics == 0 || node.accelerators == 0) {
    return domain.bandwidth_per_chip().value;
  }
  return platform.nics[node.nic].bandwidth.value * node.nics / node.accelerators;
}

}  // namespace

const WorkModel::Step& WorkModel::resized_step(const model::Job& job, std::int32_t pool,
                                               const topology::SliceOffer& offered) {
  const std::int64_t asked = offer(job, pool, static_cast<std::int64_t>(job.chips)).chips();
  const std::int64_t chips = offered.chips();
  const std::tuple key{job.stream, pool, asked, chips};
  const auto known = known_resized_.find(key);
  if (known != known_resized_.end()) return known->second;
  const model::TrainingStream& stream = scenario_.workload.streams[{job.stream}];
  const double batch = step(job, pool).tokens;
  const bool scales = stream.elastic->scales_batch;
  const double scale = scales ? static_cast<double>(chips) / static_cast<double>(asked) : 1.0;
  Step fresh = estimate(stream, offered, pool, batch * scale);
  if (fresh.feasible && scales) {
    const double critical = scenario_.workload.models[stream.model].critical_batch_tokens;
    fresh.counted = (critical + batch) / (critical + fresh.tokens);
  }
  return known_resized_.emplace(key, fresh).first->second;
}

const scheduling::JobSizes* WorkModel::sizes(const model::Job& job, std::int32_t pool) {
  if (job.stream < 0) return nullptr;
  const model::TrainingStream& stream = scenario_.workload.streams[{job.stream}];
  if (!stream.elastic || !step(job, pool).feasible) return nullptr;
  const auto asked = static_cast<std::int64_t>(job.chips);
  const std::tuple key{job.stream, pool, asked};
  const auto known = known_sizes_.find(key);
  if (known != known_sizes_.end()) return &known->second;
  scheduling::JobSizes table;
  double state_bytes = 0.0;
  for (const std::int64_t chips : stream.elastic->of(asked)) {
    const Work work = evaluate(job, pool, chips);
    if (!work.feasible) continue;
    // Sizes for which the vendor gives the same are one.
    const auto held = static_cast<std::int64_t>(work.chips);
    if (table.sizes.empty() || table.sizes.back().chips != held) {
      state_bytes = work.state_bytes;
      const faults::Restart restart = faults::restart_of({}, work.chips, {}, {});
      table.sizes.push_back({held, work.tokens_per_step / (work.step_s + work.saves.stall_s),
                             work.busy_w_per_chip, restart.total().value, work.slices});
    }
    if (chips == asked) table.asked = table.sizes.size() - 1;
  }
  const Pool& here = fleet_.pools[static_cast<size_t>(pool)];
  const double send_Bps =
      chip_send_Bps(scenario_.platform, scenario_.platform.domains[here.domain]);
  if (send_Bps > 0.0) table.move_chip_s = state_bytes / send_Bps;
  return &known_sizes_.emplace(key, std::move(table)).first->second;
}

std::vector<WorkModel::Unfit> WorkModel::unfit_sizes(const std::vector<model::Job>& jobs) {
  std::vector<Unfit> unfit;
  std::set<std::int32_t> seen;
  for (const model::Job& job : jobs) {
    if (job.stream < 0 || !seen.insert(job.stream).second) continue;
    const model::TrainingStream& stream = scenario_.workload.streams[{job.stream}];
    if (!stream.elastic) continue;
    std::set<std::int64_t> fit;
    for (const std::int32_t pool : pools_for(job)) {
      const scheduling::JobSizes* here = sizes(job, pool);
      if (here == nullptr) continue;
      for (const std::int64_t chips : stream.elastic->of(static_cast<std::int64_t>(job.chips))) {
        const std::int64_t held = offer(job, pool, chips).chips();
        if (here->index_of(held) < here->sizes.size()) fit.insert(chips);
      }
    }
    if (fit.empty()) continue;  // not even at its own size: it is rejected
    for (const std::int64_t chips : stream.elastic->listed) {
      if (!fit.contains(chips)) unfit.push_back({job.stream, chips});
    }
    const size_t all = stream.elastic->of(static_cast<std::int64_t>(job.chips)).size();
    if (stream.elastic->listed.empty() && all > 1 && fit.size() == 1) {
      unfit.push_back({job.stream, 0});
    }
  }
  return unfit;
}

}  // namespace busbar::engine
