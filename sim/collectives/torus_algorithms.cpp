#include "sim/collectives/torus_algorithms.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/collectives/torus_net.h"
#include "sim/topology/paths.h"
#include "sim/topology/wiring_network.h"

namespace busbar::collectives {
namespace {

std::string needs_torus(const Task& task) {
  if (task.wiring.between.groups > 1 || task.wiring.sites > 1) return "it stays inside one slice";
  if (task.wiring.inside.kind != model::DomainTopology::kTorus) return "it needs a torus or mesh";
  return TorusNet(task).broken();
}

// What a part does on one axis: its chains, one a row and direction.
using Phase = std::vector<Chain>;

// A ring over all rows of an axis, each row sharing out `bytes`.
Phase ring_phase(TorusNet& net, int axis, double bytes) {
  const int n = net.extent(axis);
  Phase phase;
  for (const auto& row : net.rows(axis)) {
    if (!net.wraps(axis)) {
      phase.push_back({round_of(net.out_and_back(axis, row, bytes / n), n - 1)});
      continue;
    }
    for (const int direction : {1, -1}) {
      phase.push_back({round_of(net.around(axis, row, direction, bytes / 2.0 / n), n - 1)});
    }
  }
  return phase;
}

// A pipeline from one chip of a row to the others: half the bytes each way around where it wraps,
// else all of them down the line. Chunks go where latency and bandwidth balance.
Phase broadcast_phase(TorusNet& net, int axis, double bytes) {
  const int n = net.extent(axis);
  const bool wraps = net.wraps(axis);
  const double part = wraps ? bytes / 2.0 : bytes;
  const int hops = n - 1;
  const double wire_s = part / net.cable_rate(axis);
  const double ideal =
      net.hop_s() > 0.0 ? std::sqrt(wire_s * std::max(0, hops - 1) / net.hop_s()) : 1024.0;
  const auto chunks = static_cast<std::int64_t>(std::clamp(std::round(ideal), 1.0, 1024.0));
  const double chunk = part / static_cast<double>(chunks);
  Phase phase;
  for (const auto& row : net.rows(axis)) {
    for (const int direction : {1, -1}) {
      if (direction < 0 && !wraps) continue;
      std::vector<Transfer> round;
      if (wraps) {
        round = net.around(axis, row, direction, chunk);
      } else {
        std::vector<TorusNet::Hop> line;
        for (int i = 0; i + 1 < n; ++i) line.push_back({i, i + 1});
        round = net.straight(axis, row, line, chunk);
      }
      phase.push_back({round_of(std::move(round), chunks + hops - 1)});
    }
  }
  return phase;
}

Phase all_to_all_phase(TorusNet& net, int axis, double bytes) {
  const int n = net.extent(axis);
  const double block = bytes / n;
  Phase phase;
  for (const auto& row : net.rows(axis)) {
    if (!net.wraps(axis)) {
      std::vector<TorusNet::Hop> pairs;
      for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
          if (i != j) pairs.push_back({i, j});
        }
      }
      phase.push_back({round_of(net.straight(axis, row, pairs, block))});
      continue;
    }
    for (const int direction : {1, -1}) {
      Chain chain;
      for (int j = 1; j <= n / 2; ++j) {
        // Blocks for chips at least j away; those half-way around go half each way.
        const int whole = (n - 1) / 2 - j + 1;
        const double blocks = whole + (n % 2 == 0 ? 0.5 : 0.0);
        chain.push_back(round_of(net.around(axis, row, direction, blocks * block)));
      }
      phase.push_back(std::move(chain));
    }
  }
  return phase;
}

// Parts of the vector so that their first phases take equally long.
std::vector<double> cut(const TorusNet& net) {
  std::vector<double> parts;
  double sum = 0.0;
  for (const int axis : net.axes()) {
    const double n = net.extent(axis);
    parts.push_back(net.cable_rate(axis) * (net.wraps(axis) ? 2.0 : 1.0) * n / (n - 1.0));
    sum += parts.back();
  }
  for (double& part : parts) part /= sum;
  return parts;
}

