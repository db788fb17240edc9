#include "sim/training/rank.h"

#include <algorithm>

#include "sim/collectives/curve.h"
#include "sim/compute/roofline.h"

namespace busbar::training {
namespace {

constexpr double kNicShare = 0.85;        // of a NIC that large transfers reach
constexpr double kTorusShare = 0.85;      // of a torus' links
constexpr double kOpenTorusShare = 0.75;  // of that again on a slice without wrap-around links

// A slice of a torus has wrap-around links only if it is the whole torus (or whole cubes of it).
bool wraps(const Slice& slice) {
  return slice.chips >= slice.domain->chips_installed && !slice.domain->wraps.empty() &&
         slice.domain->wraps.front();
}

model::CollectiveCurve curve_of(const model::Efficiency* kernels, std::string_view operation,
                                double link_rate) {
  if (kernels != nullptr) {
    const auto found = kernels->collectives.find(operation);
    if (found != kernels->collectives.end()) return found->second;
  }
  return collectives::unmeasured(base::BytesPerSecond{link_rate});
}

}  // namespace

Rank rank_of(const Slice& slice, std::string_view precision) {
  const double share = 1.0 / slice.ranks_per_chip;
  const model::Domain& domain = *slice.domain;
  Rank rank;
  rank.product = compute::product_rate(*slice.accelerator, slice.kernels, precision, share);
  rank.half = compute::product_rate(*slice.accelerator, slice.kernels, "bf16", share);
  rank.memory_bytes = slice.accelerator->memory.value * share;
  rank.memory_rate = slice.accelerator->memory_bandwidth.value * share;
  if (slice.stack != nullptr) {
    rank.style = slice.stack->style;
    rank.fused_attention = slice.stack->fused_attention;
    rank.overlaps = slice.stack->overlaps;
  }
  rank.eight_bit = compute::bytes_per_number(precision) < 2.0;
  rank.domain_ranks = slice.domain_chips() * slice.ranks_per_chip;
  rank.torus = domain.topology == model::DomainTopology::kTorus;
  rank.axes = rank.torus ? static_cast<double>(std::max<size_t>(1, domain.torus.size())) : 1.0;
  const double links = domain.bandwidth_per_chip().value * share;
  rank.link_rate =
      links * (rank.torus ? kTorusShare * (wraps(slice) ? 1.0 : kOpenTorusShare) : 0.85);
  if (slice.nic != nullptr && slice.node->accelerators > 0) {
    rank.nic_rate = slice.nic->bandwidth.value * slice.node->nics / slice.node->accelerators *
                    share * kNicShare;
  }
  rank.gather = curve_of(slice.kernels, "all-gather", links);
  rank.all_to_all = curve_of(slice.kernels, "all-to-all", links);
  return rank;
}

}  // namespace busbar::training
