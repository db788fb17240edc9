/// Runs a collective's plan as flows of SimGrid.
#pragma once

#include <vector>

#include "sim/collectives/plan.h"

namespace busbar::engine {

/// What SimGrid says of a set of plans that start together.
struct PlanRun {
  std::vector<base::Seconds> end;  // one per plan
  std::int64_t flows = 0;          // started
  std::int64_t transfers = 0;      // done by them
};

/// Whether equal transfers that nothing else can touch become one flow.
///
/// Transfers of one round with equal bytes and latency, over links that no other transfer of the
/// round and no chain beside it uses, end when the slowest of them does: one flow over all their
/// links ends then too. Exact, and some ten times faster on large slices.
enum class Bundling { kNone, kExact };

/// Runs one plan. Every repeat of every step is simulated.
///
/// Latencies pass before a flow starts, over links without latency (SimGrid weighs shares by it).
/// One process can do this once: it owns SimGrid's engine.
PlanRun run_plan(const collectives::Plan& plan, Bundling bundling = Bundling::kExact);

/// Runs plans side by side on the links of the first: all name the same links by number. They share
/// links with each other; this is how two slices of one fabric contend.
PlanRun run_plans(const std::vector<const collectives::Plan*>& plans);

}  // namespace busbar::engine
