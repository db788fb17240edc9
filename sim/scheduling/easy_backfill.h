/// First come first served, with or without EASY backfilling.
#pragma once

#include "sim/scheduling/policy.h"

namespace busbar::scheduling {

/// Starts jobs from the head of the queue while they fit, and nothing else.
class Fcfs : public QueuePolicy {
 public:
  Decisions decide(const PoolView& pool) const override;
};

/// Canonical EASY (Mu'alem and Feitelson, IEEE TPDS 12(6), 2001).
///
/// The head of the queue that does not fit gets a reservation at the *shadow time*: the earliest
/// time at which it fits if all running jobs end as requested. A later job starts now if it fits
/// and either ends by the shadow time or fits beside the head at the shadow time. With domains,
/// buildings and power limits "fits" is asked of the pool's state, today's and that of the shadow
/// time; with one chip a domain and no limits this is the published rule on counts.
class EasyBackfill : public QueuePolicy {
 public:
  Decisions decide(const PoolView& pool) const override;
};

}  // namespace busbar::scheduling
