/// Elastic jobs get the sizes at which they make most of the pool together.
#pragma once

#include "sim/scheduling/policy.h"

namespace busbar::scheduling {

/// Admits jobs as EASY does, elastic ones at their least sizes, and shares out what is left.
///
/// A pass has four parts:
/// 1. *Admission.* EASY on the pool as it would be with every elastic job at its least size:
/// running
///    jobs are expected to end as they then would.
/// 2. *Sizes.* With the chips that admission leaves, the sum of u(g) over all elastic jobs is made
///    as large as possible (`choose_sizes`), g being the goodput over the time H for which a size
///    is expected to last, re-sharding included, over the goodput at the size asked for: g(n) =
///    G(n) H / (H + c) / G(asked), c = 0 at the present size. H is what is left of the job at that
///    size, or the time for which it has had its present one if that is less, but at least a round.
///    u(g) = (g^p - 1) / p, log g for p = 0. Running jobs change only if that makes the sum larger
///    than leaving them all as they are.
/// 3. *Places.* Shrinking jobs first, by id, then starts in the order of admission, then growing
///    jobs by id. One that finds no room for its size takes the next smaller one, at least its
///    present one. Should a job that was admitted find no room at all, all go to their least sizes.
///    Nobody shrinks for chips that nobody takes.
/// 4. *Who waits.* If jobs shrink for others to start, the same is tried with nobody shrinking, and
///    the larger sum of u decides. A job that waits then has g = T / (w + T), T its requested time
///    and w the time until running jobs have ended on enough chips.
///
/// Where windows hold chips back, who starts or grows gets none that they hold before its end.
/// A job that stands still after a start or a change of size keeps its size meanwhile. The place of
/// a job is sought anew when its size changes. Sizes count as if no link were shared.
class Goodput : public QueuePolicy {
 public:
  struct Parameters {
    base::Seconds round;
    double power = -0.5;  // p
    /// u(g), g over that at the size asked for.
    double utility(double goodput) const;
  };
  explicit Goodput(Parameters parameters) : parameters_(parameters) {}
  Decisions decide(const PoolView& pool) const override;
  base::Seconds round() const override { return parameters_.round; }

 private:
  Parameters parameters_;
};

}  // namespace busbar::scheduling
