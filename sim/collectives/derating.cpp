#include "sim/collectives/derating.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/collectives/curve.h"

namespace busbar::collectives {
namespace {

// Latency of one more step of a ring by protocol (LL, LL128, Simple): ROCm/rccl tuning constants
// for links of NVLink's class. Lines stand in that order.
constexpr double kStep_s[] = {0.8e-6, 2.2e-6, 3.6e-6};
// Headers and flow control of RoCE and InfiniBand leave some 95 % of a NIC. Assumed.
constexpr double kNicShare = 0.95;
// What a library that nobody has measured reaches of links, and its startup: the middle of what
// NCCL reaches on NVLink. Assumed.
constexpr double kUnmeasuredShare = 0.85;
constexpr double kUnmeasuredStartup_s = 15e-6;
// A reduction adds each byte that arrives to one of its own: two reads and a write of the chip's
// memory. That no link works meanwhile is assumed: nothing published tells.
constexpr double kPassesOfSum = 3.0;
// What makes another chip's measurements less fit, in an order of importance: bandwidth first.
constexpr double kOtherBandwidth = 100.0, kOtherSwitch = 50.0, kFewerRanks = 1.0, kOtherChip = 0.5,
                 kOtherSize = 1e-3;

bool is_inside(const Link& link) {
  return link.group.starts_with("port") || link.group.size() == 2;  // x+, y-, …
}

double passes_of(Operation operation) { return operation == Operation::kAllReduce ? 2.0 : 1.0; }

// Bytes that a rank sends.
double wire(Operation operation, double bytes, double ranks) {
  if (operation == Operation::kBroadcast || operation == Operation::kSendRecv) return bytes;
  return passes_of(operation) * wire_bytes(bytes, ranks);
}

bool reduces(Operation operation) {
  return operation == Operation::kAllReduce || operation == Operation::kReduceScatter;
}

// What stands in for an operation that nobody times.
Operation timed_as(Operation operation) {
  if (operation == Operation::kBroadcast) return Operation::kAllGather;
  return operation == Operation::kSendRecv ? Operation::kAllToAll : operation;
}

void without_latency(Chain& chain, bool inside_only, const std::vector<Link>& links) {
  for (Step& step : chain) {
    for (Transfer& t : step.transfers) {
      const bool inside = std::all_of(t.path.begin(), t.path.end(), [&](std::int32_t l) {
        return is_inside(links[static_cast<size_t>(l)]);
      });
      if (inside || !inside_only) t.latency_s = 0.0;
    }
    for (Chain& side : step.chains) without_latency(side, inside_only, links);
  }
}

// Seconds that the busiest NIC sends, and that one receives, at its full rate.
double nic_s(const Plan& plan) {
  const std::vector<double> bytes = bytes_by_link(plan);
  double out = 0.0, in = 0.0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const Link& link = plan.links[i];
    if (link.group == "nic out") out = std::max(out, bytes[i] / link.capacity_Bps);
    if (link.group == "nic in") in = std::max(in, bytes[i] / link.capacity_Bps);
  }
  return out + in;
}

const model::ProtocolLine& fastest_line(const model::CollectiveTiming& timing, double wire_bytes) {
  return *std::min_element(timing.lines.begin(), timing.lines.end(),
                           [&](const auto& a, const auto& b) {
                             return a.startup.value + wire_bytes / a.bandwidth.value <
                                    b.startup.value + wire_bytes / b.bandwidth.value;
                           });
}

Operation operation_named(std::string_view name) {
  for (size_t i = 0; i < kOperationNames.size(); ++i) {
    if (kOperationNames[i] == name) return static_cast<Operation>(i);
  }
  return Operation::kAllReduce;
}

}  // namespace

void apply(const Derating& derating, Plan& plan) {
  plan.startup_s += derating.startup_s + derating.sums_s;
  if (derating.copies > 0.0) plan.startup_s += derating.copies * nic_s(plan);
  if (!derating.hops) without_latency(plan.steps, true, plan.links);
  for (Link& link : plan.links) {
    if (is_inside(link)) {
      link.capacity_Bps *= derating.links;
    } else if (link.group != "wan") {
      link.capacity_Bps *= derating.nics;
    }
  }
}

