/// Elastic jobs get the sizes at which they make most of the pool together.
#pragma once

#include "sim/scheduling/policy.h"

namespace busbar::scheduling {

/// Admits jobs as EASY does, elastic ones at their least sizes, and shares out what is left.
///
/// A pass has three parts:
/// 1. *Admission.* EASY on the pool as it would be with every elastic job at its least size:
/// running
///    jobs are expected to end as they then would. A job that waits has no goodput at all, so
///    whatever can start does.
/// 2. *Sizes.* With the chips that admission leaves, the sum of u(g) over all elastic jobs is made
///    as large as possible (`choose_sizes`), g being the goodput over the time left, re-sharding
///    included, over the goodput at the size asked for: g(n) = (L / (c + L / G(n))) / G(asked) with
///    L tokens left and c = 0 at the present size. u(g) = (g^p - 1) / p, log g for p = 0. Running
///    jobs change only if that makes the sum larger than leaving them all as they are.
/// 3. *Places.* Shrinking jobs first, by id, then starts in the order of admission, then growing
///    jobs by id. One that finds no room for its size takes the next smaller one, at least its
///    present one. Should a job that was admitted find no room at all, all go to their least sizes.
///
/// A job that stands still after a start or a change of size keeps its size meanwhile. The place of
/// a job is sought anew when its size changes. Sizes count as if no link were shared.
class Goodput : public QueuePolicy {
 public:
  struct Parameters {
    base::Seconds round;
    double power = -0.5;  // p
  };
  explicit Goodput(Parameters parameters) : parameters_(parameters) {}
  Decisions decide(const PoolView& pool) const override;
  base::Seconds round() const override { return parameters_.round; }

 private:
  Parameters parameters_;
};

}  // namespace busbar::scheduling
