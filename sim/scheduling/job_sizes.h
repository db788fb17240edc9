/// Sizes of an elastic job in one pool, and what it makes of each.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace busbar::scheduling {

/// One size. *Goodput* is throughput times statistical efficiency: tokens per second that count
/// towards the job's target.
struct JobSize {
  std::int64_t chips = 0;
  double goodput = 0.0;         // tokens/s, without shared links
  double watts_per_chip = 0.0;  // that a busy chip adds to the idle site's IT power
  double setup_s = 0.0;         // of a change to this size: new processes and communicators
  int slices = 1;               // of it, each in one pod
};

/// All sizes at which a job is feasible in a pool. Equal jobs share one table.
struct JobSizes {
  std::vector<JobSize> sizes;  // by chips, at least one
  size_t asked = 0;            // the size that the job asks for
  double move_chip_s = 0.0;    // its state over the NIC bandwidth of one chip

  /// Seconds that a job stands still when it changes its size: the new processes start, and its
  /// whole state moves once, from memory to memory, over the NICs of the smaller of both sizes.
  double reshard_s(size_t from, size_t to) const {
    const auto fewest = static_cast<double>(std::min(sizes[from].chips, sizes[to].chips));
    return sizes[to].setup_s + move_chip_s / fewest;
  }
  /// Index of a size; that of none: the number of sizes.
  size_t index_of(std::int64_t chips) const {
    const auto at = std::find_if(sizes.begin(), sizes.end(),
                                 [&](const JobSize& size) { return size.chips == chips; });
    return static_cast<size_t>(at - sizes.begin());
  }
};

}  // namespace busbar::scheduling
