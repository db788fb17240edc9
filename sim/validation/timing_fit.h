/// Fits the time of collectives among a number of chips on measured ones. See
/// sim/doc/models/collectives.md.
#pragma once

#include "sim/validation/kernel_fit.h"

namespace busbar::validation {

/// One measured collective inside a scale-up network.
struct TimingPoint {
  std::string system, operation;  // operation as Busbar names it
  std::string numbers;            // type: `half`, `int8`, …
  int ranks = 0;
  double bytes = 0.0;  // as NCCL's tests count them
  double time_s = 0.0;
};

/// Reads a CSV with the columns system, op_name, dtype, num_gpus, bytes, latency_us, one point a
/// row in order; a row that is none has no operation.
std::vector<TimingPoint> read_timings(const std::string& path, base::Diagnostics& problems);

/// The lines whose minimum is nearest to the points, in logarithms: as many as the sizes can tell
/// apart, three at most.
Fitted<model::CollectiveTiming> fit_timing(const std::vector<TimingPoint>& points);

/// Adds timings by chip, operation and number of ranks; all-reduce and reduce-scatter of 8-bit
/// integers, which switches do not add up, have their own.
void fit_timings(const std::vector<TimingPoint>& points, const model::Platform& platform,
                 KernelTable& table);

/// All-gathers of Ironwood among four chips, from a CSV with the columns system, test, x, value:
/// test `all_gather_f32`, x 32-bit numbers on each of the two devices of a chip, GB/s that a chip
/// gets.
std::vector<TimingPoint> read_torus_gathers(const std::string& path, base::Diagnostics& problems);

}  // namespace busbar::validation
