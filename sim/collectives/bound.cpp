#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/collectives/algorithm.h"
#include "sim/topology/paths.h"
#include "sim/topology/wiring_network.h"

namespace busbar::collectives {
namespace {

// Bytes that must cross, in its busier direction, the border of a set of `inside` of `n` ranks.
double crossing(Operation operation, double bytes, double inside, double n) {
  const double outside = n - inside;
  switch (operation) {
    case Operation::kAllReduce:
    case Operation::kBroadcast:
      return bytes;
    case Operation::kReduceScatter:
    case Operation::kAllGather:
      return bytes * std::max(inside, outside) / n;
    case Operation::kAllToAll:
      return bytes * inside * outside / n;
    case Operation::kSendRecv:
      break;
  }
  return inside == 1.0 ? bytes : 0.0;
}

// Bytes that all ranks (or groups of them) together must send where nothing but them adds up.
double volume(Operation operation, double bytes, double n) {
  switch (operation) {
    case Operation::kAllReduce:
      return 2.0 * (n - 1.0) * bytes;
    case Operation::kReduceScatter:
    case Operation::kAllGather:
    case Operation::kAllToAll:
    case Operation::kBroadcast:
      return (n - 1.0) * bytes;
    case Operation::kSendRecv:
      break;
  }
  return bytes;
}

double torus_s(Operation operation, double bytes, const topology::ScaleUp& inside) {
  const double n = inside.chips();
  double corner = 0.0, all = 0.0, most = 0.0;
  for (const topology::Axis& axis : inside.axes) {
    const double k = axis.extent, cable = axis.cable.value;
    if (axis.extent < 2) continue;
    corner += cable * (axis.wraps ? 2.0 : 1.0);
    all += cable * 2.0 * n * (axis.wraps ? 1.0 : (k - 1.0) / k);
    // Cut across the middle of the axis.
    const double low = std::floor(k / 2.0) * n / k;
    const double cut = cable * n / k * (axis.wraps ? 2.0 : 1.0);
    // A twist joins the middle by the cables of other axes too.
    if (!inside.twisted) most = std::max(most, crossing(operation, bytes, low, n) / cut);
  }
  most = std::max(most, crossing(operation, bytes, 1.0, n) / corner);
  if (inside.twisted && operation == Operation::kAllToAll) {
    // Each byte takes the cables of a shortest path at least.
    std::vector<int> chips(static_cast<size_t>(inside.chips()));
    std::iota(chips.begin(), chips.end(), 0);
    const auto hops = topology::distances(topology::network_of(inside), {0}, chips);
    most = std::max(most, hops.mean_hops * volume(operation, bytes, n) / all);
  }
  return std::max(most, volume(operation, bytes, n) / all);
}

double switch_s(Operation operation, double bytes, const topology::ScaleUp& inside) {
  const double n = inside.ports, port = inside.port.value;
  double most = crossing(operation, bytes, 1.0, n) / port;
  const double alone = volume(operation, bytes, n) / (n * port);
  if (operation == Operation::kSendRecv) return most;
  if (!inside.in_network_reduction) return std::max(most, alone);
  if (operation == Operation::kAllReduce) {
    most = std::max(most, std::min(alone, bytes * (1.0 + 1.0 / n) / port));
  }
  return most;
}

// What leaves a group, or a switch group of a tier, over its NICs.
double fabric_s(const Task& task) {
  const topology::ScaleOut& between = task.wiring.between;
  const double p = task.wiring.inside.chips(), groups = between.groups, n = p * groups;
  const double bytes = task.size.value;
  const bool adds_up = task.wiring.inside.in_network_reduction;
  // Of two neighbours, send-recv stays inside their group.
  if (task.operation == Operation::kSendRecv) {
    return bytes / (p > 1.0 ? task.wiring.inside.chip_bandwidth() : between.nic).value;
  }
  double most = crossing(task.operation, bytes, p, n) / (p * between.nic.value);
  // Through one chip, its scale-up links and its NICs together, and through all of them.
  const double chip =
      between.nic.value + (p > 1.0 ? task.wiring.inside.chip_bandwidth().value : 0.0);
  most = std::max(most, crossing(task.operation, bytes, 1.0, n) / chip);
  if (!adds_up) most = std::max(most, volume(task.operation, bytes, n) / (n * chip));
  if (!adds_up && task.operation != Operation::kAllToAll) {
    most = std::max(most, volume(task.operation, bytes, groups) / (n * between.nic.value));
  }
  double oversubscription = 1.0, below = 1.0;
  for (const topology::Tier& tier : between.tiers) {
    if (below == 0.0 || below >= groups) break;
    oversubscription *= tier.oversubscription;
    most = std::max(most, crossing(task.operation, bytes, below * p, n) /
                              (below * p * between.nic.value / oversubscription));
    below = tier.groups;
  }
  return most;
}

}  // namespace

base::Seconds bandwidth_bound(const Task& task) {
  const topology::Wiring& wiring = task.wiring;
  const double bytes = task.size.value;
  double most = 0.0;
  if (wiring.sites > 1) {
    const double sites = wiring.sites, n = wiring.chips();
    const double each = (sites - 1.0) * wiring.wan.value;  // to all other sites
    most = crossing(task.operation, bytes, n / sites, n) / each;
    if (task.operation != Operation::kAllToAll && task.operation != Operation::kSendRecv) {
      most = std::max(most, volume(task.operation, bytes, sites) / (sites * each));
    }
    return base::Seconds{most};
  }
  if (wiring.between.groups > 1) return base::Seconds{fabric_s(task)};
  if (wiring.chips() < 2) return {};
  const bool torus = wiring.inside.kind == model::DomainTopology::kTorus;
  return base::Seconds{torus ? torus_s(task.operation, bytes, wiring.inside)
                             : switch_s(task.operation, bytes, wiring.inside)};
}

}  // namespace busbar::collectives
