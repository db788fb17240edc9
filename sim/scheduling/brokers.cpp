#include "sim/scheduling/brokers.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "sim/scheduling/assignment.h"

namespace busbar::scheduling {
namespace {

constexpr double kEqual = 1e-9;  // relative
constexpr double kNever = std::numeric_limits<double>::infinity();
// Larger batches are assigned in pieces, in order.
constexpr size_t kBatch = 256;
constexpr double kMostChips = 1e15;  // more than any pool has
// By how much waiting is dearer than starting at the same cost: decides ties only.
constexpr double kLater = 1e-6;

template <class Value>
std::vector<double> each(std::span<const PoolOption> options, Value value) {
  std::vector<double> values;
  for (const PoolOption& option : options) values.push_back(value(option));
  return values;
}

double cost_usd(const PoolOption& option, base::UsdPerSecond idle_price, bool waits) {
  const double idle_chip_s = waits ? option.chips * option.wait_s() - option.lent_chip_s : 0.0;
  const double idle_usd = idle_chip_s * idle_price.value;
  return option.price_usd_per_s * option.run_time_s + option.energy_usd + option.wan_usd + idle_usd;
}

// Adds weight × value in multiples of the least base value. Where that is 0, the least above 0 is
// the unit and 0 counts as one unit less. A unit that is nowhere, or infinite, tells nothing.
void add_term(double weight, const std::vector<double>& values, const std::vector<double>& base,
              std::vector<double>& sums) {
  if (weight == 0.0) return;
  const double lowest = *std::min_element(base.begin(), base.end());
  double unit = lowest;
  if (lowest == 0.0) {
    unit = kNever;
    for (const double value : base) {
      if (value > 0.0) unit = std::min(unit, value);
    }
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(unit) || unit == 0.0) {
      sums[i] += values[i] == lowest ? weight : kNever;
    } else {
      sums[i] += weight * (values[i] / unit + (lowest == 0.0 ? 1.0 : 0.0));
    }
  }
}

}  // namespace

size_t least(std::span<const PoolOption> options, const std::vector<double>& values) {
  const double best_value = *std::min_element(values.begin(), values.end());
  size_t best = options.size();
  for (size_t i = 0; i < options.size(); ++i) {
    if (values[i] > best_value && !(values[i] - best_value <= kEqual * std::abs(best_value))) {
      continue;
    }
    if (best == options.size() || options[i].done_after_s() < options[best].done_after_s()) {
      best = i;
    }
  }
  return best;
}

std::vector<double> Fastest::values(std::span<const PoolOption> options) const {
  return each(options, [](const PoolOption& o) { return o.done_after_s(); });
}

size_t Local::choose(std::span<const PoolOption> options) const {
  return least(options, each(options, [](const PoolOption& o) { return o.from_home_s; }));
}

std::vector<double> Greenest::values(std::span<const PoolOption> options) const {
  return each(options, [](const PoolOption& o) { return o.carbon_g; });
}

std::vector<double> Cheapest::values(std::span<const PoolOption> options) const {
  return each(options, [this](const PoolOption& o) { return cost_usd(o, idle_price_, true); });
}

// ── Weighted ─────────────────────────────────────────────────────────────────────────────────────

Weighted::Weighted(const base::Params& params, Terms terms)
    : ByValue(terms),
      cost_(params.get("cost")),
      carbon_(params.get("carbon")),
      latency_(params.get("latency")),
      power_(params.get("power")),
      idle_price_{params.get("idle-price")} {}

std::string Weighted::broken_rule(const base::Params& params) {
  for (const char* name : {"cost", "carbon", "latency", "power"}) {
    if (params.get(name) > 0.0) return {};
  }
  return "all weights are 0, so there is nothing to choose by; give cost, carbon, latency or power "
         "a weight above 0";
}

std::vector<double> Weighted::sums(std::span<const PoolOption> options, bool waits) const {
  std::vector<double> sums(options.size());
  const auto add = [&](double weight, const std::vector<double>& values) {
    add_term(weight, values, values, sums);
  };
  add_term(cost_, each(options, [&](const auto& o) { return cost_usd(o, idle_price_, waits); }),
           each(options, [&](const auto& o) { return cost_usd(o, idle_price_, false); }), sums);
  add(carbon_, each(options, [](const PoolOption& o) { return o.carbon_g; }));
  add(latency_, each(options, [](const PoolOption& o) { return o.from_data_s; }));
  add(power_, each(options, [](const PoolOption& o) { return o.power_share; }));
  return sums;
}

