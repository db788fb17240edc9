/// Where in a pool a job goes that fits into one building, and into which of its pods.
#pragma once

#include "sim/scheduling/pool_state.h"

namespace busbar::scheduling {

/// A placement told by two rules: a score of parts, and an order of pods.
class RuledPlacement : public Placement {
 public:
  using Rule = Score (*)(const PoolState&, const Candidate&);
  Score score(const PoolState& pool, const Candidate& candidate) const override {
    return rule_(pool, candidate);
  }
  PodOrder pods() const override { return order_; }

 protected:
  RuledPlacement(Rule rule, PodOrder order) : rule_(rule), order_(order) {}

 private:
  Rule rule_;
  PodOrder order_;
};

/// The pod, or where there are none the building, that is left with the fewest free domains: keeps
/// large holes for large jobs, so that least of what is free is lost to them.
class BestFit : public RuledPlacement {
 public:
  BestFit();
};

/// The first building in the order of the world file, there the first pod.
class FirstFit : public RuledPlacement {
 public:
  FirstFit();
};

/// The pod, or where there are none the building, with the most free domains: levels their load.
class WorstFit : public RuledPlacement {
 public:
  WorstFit();
};

/// The site with the fewest free domains, there the building with the fewest, there the fullest
/// pod: fills site after site, so that whole sites stay free for jobs that span buildings.
class Packed : public RuledPlacement {
 public:
  Packed();
};

/// The site with the most free domains, there the power feed, then the building, then the pod: no
/// failure of one of them hits more jobs than it must.
class Spread : public RuledPlacement {
 public:
  Spread();
};

/// Where the gang has the largest bisection bandwidth: in one slice rather than over the fabric, in
/// one group of it rather than in several, and in the faster fabric. Ties: best fit.
class LargestBisection : public RuledPlacement {
 public:
  LargestBisection();
};

}  // namespace busbar::scheduling