base::Seconds timing_of(const model::CollectiveTiming& timing, base::Bytes size) {
  const double x = wire(operation_named(timing.operation), size.value, timing.ranks);
  const model::ProtocolLine& line = fastest_line(timing, x);
  return line.startup + base::Seconds{x / line.bandwidth.value};
}

std::optional<model::CollectiveTiming> timing_for(const model::Efficiency& efficiency,
                                                  std::string_view operation, int ranks,
                                                  const std::string& numbers) {
  const auto among = [&](const std::string& type) {
    const model::CollectiveTiming* next = nullptr;
    const model::CollectiveTiming* largest = nullptr;
    for (const auto& t : efficiency.timings) {
      if (t.operation != operation || t.numbers != type) continue;
      if (t.ranks >= ranks && (next == nullptr || t.ranks < next->ranks)) next = &t;
      if (largest == nullptr || t.ranks > largest->ranks) largest = &t;
    }
    return next != nullptr ? next : largest;
  };
  const model::CollectiveTiming* found = numbers.empty() ? nullptr : among(numbers);
  if (found == nullptr) found = among("");
  if (found == nullptr) return {};
  model::CollectiveTiming timing = *found;
  const int further = ranks - timing.ranks;
  if (further > 0) {
    const double steps = passes_of(operation_named(operation)) * further;
    for (size_t i = 0; i < timing.lines.size(); ++i) {
      // A single line is the protocol of large messages.
      const size_t kind = timing.lines.size() == 1 ? 2 : std::min<size_t>(i, 2);
      timing.lines[i].startup += base::Seconds{steps * kStep_s[kind]};
    }
  }
  timing.ranks = ranks;
  return timing;
}

// The chip itself, or the vendor's with the same kind of links, the nearest bandwidth of a chip and
// then the nearest size of its domain. A chip that was measured on fewer ranks gives way to one
// with the same links that was measured on more.
std::optional<MeasuredDeratings::Source> MeasuredDeratings::source_of(const model::Domain& domain,
                                                                      int ranks) const {
  const auto chip_of = [&](const model::Domain& d) -> const model::Accelerator& {
    return platform_.accelerators[platform_.nodes[d.node].accelerator];
  };
  const model::Accelerator& chip = chip_of(domain);
  std::optional<Source> best;
  double best_distance = std::numeric_limits<double>::infinity();
  for (const model::Domain& other : platform_.domains) {
    const model::Accelerator& candidate = chip_of(other);
    if (candidate.vendor != chip.vendor || other.topology != domain.topology) continue;
    if (other.bandwidth_per_chip().value <= 0.0) continue;
    for (const model::Efficiency& e : platform_.efficiencies) {
      if (e.accelerator != candidate.name || e.timings.empty()) continue;
      int most = 0;
      for (const auto& t : e.timings) most = std::max(most, t.ranks);
      const double missing = std::log2(1.0 * std::max(ranks, most) / most);
      const double bandwidth =
          std::abs(std::log(other.bandwidth_per_chip().value / domain.bandwidth_per_chip().value));
      const double size = std::abs(std::log(1.0 * other.chips_installed / domain.chips_installed));
      double distance = kOtherBandwidth * bandwidth + kOtherSize * size + kFewerRanks * missing;
      if (other.in_network_reduction != domain.in_network_reduction) distance += kOtherSwitch;
      if (candidate.name != chip.name) distance += kOtherChip;
      if (distance >= best_distance) continue;
      best_distance = distance;
      best = Source{&e, &other};
    }
  }
  return best;
}

// Bandwidth time of what the measured chips did, in the best plan of their own wiring.
double MeasuredDeratings::reference_s(const Source& source, Operation operation, base::Bytes size,
                                      int ranks, bool in_network) const {
  const model::Domain& domain = *source.domain;
  Task task;
  task.operation = operation;
  task.size = size;
  topology::ScaleUp& inside = task.wiring.inside;
  inside.kind = domain.topology;
  if (domain.topology == model::DomainTopology::kSwitch) {
    inside.ports = ranks;
    inside.port = domain.bandwidth_per_chip();
    inside.in_network_reduction = domain.in_network_reduction && in_network;
  } else {
    for (const auto& shape : domain.sub_slices) {
      int chips = 1;
      for (const int extent : shape) chips *= extent;
      if (chips != ranks) continue;
      for (const int extent : shape) inside.axes.push_back({extent, false, domain.link_bandwidth});
      break;
    }
  }
  base::Diagnostics none;
  if (inside.chips() < 2) return 0.0;
  const auto plan = algorithms_.plan(task, "", none);
  return plan ? closed_form(*plan).value : 0.0;
}

