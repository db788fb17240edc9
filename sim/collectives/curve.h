/// Time of a collective from its measured curve. See sim/doc/models/collectives.md.
#pragma once

#include "sim/model/efficiency.h"

namespace busbar::collectives {

/// Seconds to move `wire` bytes a rank: startup, bandwidth, and a square-root term for the sizes
/// between (which halves the error of startup and bandwidth alone on NCCL's curves).
double curve_s(const model::CollectiveCurve& curve, double wire);

/// Bytes that one of `ranks` sends in an all-gather or reduce-scatter whose whole result (or input)
/// has `bytes`, or in an all-to-all of `bytes` a rank. An all-reduce is both of the first.
double wire_bytes(double bytes, double ranks);

/// A curve for links without measurements: `bandwidth` at the usual share, and a usual startup.
model::CollectiveCurve unmeasured(base::BytesPerSecond bandwidth);

}  // namespace busbar::collectives
