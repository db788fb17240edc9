/// Collectives in levels: inside a group, between groups, between sites.
#pragma once

#include "sim/collectives/algorithm.h"

namespace busbar::collectives {

/// Reduce-scatter inside each group, all-reduce among chips of equal number over their NICs, all-
/// gather inside; in chunks, so that both networks work at once. With a switch that adds up this is
/// NCCL's NVLS tree, on TPUs a multislice all-reduce.
class Hierarchical : public Algorithm {
 public:
  std::string unfit(const Task& task) const override;
  Plan plan(const Task& task) const override;
};

/// The same with sites for groups: a ring of sites over the WAN, which all chips of a site share.
class Sites : public Algorithm {
 public:
  std::string unfit(const Task& task) const override;
  Plan plan(const Task& task) const override;
};

}  // namespace busbar::collectives
