/// What a collective does to the links of a slice, step by step: the one plan that the closed form
/// and SimGrid's flows share. See sim/doc/models/collectives.md.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/quantity.h"

namespace busbar::collectives {

/// Sizes are those of NCCL's tests: the vector of one rank for all-reduce, broadcast and send-recv,
/// the whole result of an all-gather, the whole input of a rank for reduce-scatter and all-to-all.
enum class Operation {
  kAllReduce,
  kReduceScatter,
  kAllGather,
  kAllToAll,
  kBroadcast,
  kSendRecv,
};
inline constexpr std::array<std::string_view, 6> kOperationNames = {
    "all-reduce", "reduce-scatter", "all-gather", "all-to-all", "broadcast", "send-recv"};
std::string_view name_of(Operation operation);

/// Bus bandwidth over algorithmic bandwidth (size over time) of `ranks`, as NCCL's tests define it.
double bus_factor(Operation operation, double ranks);

/// One link, one direction. Where symmetry is folded it stands for many equal ones; where several
/// equal users share a link, each of them is given its part as a link of its own.
struct Link {
  std::string group;  // what its load is reported under: `x+`, `port out`, `nic in`, …
  double capacity_Bps = 0.0;
  double stands_for = 1.0;
};

/// Bytes over links in sequence, each at most once, after a latency.
struct Transfer {
  std::vector<std::int32_t> path;
  double bytes = 0.0;
  double latency_s = 0.0;
};

struct Step;
/// Steps one after the other.
using Chain = std::vector<Step>;

/// A round of transfers that start together, or chains side by side; ends with the last of them.
/// Done `repeat` times.
struct Step {
  std::vector<Transfer> transfers;
  std::vector<Chain> chains;
  std::int64_t repeat = 1;
};

struct Plan {
  std::string algorithm;
  double startup_s = 0.0;  // before the first step
  std::vector<Link> links;
  Chain steps;
  bool folded = true;
  /// Multiplies the speed of all links.
  void scale_links(double factor);
};

/// Seconds that a plan takes, links shared max-min fairly. Where no two chains share a link and the
/// transfers of a round have one bottleneck, this is the sum of latencies and bytes over bandwidth;
/// elsewhere the shares are followed from one end of a transfer to the next.
base::Seconds closed_form(const Plan& plan);

/// Bytes over each link, all steps.
std::vector<double> bytes_by_link(const Plan& plan);

/// By group of links: the share of the time that its busiest link is in use.
std::map<std::string, double> load_by_group(const Plan& plan, base::Seconds time);

/// A step of one round.
Step round_of(std::vector<Transfer> transfers, std::int64_t repeat = 1);
/// A step of chains side by side.
Step side_by_side(std::vector<Chain> chains);
void append(Chain& chain, const Chain& more);

}  // namespace busbar::collectives