std::optional<Plan> MeasuredDeratings::plan(const Task& task, const model::Domain& domain,
                                            const std::string& name, const std::string& numbers,
                                            Derating& derating, base::Diagnostics& problems) const {
  const topology::Wiring& wiring = task.wiring;
  const bool several = wiring.between.groups > 1;
  if (!name.empty() || !several || wiring.sites > 1) {
    auto plan = algorithms_.plan(task, name, problems);
    if (!plan) return {};
    derating = of(task, domain, plan->algorithm, numbers);
    apply(derating, *plan);
    return plan;
  }
  std::optional<Plan> best;
  double best_s = std::numeric_limits<double>::infinity();
  for (const std::string& fit : algorithms_.fit(task)) {
    if (fit == "hierarchical" && wiring.inside.in_network_reduction && wiring.between.groups > 2) {
      continue;
    }
    auto plan = algorithms_.plan(task, fit, problems);
    const Derating loss = of(task, domain, fit, numbers);
    apply(loss, *plan);
    const double time = closed_form(*plan).value;
    if (time >= best_s) continue;
    best_s = time;
    best = std::move(plan);
    derating = loss;
  }
  if (!best) return algorithms_.plan(task, "", problems);
  return best;
}

Derating MeasuredDeratings::of(const Task& task, const model::Domain& domain,
                               const std::string& algorithm, const std::string& numbers) const {
  Derating derating;
  derating.nics = task.wiring.between.groups > 1 ? kNicShare : 1.0;
  const model::Node& node = platform_.nodes[domain.node];
  if (node.nic && node.host_link.value > 0.0) {
    const double nics_Bps = platform_.nics[node.nic].bandwidth.value * node.nics;
    derating.copies = nics_Bps / node.accelerators / node.host_link.value;
  }
  const int ranks = task.wiring.inside.chips();
  const auto source = source_of(domain, ranks);
  const Operation operation = timed_as(task.operation);
  std::optional<model::CollectiveTiming> timing;
  if (source) timing = timing_for(*source->efficiency, name_of(operation), ranks, numbers);
  // Tori are measured on few chips: their share of the links holds for all.
  int measured = ranks;
  if (source && domain.topology == model::DomainTopology::kTorus) {
    for (const auto& t : source->efficiency->timings) {
      if (timing && t.operation != timing->operation) continue;
      timing = t;
      measured = t.ranks;
    }
  }
  if (!timing || ranks < 2) {
    derating.startup_s = kUnmeasuredStartup_s;
    derating.links = kUnmeasuredShare;
    return derating;
  }
  derating.from = source->efficiency->accelerator;
  const model::ProtocolLine line =
      fastest_line(*timing, wire(operation, task.size.value, measured));
  derating.startup_s = line.startup.value;
  derating.hops = domain.topology == model::DomainTopology::kTorus;
  if (reduces(operation) && !reduces(operation_named(timing->operation))) {
    derating.sums_s = kPassesOfSum * wire_bytes(task.size.value, ranks) /
                      platform_.accelerators[node.accelerator].memory_bandwidth.value;
  }
  // A ring does not add up in the switch: its share of the ports is that of a gather.
  const bool in_network = algorithm == "nvls" || algorithm == "hierarchical";
  Operation shared = operation_named(timing->operation);
  model::ProtocolLine by = line;
  if (domain.in_network_reduction && !in_network && shared == Operation::kAllReduce) {
    if (const auto gather = timing_for(*source->efficiency, "all-gather", ranks, "")) {
      shared = Operation::kAllGather;
      by = fastest_line(*gather, wire(shared, task.size.value, measured));
    }
  }
  const double x = wire(shared, task.size.value, measured);
  const double ideal = reference_s(*source, shared, task.size, measured, in_network);
  derating.links = std::min(1.0, ideal / (x / by.bandwidth.value));
  return derating;
}

}  // namespace busbar::collectives
