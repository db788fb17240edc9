/// Collectives on switches, inside one group and over the fabric between groups.
#pragma once

#include "sim/collectives/algorithm.h"

namespace busbar::collectives {

/// Bandwidth-optimal ring, each rank to the next; a broadcast is a pipeline down the ring. Over
/// several groups there is one ring a chip of a group, each leaving the group by its own NIC, as
/// NCCL has it. Source: Patarasuk and Yuan, J. Parallel Distrib. Comput. 69(2), 2009.
class Ring : public Algorithm {
 public:
  std::string unfit(const Task& task) const override;
  Plan plan(const Task& task) const override;
};

/// Pipelined binary tree(s): all-reduce up and down at once. Two trees in which each rank is a leaf
/// of one carry half each; over several groups the trees join groups, and chips of a group are a
/// chain below its NICs. Source: Sanders, Speck, Traeff, Parallel Computing 35(12), 2009.
class Tree : public Algorithm {
 public:
  explicit Tree(bool twice) : twice_(twice) {}
  std::string unfit(const Task& task) const override;
  Plan plan(const Task& task) const override;

 private:
  bool twice_;
};

/// Exchanges with ranks 1, 2, 4, … away, of half, a quarter, … of the vector; back for the gather.
/// Source: Thakur, Rabenseifner, Gropp, Int. J. High Perf. Comp. Appl. 19(1), 2005.
class HalvingDoubling : public Algorithm {
 public:
  std::string unfit(const Task& task) const override;
  Plan plan(const Task& task) const override;
};

/// Parallel aggregated trees: all-gather and reduce-scatter of any number of ranks in log2 n
/// rounds, few bytes far away first. Source: Jeaugey, PAT: a new algorithm for all-gather and
/// reduce-scatter operations at scale, arXiv 2506.20252.
class Pat : public Algorithm {
 public:
  std::string unfit(const Task& task) const override;
  Plan plan(const Task& task) const override;
};

/// The switch adds up what it reads and multiplies what is written (NVLink SHARP): S (1 + 1/n) over
/// each port both ways for an all-reduce, S for the others.
class InNetwork : public Algorithm {
 public:
  std::string unfit(const Task& task) const override;
  Plan plan(const Task& task) const override;
};

/// All pairs at once (all-to-all), or one message to a neighbour (send-recv; on a torus over one
/// cable).
class Direct : public Algorithm {
 public:
  std::string unfit(const Task& task) const override;
  Plan plan(const Task& task) const override;
};

}  // namespace busbar::collectives
