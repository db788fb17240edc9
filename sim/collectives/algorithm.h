/// Algorithms of collectives by name, what they need, and the choice among them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/registry.h"
#include "sim/collectives/plan.h"
#include "sim/topology/wiring.h"

namespace busbar::collectives {

/// A dead cable of a torus: that of the chip at the origin along an axis, both directions.
struct DeadCable {
  int axis = 0;
};

/// One collective on one slice.
struct Task {
  Operation operation = Operation::kAllReduce;
  base::Bytes size;
  topology::Wiring wiring;
  bool folded = true;  // one representative of each rank class
  std::optional<DeadCable> dead;
};

/// Turns a collective into transfers. Pure.
class Algorithm {
 public:
  virtual ~Algorithm() = default;
  /// What keeps it from running a task, as a clause (`a torus has no ports`); empty if nothing.
  virtual std::string unfit(const Task& task) const = 0;
  /// The transfers of a task that it fits.
  virtual Plan plan(const Task& task) const = 0;
};

/// All algorithms by name: ring, multi-ring, tree, double-binary-tree, halving-doubling, nvls, pat,
/// dimension-order, direct, hierarchical, sites.
void add_builtin(base::Registry<Algorithm>& algorithms);

/// Algorithms of a registry, made once.
class Algorithms {
 public:
  explicit Algorithms(const base::Registry<Algorithm>& registry);
  /// Names of those that can run a task.
  std::vector<std::string> fit(const Task& task) const;
  /// The plan of a named algorithm, or, of an empty name, of the one that is fastest in closed
  /// form; ties go to the first name. Reports an unknown or unfit name with those that fit.
  std::optional<Plan> plan(const Task& task, const std::string& name,
                           base::Diagnostics& problems) const;

 private:
  struct Named {
    std::string name;
    std::unique_ptr<Algorithm> algorithm;
  };
  std::vector<Named> all_;
};

/// Seconds that no algorithm can beat on these links: bytes that must leave or enter a chip, cross
/// the middle of an axis, the fabric or the WAN, and the sum of all transfers over all links. It
/// knows nothing of any algorithm but NVLS: a switch that adds up moves S (1 + 1/n) a port.
base::Seconds bandwidth_bound(const Task& task);

}  // namespace busbar::collectives