// Of the vector, what each axis works on in each phase, so that the phases take as little as they
// can together. A part of the vector takes the axes in one order; there is a part for each order.
// Starts from the orders that go around the axes, all of which do for equal ones.
std::vector<std::vector<double>> ring_shares(const TorusNet& net) {
  const size_t axes = net.axes().size();
  std::vector<std::vector<size_t>> orders;
  std::vector<double> weights;
  std::vector<size_t> order(axes);
  std::iota(order.begin(), order.end(), size_t{0});
  const std::vector<double> parts = cut(net);
  do {
    bool around = true;
    for (size_t p = 1; p < axes; ++p) around = around && order[p] == (order[0] + p) % axes;
    orders.push_back(order);
    weights.push_back(around ? parts[order[0]] : 0.0);
  } while (std::next_permutation(order.begin(), order.end()));
  const auto shares_of = [&](const std::vector<double>& w) {
    std::vector<std::vector<double>> shares(axes, std::vector<double>(axes, 0.0));
    for (size_t o = 0; o < orders.size(); ++o) {
      double share = w[o];
      for (size_t phase = 0; phase < axes; ++phase) {
        shares[phase][orders[o][phase]] += share;
        share /= net.extent(net.axes()[orders[o][phase]]);
      }
    }
    return shares;
  };
  const auto cost = [&](const std::vector<double>& w) {
    double sum = 0.0;
    for (const auto& phase : shares_of(w)) {
      double most = 0.0;
      for (size_t a = 0; a < axes; ++a) {
        const int axis = net.axes()[a];
        const double n = net.extent(axis);
        most = std::max(
            most, phase[a] * (n - 1.0) / n / net.cable_rate(axis) / (net.wraps(axis) ? 2.0 : 1.0));
      }
      sum += most;
    }
    return sum;
  };
  // Moves weight from one order to another (or two others) as long as that helps.
  double best = cost(weights);
  for (double step = 0.1; step > 1e-4;) {
    bool better = false;
    for (size_t from = 0; from < weights.size(); ++from) {
      for (size_t a = 0; a < weights.size(); ++a) {
        for (size_t b = a; b < weights.size(); ++b) {
          std::vector<double> moved = weights;
          const double amount = std::min(step, weights[from]);
          moved[from] -= amount;
          moved[a] += amount / 2.0;
          moved[b] += amount / 2.0;
          const double now = cost(moved);
          if (now >= best * (1.0 - 1e-9)) continue;
          best = now;
          weights = std::move(moved);
          better = true;
        }
      }
    }
    if (!better) step /= 2.0;
  }
  return shares_of(weights);
}

// The axis of a part in a phase.
int axis_of(const TorusNet& net, size_t part, size_t phase) {
  return net.axes()[(part + phase) % net.axes().size()];
}

void add_phase(Chain& steps, std::vector<Chain> chains) {
  steps.push_back(side_by_side(std::move(chains)));
}

}  // namespace

std::string MultiRing::unfit(const Task& task) const {
  if (task.operation == Operation::kAllToAll || task.operation == Operation::kSendRecv) {
    return "it does all-reduce, reduce-scatter, all-gather and broadcast";
  }
  return needs_torus(task);
}

