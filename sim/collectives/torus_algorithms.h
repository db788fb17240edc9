/// Collectives on tori and meshes.
#pragma once

#include "sim/collectives/algorithm.h"

namespace busbar::collectives {

/// All-reduce, reduce-scatter, all-gather and broadcast over all axes and both directions at once:
/// the vector is cut into one part an axis; part c goes around axis c, then c + 1, and so on, so
/// that every cable works in every phase. The cut evens out the first phases of unlike axes.
/// On an axis without wrap the ring goes out and comes back over the same cables.
/// Source: Jouppi et al., ISCA 2023; Sack and Gropp, Collective algorithms for multiported torus
/// networks, ACM TOPC 1(2), 2015.
class MultiRing : public Algorithm {
 public:
  std::string unfit(const Task& task) const override;
  Plan plan(const Task& task) const override;
};

/// All-to-all axis after axis, the vector cut as for MultiRing. On an axis of k that wraps, chips
/// hand on to both neighbours what is for chips further away: k/2 rounds and k/8 of the part over
/// each cable; without wrap all pairs of a row send at once, and the middle cable carries twice
/// that.
class DimensionOrder : public Algorithm {
 public:
  std::string unfit(const Task& task) const override;
  Plan plan(const Task& task) const override;
};

/// All-to-all of a twisted torus: all messages at once, each split evenly over all paths with the
/// fewest cables, which loads all cables alike.
class ShortestPaths : public Algorithm {
 public:
  std::string unfit(const Task& task) const override;
  Plan plan(const Task& task) const override;
};

}  // namespace busbar::collectives
