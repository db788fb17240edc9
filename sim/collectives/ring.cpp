#include "sim/collectives/ring.h"

namespace busbar::collectives {

using base::Bytes;
using base::BytesPerSecond;
using base::Seconds;

namespace {

Seconds transfer(Bytes size, BytesPerSecond bandwidth) {
  return Seconds{size.value / bandwidth.value};
}

}  // namespace

Seconds ring_all_reduce(Bytes size, double ranks, BytesPerSecond bandwidth, Seconds latency) {
  if (ranks <= 1.0) return {};
  return transfer(size, bandwidth) * (2.0 * (ranks - 1.0) / ranks) +
         latency * (2.0 * (ranks - 1.0));
}

Seconds hierarchical_all_reduce(Bytes size, double ranks_in_domain, double domains,
                                BytesPerSecond inside, BytesPerSecond per_rank_out,
                                Seconds latency_inside, Seconds latency_outside) {
  const Seconds within = ring_all_reduce(size, ranks_in_domain, inside, latency_inside);
  if (domains <= 1.0) return within;
  // After the reduce-scatter each rank takes its slice around the ring of domains.
  return within + ring_all_reduce(size / ranks_in_domain, domains, per_rank_out, latency_outside);
}

BytesPerSecond rank_bandwidth(const model::Domain& domain) { return domain.bandwidth_per_chip(); }

}  // namespace busbar::collectives