namespace {

// The options of a job that is left over: the free chips of each pool are taken, by jobs as long.
std::vector<PoolOption> when_full(std::vector<PoolOption> options) {
  for (PoolOption& option : options) {
    option.backlog_chip_s += option.free_chips * option.run_time_s;
    option.room_now = false;
  }
  return options;
}

// What a batch has taken of the pools so far.
struct Taken {
  std::map<std::int32_t, double> chips, chip_s;  // by pool; chips of those that start at once
  void add(const PoolOption& option, bool at_once) {
    if (at_once) chips[option.pool] += option.chips;
    chip_s[option.pool] += option.chips * option.run_time_s;
  }
};

// A piece of a batch as an assignment to pools; `site_of` numbers these.
AssignmentProblem problem_of(const Weighted& broker, std::span<const std::vector<PoolOption>> jobs,
                             const std::map<std::int32_t, size_t>& site_of, Taken& taken) {
  AssignmentProblem problem;
  problem.capacities.assign(site_of.size(), std::numeric_limits<std::int64_t>::max());
  for (const auto& options : jobs) {
    const double chips = std::max(options.front().chips, 1.0);
    const std::vector<double> now = broker.sums(options, false);
    const std::vector<double> later = broker.sums(when_full(options), true);
    problem.sizes.push_back(static_cast<std::int64_t>(chips));
    problem.costs.emplace_back(site_of.size(), kNever);
    for (size_t i = 0; i < options.size(); ++i) {
      const size_t site = site_of.at(options[i].pool);
      problem.costs.back()[site] = chips * now[i];
      const double free = std::max(options[i].free_chips - taken.chips[options[i].pool], 0.0);
      problem.capacities[site] =
          std::min(problem.capacities[site], static_cast<std::int64_t>(std::min(free, kMostChips)));
    }
    // Of equal costs the one at once. Without a finite sum anywhere, any place is as good.
    const double least_later = *std::min_element(later.begin(), later.end());
    problem.outside.push_back(std::isfinite(least_later) ? chips * least_later * (1.0 + kLater)
                                                         : 0.0);
  }
  return problem;
}

std::map<std::int32_t, size_t> number_pools(std::span<const std::vector<PoolOption>> jobs) {
  std::map<std::int32_t, size_t> site_of;
  for (const auto& options : jobs) {
    for (const PoolOption& option : options) site_of.emplace(option.pool, 0);
  }
  size_t next = 0;
  for (auto& [pool, site] : site_of) site = next++;
  return site_of;
}

}  // namespace

BatchChoice Weighted::choose_together(std::span<const std::vector<PoolOption>> jobs) const {
  const std::map<std::int32_t, size_t> site_of = number_pools(jobs);
  Taken taken;
  BatchChoice batch;
  for (size_t first = 0; first < jobs.size(); first += kBatch) {
    const auto piece = jobs.subspan(first, std::min(kBatch, jobs.size() - first));
    const Assignment assignment = assign(problem_of(*this, piece, site_of, taken));
    batch.cost += assignment.cost;
    batch.bound += assignment.bound;
    std::vector<size_t> left;
    for (size_t job = 0; job < piece.size(); ++job) {
      batch.options.push_back(0);
      if (assignment.site[job] == Assignment::kOutside) left.push_back(job);
      for (size_t i = 0; i < piece[job].size(); ++i) {
        if (static_cast<int>(site_of.at(piece[job][i].pool)) != assignment.site[job]) continue;
        batch.options.back() = i;
        taken.add(piece[job][i], true);
      }
    }
    for (const size_t job : left) {
      std::vector<PoolOption> options = piece[job];
      for (PoolOption& option : options) {
        option.backlog_chip_s += taken.chip_s[option.pool];
        option.room_now &= option.chips <= option.free_chips - taken.chips[option.pool];
      }
      const size_t chosen = choose(options);
      batch.options[first + job] = chosen;
      taken.add(options[chosen], options[chosen].room_now);
    }
  }
  return batch;
}

}  // namespace busbar::scheduling
