/// Closed-form times of ring collectives. See sim/doc/models/collectives.md.
#pragma once

#include "sim/model/platform.h"

namespace busbar::collectives {

/// Time of an all-reduce of `size` bytes over `ranks` by a ring: reduce-scatter and all-gather,
/// 2 (n-1)/n of the bytes over one rank's bandwidth and 2 (n-1) latencies. Zero for one rank.
/// Source: Thakur, Rabenseifner, Gropp, Int. J. High Perf. Comp. Appl. 19(1), 2005.
base::Seconds ring_all_reduce(base::Bytes size, double ranks, base::BytesPerSecond bandwidth,
                              base::Seconds latency);

/// Hierarchical all-reduce of a gradient that each of `domains` groups of `ranks_in_domain` holds:
/// reduce-scatter inside, ring among the domains with all their ranks' NICs, all-gather inside.
base::Seconds hierarchical_all_reduce(base::Bytes size, double ranks_in_domain, double domains,
                                      base::BytesPerSecond inside,
                                      base::BytesPerSecond per_rank_out,
                                      base::Seconds latency_inside, base::Seconds latency_outside);

/// All chips' links of a torus work on one all-reduce (a ring over each axis and direction), and so
/// do those of a switched chip: the bandwidth of one rank is that of all its links.
base::BytesPerSecond rank_bandwidth(const model::Domain& domain);

}  // namespace busbar::collectives
