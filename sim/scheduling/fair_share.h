/// Fair share over organisations, with quotas, borrowing and preemption.
#pragma once

#include "sim/scheduling/policy.h"

namespace busbar::scheduling {

/// Organisations get their quotas, and share what others leave idle by what they have used.
///
/// Organisations are served by used chip-seconds over quota, least first; those without a quota
/// come after them, by used chip-seconds; ties by their order in the world file. Use decays: a
/// chip-second counts half after a half-life. Jobs without an organisation count as one more, the
/// last, without a quota. A pass has two rounds:
///
/// 1. *Claims.* Each organisation, in that order, starts its jobs in submission order as long as it
///    then holds at most its quota. The first that would exceed it, or that does not fit, ends its
///    claims; a job larger than the quota is passed over, it can only borrow. A claim that does not
///    fit may preempt: running jobs of other organisations that hold more than their quotas give
///    way, the last started first (ties: the highest id), until the claim fits; those without which
///    it fits as well, tried in the same order, stay. If all of them would not suffice, none does.
///    No job gives way in the instant in which it started.
/// 2. *Borrowing.* All other jobs, claims that wait first, then by organisation and submission,
///    start as far as they fit. The first that does not fit gets an EASY reservation by requested
///    times; no later one may delay it.
///
/// An organisation is reclaimed from only while it holds more than its quota, so with quotas that
/// add up to no more than the chips, each gets its own back as soon as it asks.
class FairShare : public QueuePolicy {
 public:
  struct Parameters {
    base::Seconds half_life;     // of use
    bool preemption = true;      // claims may preempt borrowers
    base::Seconds restart_time;  // of a preempted job
  };
  explicit FairShare(Parameters parameters) : parameters_(parameters) {}
  Decisions decide(const PoolView& pool) const override;
  base::Seconds usage_half_life() const override { return parameters_.half_life; }
  base::Seconds restart_time() const override { return parameters_.restart_time; }

 private:
  Parameters parameters_;
};

}  // namespace busbar::scheduling
