/// Backfilling that gives reservations to many waiting jobs, or to all.
#pragma once

#include "sim/scheduling/policy.h"

namespace busbar::scheduling {

/// EASY with several reservations; conservative backfilling where every waiting job has one.
///
/// At every pass the plan is built anew from the running jobs, which are expected to end as
/// requested (one past its request: at any moment). Jobs are taken in the order of the queue
/// (by rank, then submission, then id): one that fits from now until its requested end starts; one
/// that does not gets a reservation at the earliest time from which it fits as long as requested
/// beside running jobs and earlier reservations, as long as there are less than `depth`
/// reservations. So no job that starts delays a reservation. A reservation is not kept from pass to
/// pass: one job that ends early may let another start earlier and a third later than planned
/// before (the rebuild variant of conservative backfilling).
///
/// "Fits" is asked of the pool's states with their domains, buildings and power. With single-chip
/// domains and no limits, depth 1 is canonical EASY. A job that would not fit even after all
/// running jobs gets no reservation and delays nobody.
class ReservingBackfill : public QueuePolicy {
 public:
  static constexpr int kAll = 0;
  /// @param depth  reservations; kAll: for every waiting job.
  explicit ReservingBackfill(int depth) : depth_(depth) {}
  Decisions decide(const PoolView& pool) const override;

 private:
  int depth_;
};

}  // namespace busbar::scheduling
