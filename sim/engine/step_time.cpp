#include "sim/engine/step_time.h"

#include <algorithm>
#include <cmath>

namespace busbar::engine {
namespace {

constexpr double kLeast_Bps = 1e-3;  // a share of nothing still has a step time
constexpr double kSame = 1e-9;       // relative
constexpr double kMoved = 1e-7;      // relative, of a mean

// Whether a smooth path holds its job up: it gets less than it asks for.
bool holds_up(const PathLoad& load) { return load.rate_Bps < load.demand_Bps * (1.0 - kSame); }

double sending_s(const PathLoad& load) {
  return load.bytes_per_step / std::max(load.rate_Bps, kLeast_Bps);
}

// The bursts of a step, at the rates they have while they last.
double bursts_s(std::span<const PathLoad> loads) {
  double longest_s[2] = {};
  for (const PathLoad& load : loads) {
    if (load.sending != Sending::kBursty) continue;
    double& longest = longest_s[static_cast<size_t>(load.purpose)];
    longest = std::max(longest, load.bytes_per_step / std::max(load.burst_Bps, kLeast_Bps));
  }
  return longest_s[0] + longest_s[1];
}

}  // namespace

double step_time(double compute_s, double latency_s, std::span<const PathLoad> loads) {
  double step_s = compute_s;
  for (const PathLoad& load : loads) {
    if (load.sending == Sending::kSmooth) {
      step_s = std::max(step_s, sending_s(load) + load.wait_s);
    }
  }
  step_s += latency_s + bursts_s(loads);
  // A burst whose mean share is cut too has to wait for it.
  for (const PathLoad& load : loads) {
    if (load.sending == Sending::kBursty && load.rate_Bps < load.offered_Bps * (1.0 - kSame)) {
      step_s = std::max(step_s, sending_s(load));
    }
  }
  return step_s;
}

double demand_of(double compute_s, double latency_s, std::span<const PathLoad> loads,
                 size_t which) {
  const PathLoad& own = loads[which];
  double window_s = compute_s;
  for (size_t i = 0; i < loads.size(); ++i) {
    if (i == which || loads[i].sending != Sending::kSmooth) continue;
    window_s = std::max(window_s, loads[i].wait_s);
    if (holds_up(loads[i])) window_s = std::max(window_s, sending_s(loads[i]) + loads[i].wait_s);
  }
  double demand_Bps = 0.0;
  if (own.sending == Sending::kSmooth) {
    const double left_s = window_s - own.wait_s;
    demand_Bps = left_s > 0.0 ? own.bytes_per_step / left_s : own.most_Bps;
  } else {
    demand_Bps = own.bytes_per_step / (window_s + latency_s + bursts_s(loads));
  }
  return std::clamp(demand_Bps, kLeast_Bps, own.most_Bps);
}

void MeanLoads::add(std::int32_t flow, std::span<const std::int32_t> path, double mean_Bps) {
  const auto f = static_cast<size_t>(flow);
  if (f >= flows_.size()) flows_.resize(f + 1);
  flows_[f] = {{path.begin(), path.end()}, 0.0};
  for (const std::int32_t link : path) on_link_[static_cast<size_t>(link)].push_back(flow);
  set(flow, mean_Bps);
}

void MeanLoads::remove(std::int32_t flow) {
  set(flow, 0.0);
  for (const std::int32_t link : flows_[static_cast<size_t>(flow)].path) {
    std::erase(on_link_[static_cast<size_t>(link)], flow);
  }
  flows_[static_cast<size_t>(flow)] = {};
}

void MeanLoads::set(std::int32_t flow, double mean_Bps) {
  Flow& f = flows_[static_cast<size_t>(flow)];
  for (const std::int32_t link : f.path) {
    const auto l = static_cast<size_t>(link);
    sum_Bps_[l] += mean_Bps - f.mean_Bps;
    top_Bps_[l] = std::max(top_Bps_[l], mean_Bps);
    if (std::abs(mean_Bps - f.mean_Bps) > kMoved * mean_Bps) ++changes_[l];
  }
  f.mean_Bps = mean_Bps;
}

void MeanLoads::sum_up() {
  for (size_t l = 0; l < on_link_.size(); ++l) {
    sum_Bps_[l] = top_Bps_[l] = 0.0;
    for (const std::int32_t flow : on_link_[l]) {
      const double mean_Bps = flows_[static_cast<size_t>(flow)].mean_Bps;
      sum_Bps_[l] += mean_Bps;
      top_Bps_[l] = std::max(top_Bps_[l], mean_Bps);
    }
  }
}

std::uint64_t MeanLoads::changes(std::int32_t flow) const {
  std::uint64_t sum = 0;
  for (const std::int32_t link : flows_[static_cast<size_t>(flow)].path) {
    sum += changes_[static_cast<size_t>(link)];
  }
  return sum;
}

double MeanLoads::level(double capacity_Bps, size_t link, std::int32_t flow) const {
  const double own_Bps = flows_[static_cast<size_t>(flow)].mean_Bps;
  double level_Bps = capacity_Bps - (sum_Bps_[link] - own_Bps);
  // Others above the level are cut to it: those below keep theirs, the rest share equally.
  double largest_Bps = top_Bps_[link];
  while (level_Bps < largest_Bps) {
    double kept_Bps = 0.0, next_Bps = 0.0, equal = 1.0;
    for (const std::int32_t other : on_link_[link]) {
      if (other == flow) continue;
      const double mean_Bps = flows_[static_cast<size_t>(other)].mean_Bps;
      if (mean_Bps >= largest_Bps) {
        equal += 1.0;
      } else {
        kept_Bps += mean_Bps;
        next_Bps = std::max(next_Bps, mean_Bps);
      }
    }
    level_Bps = (capacity_Bps - kept_Bps) / equal;
    largest_Bps = next_Bps;
  }
  return level_Bps;
}

double MeanLoads::burst_rate(std::span<const double> capacity_Bps, std::int32_t flow) const {
  double rate_Bps = std::numeric_limits<double>::infinity();
  for (const std::int32_t link : flows_[static_cast<size_t>(flow)].path) {
    const auto l = static_cast<size_t>(link);
    rate_Bps = std::min(rate_Bps, level(capacity_Bps[l], l, flow));
  }
  return std::max(rate_Bps, kLeast_Bps);
}

}  // namespace busbar::engine
