/// When a job saves its state, what that costs and what a failure then loses.
///
/// Pure: a policy sees the job's mean time to failure and what storage can do, and answers with a
/// plan that holds until either changes.
#pragma once

#include <memory>

#include "sim/base/quantity.h"
#include "sim/base/registry.h"

namespace busbar::faults {

/// What is saved and where to.
struct CheckpointTask {
  base::Bytes size;                  // of the whole job's state
  base::BytesPerSecond write, read;  // of storage, for this job
  base::BytesPerSecond snapshot;     // of all chips together to their hosts' memory; 0: not said
  base::BytesPerSecond replica;      // of all hosts together to other hosts' memory; 0: not said
  base::Seconds mttf;                // of the job
};

/// A checkpoint plan. Work is done for `interval`, then the job stands still for `stall`; the copy
/// is safe `lag` after the stall began. A failure loses what was done since the last safe copy.
struct CheckpointPlan {
  base::Seconds interval;  // of work between checkpoints
  base::Seconds stall;
  base::Seconds lag;
  base::Seconds restore;  // reading it back
  /// Copies in memory are lost when what holds them fails too (a rack, a feed, a site): then the
  /// job falls back to storage, where a copy is kept every `fallback_interval` of work.
  bool in_memory = false;
  base::Seconds fallback_interval;
  base::Seconds fallback_restore;
  /// Bytes over time on storage, on average while the job runs.
  base::BytesPerSecond storage_traffic;
};

/// A rule for checkpoints.
class CheckpointPolicy {
 public:
  virtual ~CheckpointPolicy() = default;
  /// @throws nothing; a job that never fails gets an infinite interval from the rules that
  /// optimise.
  virtual CheckpointPlan plan(const CheckpointTask& task) const = 0;
};

/// First-order best interval of work between checkpoints that cost `stall` each:
/// sqrt(2 stall mttf). Source: Young, CACM 17(9), 1974.
base::Seconds young_interval(base::Seconds stall, base::Seconds mttf);

/// Higher-order estimate of the same: sqrt(2 d M) (1 + sqrt(d / 2M) / 3 + d / 18M) - d, and M where
/// d >= 2M. Source: Daly, Future Generation Computer Systems 22(3), 2006.
base::Seconds daly_interval(base::Seconds stall, base::Seconds mttf);

using CheckpointPolicies = base::Registry<CheckpointPolicy>;

/// Adds the policies of this folder: `fixed`, `young`, `daly`, `asynchronous`, `in-memory`.
void add_builtin(CheckpointPolicies& policies);

}  // namespace busbar::faults