Plan MultiRing::plan(const Task& task) const {
  TorusNet net(task);
  Plan plan;
  plan.folded = task.folded;
  if (task.operation == Operation::kBroadcast) {
    const std::vector<double> parts = cut(net);
    for (size_t phase = 0; phase < parts.size(); ++phase) {
      std::vector<Chain> chains;
      for (size_t part = 0; part < parts.size(); ++part) {
        const double bytes = parts[part] * task.size.value;
        for (Chain& c : broadcast_phase(net, axis_of(net, part, phase), bytes)) {
          chains.push_back(std::move(c));
        }
      }
      add_phase(plan.steps, std::move(chains));
    }
    plan.links = net.take_links();
    return plan;
  }
  const auto shares = ring_shares(net);
  const auto add = [&](size_t phase) {
    std::vector<Chain> chains;
    for (size_t a = 0; a < shares[phase].size(); ++a) {
      const double bytes = shares[phase][a] * task.size.value;
      if (bytes <= 0.0) continue;
      for (Chain& c : ring_phase(net, net.axes()[a], bytes)) chains.push_back(std::move(c));
    }
    add_phase(plan.steps, std::move(chains));
  };
  if (task.operation != Operation::kAllGather) {
    for (size_t phase = 0; phase < shares.size(); ++phase) add(phase);
  }
  if (task.operation != Operation::kReduceScatter) {
    for (size_t phase = shares.size(); phase-- > 0;) add(phase);
  }
  plan.links = net.take_links();
  return plan;
}

std::string DimensionOrder::unfit(const Task& task) const {
  if (task.operation != Operation::kAllToAll) return "it does all-to-all";
  if (task.wiring.inside.twisted) return "a twisted torus has no axes to go around one by one";
  return needs_torus(task);
}

Plan DimensionOrder::plan(const Task& task) const {
  TorusNet net(task);
  Plan plan;
  plan.folded = task.folded;
  const size_t axes = net.axes().size();
  const double part = task.size.value / static_cast<double>(axes);
  for (size_t phase = 0; phase < axes; ++phase) {
    std::vector<Chain> chains;
    for (size_t p = 0; p < axes; ++p) {
      for (Chain& c : all_to_all_phase(net, axis_of(net, p, phase), part)) {
        chains.push_back(std::move(c));
      }
    }
    add_phase(plan.steps, std::move(chains));
  }
  plan.links = net.take_links();
  return plan;
}

std::string ShortestPaths::unfit(const Task& task) const {
  if (task.operation != Operation::kAllToAll) return "it does all-to-all";
  const std::string unfit = needs_torus(task);
  if (!unfit.empty()) return unfit;
  if (!task.wiring.inside.twisted) return "it is for twisted tori";
  return task.dead ? "it knows no way around a dead cable" : "";
}

// Folded, one chip's messages stand for all: what they load of all cables of a kind, the messages
// of all chips load of each.
Plan ShortestPaths::plan(const Task& task) const {
  const topology::ScaleUp& inside = task.wiring.inside;
  const topology::Network network = topology::network_of(inside);
  const int chips = inside.chips();
  std::vector<double> load(static_cast<size_t>(network.link_count()), 0.0);
  for (int chip = 0; chip < (task.folded ? 1 : chips); ++chip) {
    topology::add_load(network, chip, load);
  }
  const std::vector<int> hops = topology::hops_from(network, 0);
  const double latency_s = *std::max_element(hops.begin(), hops.end()) * inside.hop.value;
  Plan plan;
  plan.folded = task.folded;
  std::map<std::string, Transfer> folded;
  std::vector<Transfer> round;
  for (int link = 0; link < network.link_count(); ++link) {
    const topology::Cable& cable = network.cable_of(link);
    const std::string group = cable.layer + (link % 2 == 0 ? '+' : '-');
    const double bytes = load[static_cast<size_t>(link)] * task.size.value / chips;
    const auto found = folded.find(group);
    if (task.folded && found != folded.end()) {
      found->second.bytes += bytes;
      continue;
    }
    const auto number = static_cast<std::int32_t>(plan.links.size());
    plan.links.push_back({group, cable.capacity.value, task.folded ? 1.0 * chips : 1.0});
    const Transfer transfer{{number}, bytes, latency_s};
    if (task.folded) {
      folded[group] = transfer;
    } else {
      round.push_back(transfer);
    }
  }
  for (auto& [group, transfer] : folded) round.push_back(std::move(transfer));
  plan.steps.push_back(round_of(std::move(round)));
  return plan;
}

}  // namespace busbar::collectives
