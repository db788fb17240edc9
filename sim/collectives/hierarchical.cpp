#include "sim/collectives/hierarchical.h"

#include <limits>

#include "sim/collectives/switch_algorithms.h"
#include "sim/collectives/switch_net.h"
#include "sim/collectives/torus_algorithms.h"

namespace busbar::collectives {
namespace {

constexpr int kMostChunks = 64;

bool in_levels(Operation operation) {
  return operation == Operation::kAllReduce || operation == Operation::kReduceScatter ||
         operation == Operation::kAllGather;
}

// Adds the links of a part to a plan. Returns the part's steps on the plan's links.
Chain merge(Plan& plan, Plan part) {
  const auto first = static_cast<std::int32_t>(plan.links.size());
  plan.links.insert(plan.links.end(), part.links.begin(), part.links.end());
  const auto move = [first](const auto& self, Chain& chain) -> void {
    for (Step& step : chain) {
      for (Transfer& t : step.transfers) {
        for (std::int32_t& link : t.path) link += first;
      }
      for (Chain& side : step.chains) self(self, side);
    }
  };
  move(move, part.steps);
  return std::move(part.steps);
}

// What two networks do for one chunk.
struct Levels {
  Plan links;                  // and nothing else
  Chain scatter, gather, all;  // inside: before, after, and both at once
  Chain beyond;                // between
};

// The chunks one after the other: inside and beyond work side by side but for the first and last.
Plan pipelined(const Levels& levels, Operation operation, int chunks) {
  Plan plan = levels.links;
  Chain inside, beyond;
  inside.push_back(side_by_side({levels.all}));
  inside.back().repeat = chunks - 1;
  beyond.push_back(side_by_side({levels.beyond}));
  beyond.back().repeat = chunks;
  if (operation != Operation::kAllGather) append(plan.steps, levels.scatter);
  plan.steps.push_back(
      side_by_side(chunks > 1 ? std::vector<Chain>{inside, beyond} : std::vector<Chain>{beyond}));
  if (operation != Operation::kReduceScatter) append(plan.steps, levels.gather);
  return plan;
}

// Tries 1, 2, 4, … chunks and keeps the fastest.
template <class LevelsOfChunk>
Plan fastest(Operation operation, const LevelsOfChunk& levels_of) {
  Plan best;
  double best_s = std::numeric_limits<double>::infinity();
  for (int chunks = 1; chunks <= kMostChunks; chunks *= 2) {
    Plan plan = pipelined(levels_of(chunks), operation, chunks);
    const double time = closed_form(plan).value;
    if (time >= best_s) break;
    best_s = time;
    best = std::move(plan);
  }
  return best;
}

// The plan of one operation inside a group.
Plan inside_plan(const Task& task, Operation operation, double bytes) {
  Task inside = task;
  inside.operation = operation;
  inside.size = base::Bytes{bytes};
  inside.wiring.sites = 1;
  inside.wiring.between.groups = 1;
  if (inside.wiring.inside.chips() == 1) return {};
  if (inside.wiring.inside.kind == model::DomainTopology::kTorus) return MultiRing().plan(inside);
  return InNetwork().unfit(inside).empty() ? InNetwork().plan(inside) : Ring().plan(inside);
}

// Adds what a group (or a site) does for one chunk.
void add_inside(Levels& levels, const Task& task, double bytes,
                Plan (*plan_of)(const Task&, Operation, double)) {
  if (task.operation != Operation::kAllGather) {
    levels.scatter = merge(levels.links, plan_of(task, Operation::kReduceScatter, bytes));
  }
  if (task.operation != Operation::kReduceScatter) {
    levels.gather = merge(levels.links, plan_of(task, Operation::kAllGather, bytes));
  }
  levels.all = merge(levels.links, plan_of(task, task.operation, bytes));
}

}  // namespace

std::string Hierarchical::unfit(const Task& task) const {
  if (!in_levels(task.operation)) return "it does all-reduce, reduce-scatter and all-gather";
  if (task.wiring.sites > 1) return "it stays inside one site";
  if (task.wiring.between.groups < 2) return "it needs several groups";
  if (task.wiring.inside.chips() < 2) return "it needs groups of several chips";
  if (!task.folded) return "it is planned folded only";
  if (task.dead) return "dead cables are planned inside one slice";
  return {};
}

Plan Hierarchical::plan(const Task& task) const {
  return fastest(task.operation, [&](int chunks) {
    Levels levels;
    const double bytes = task.size.value / chunks;
    add_inside(levels, task, bytes, inside_plan);
    // Chips of equal number form a ring over the groups, each with its part.
    SwitchNet net(task);
    const int p = net.ports(), groups = net.groups();
    const double part = bytes / p / groups;
    std::vector<Message> messages;
    messages.reserve(static_cast<size_t>(net.ranks()));
    for (int r = 0; r < net.ranks(); ++r) messages.push_back({r, (r + p) % net.ranks(), part});
    const std::int64_t passes = task.operation == Operation::kAllReduce ? 2 : 1;
    Plan beyond;
    beyond.steps = {net.round(messages, passes * (groups - 1))};
    beyond.links = net.take_links();
    levels.beyond = merge(levels.links, std::move(beyond));
    return levels;
  });
}

namespace {

// The plan of one operation inside a site, all of its groups.
Plan site_plan(const Task& task, Operation operation, double bytes) {
  if (task.wiring.between.groups < 2) return inside_plan(task, operation, bytes);
  Task site = task;
  site.operation = operation;
  site.size = base::Bytes{bytes};
  site.wiring.sites = 1;
  return Hierarchical().unfit(site).empty() ? Hierarchical().plan(site) : Ring().plan(site);
}

}  // namespace

std::string Sites::unfit(const Task& task) const {
  if (!in_levels(task.operation)) return "it does all-reduce, reduce-scatter and all-gather";
  if (task.wiring.sites < 2) return "it needs several sites";
  if (task.wiring.wan.value <= 0.0) return "the sites need a WAN";
  if (!task.folded) return "it is planned folded only";
  if (task.dead) return "dead cables are planned inside one slice";
  return {};
}

Plan Sites::plan(const Task& task) const {
  const double sites = task.wiring.sites;
  const double passes = task.operation == Operation::kAllReduce ? 2.0 : 1.0;
  const double steps = passes * (sites - 1.0);
  // The ring of sites is a pipeline of its own: its bytes flow through, its latency comes once.
  const double latency = steps * task.wiring.wan_latency.value;
  return fastest(task.operation, [&](int chunks) {
    Levels levels;
    const double bytes = task.size.value / chunks;
    add_inside(levels, task, bytes, site_plan);
    Plan wan;
    wan.links = {{"wan", task.wiring.wan.value, sites}};
    wan.steps = {round_of({{{0}, bytes * steps / sites, latency / chunks}})};
    levels.beyond = merge(levels.links, std::move(wan));
    return levels;
  });
}

}  // namespace busbar::collectives
