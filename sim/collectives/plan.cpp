#include "sim/collectives/plan.h"

#include <algorithm>

namespace busbar::collectives {
namespace {

void add_bytes(const Chain& chain, double times, std::vector<double>& bytes) {
  for (const Step& step : chain) {
    const double repeats = times * static_cast<double>(step.repeat);
    for (const Transfer& t : step.transfers) {
      for (const std::int32_t link : t.path) bytes[static_cast<size_t>(link)] += repeats * t.bytes;
    }
    for (const Chain& side : step.chains) add_bytes(side, repeats, bytes);
  }
}

}  // namespace

std::string_view name_of(Operation operation) {
  return kOperationNames[static_cast<size_t>(operation)];
}

double bus_factor(Operation operation, double ranks) {
  switch (operation) {
    case Operation::kAllReduce:
      return 2.0 * (ranks - 1.0) / ranks;
    case Operation::kReduceScatter:
    case Operation::kAllGather:
    case Operation::kAllToAll:
      return (ranks - 1.0) / ranks;
    case Operation::kBroadcast:
    case Operation::kSendRecv:
      break;
  }
  return 1.0;
}

void Plan::scale_links(double factor) {
  for (Link& link : links) link.capacity_Bps *= factor;
}

std::vector<double> bytes_by_link(const Plan& plan) {
  std::vector<double> bytes(plan.links.size(), 0.0);
  add_bytes(plan.steps, 1.0, bytes);
  return bytes;
}

std::map<std::string, double> load_by_group(const Plan& plan, base::Seconds time) {
  std::map<std::string, double> load;
  const std::vector<double> bytes = bytes_by_link(plan);
  for (size_t l = 0; l < plan.links.size(); ++l) {
    double& most = load[plan.links[l].group];
    most = std::max(most, bytes[l] / (plan.links[l].capacity_Bps * time.value));
  }
  return load;
}

Step round_of(std::vector<Transfer> transfers, std::int64_t repeat) {
  return {std::move(transfers), {}, repeat};
}

Step side_by_side(std::vector<Chain> chains) { return {{}, std::move(chains), 1}; }

void append(Chain& chain, const Chain& more) {
  chain.insert(chain.end(), more.begin(), more.end());
}

}  // namespace busbar::collectives
