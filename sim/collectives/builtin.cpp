#include <limits>

#include "sim/collectives/hierarchical.h"
#include "sim/collectives/switch_algorithms.h"
#include "sim/collectives/torus_algorithms.h"

namespace busbar::collectives {

void add_builtin(base::Registry<Algorithm>& algorithms) {
  const auto add = [&](const char* name, const char* summary, auto make) {
    algorithms.add({name, summary, {}},
                   [make](const base::Params&) -> std::unique_ptr<Algorithm> { return make(); });
  };
  add("ring", "each rank to the next; over groups, one ring a NIC",
      [] { return std::make_unique<Ring>(); });
  add("multi-ring", "rings over all axes and directions of a torus at once",
      [] { return std::make_unique<MultiRing>(); });
  add("tree", "pipelined binary tree", [] { return std::make_unique<Tree>(false); });
  add("double-binary-tree", "two pipelined trees, each rank a leaf of one",
      [] { return std::make_unique<Tree>(true); });
  add("halving-doubling", "exchanges with ranks 1, 2, 4, ... away",
      [] { return std::make_unique<HalvingDoubling>(); });
  add("nvls", "the switch adds up and multiplies", [] { return std::make_unique<InNetwork>(); });
  add("pat", "log2 n rounds, few bytes far away first", [] { return std::make_unique<Pat>(); });
  add("dimension-order", "all-to-all axis after axis of a torus",
      [] { return std::make_unique<DimensionOrder>(); });
  add("shortest-paths", "all-to-all of a twisted torus, over all shortest paths",
      [] { return std::make_unique<ShortestPaths>(); });
  add("direct", "all pairs at once, or one message", [] { return std::make_unique<Direct>(); });
  add("hierarchical", "inside groups, then between chips of equal number",
      [] { return std::make_unique<Hierarchical>(); });
  add("sites", "inside sites, then between sites over the WAN",
      [] { return std::make_unique<Sites>(); });
}

Algorithms::Algorithms(const base::Registry<Algorithm>& registry) {
  base::KnownBehaviours known;
  registry.describe(known);
  for (const std::string& name : known.names(registry.kind())) {
    all_.push_back({name, registry.make({name, {}})});
  }
}

std::vector<std::string> Algorithms::fit(const Task& task) const {
  std::vector<std::string> names;
  for (const Named& a : all_) {
    if (a.algorithm->unfit(task).empty()) names.push_back(a.name);
  }
  return names;
}

std::optional<Plan> Algorithms::plan(const Task& task, const std::string& name,
                                     base::Diagnostics& problems) const {
  const std::vector<std::string> fitting = fit(task);
  std::optional<Plan> best;
  if (name.empty()) {
    double best_s = std::numeric_limits<double>::infinity();
    for (const Named& a : all_) {
      if (!a.algorithm->unfit(task).empty()) continue;
      Plan plan = a.algorithm->plan(task);
      const double time = closed_form(plan).value;
      if (time >= best_s) continue;
      best_s = time;
      plan.algorithm = a.name;
      best = std::move(plan);
    }
    if (!best) {
      problems.error({}, "no algorithm does {} on {}", name_of(task.operation), task.wiring.name);
    }
    return best;
  }
  std::vector<std::string> known;
  for (const Named& a : all_) {
    known.push_back(a.name);
    if (a.name != name) continue;
    const std::string unfit = a.algorithm->unfit(task);
    if (!unfit.empty()) {
      problems.error({}, "algorithm '{}' cannot do {} on {}: {}; these can: {}", name,
                     name_of(task.operation), task.wiring.name, unfit,
                     fitting.empty() ? "none" : base::join(fitting));
      return {};
    }
    best = a.algorithm->plan(task);
    best->algorithm = name;
    return best;
  }
  problems.error({}, "unknown algorithm '{}';{}; these can do {} here: {}", name,
                 base::suggestion(name, known), name_of(task.operation), base::join(fitting));
  return {};
}

}  // namespace busbar::collectives
