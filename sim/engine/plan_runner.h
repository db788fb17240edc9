/// Runs a collective's plan as flows of SimGrid.
#pragma once

#include <vector>

#include "sim/collectives/plan.h"

namespace busbar::engine {

/// What SimGrid says of a set of plans that start together.
struct PlanRun {
  std::vector<base::Seconds> end;  // one per plan
  std::int64_t flows = 0;          // started
};

/// Runs one plan. Every repeat of every step is simulated.
///
/// Latencies pass before a flow starts, over links without latency (SimGrid weighs shares by it).
/// One process can do this once: it owns SimGrid's engine.
PlanRun run_plan(const collectives::Plan& plan);

/// Runs plans side by side on the links of the first: all name the same links by number. They share
/// links with each other; this is how two slices of one fabric contend.
PlanRun run_plans(const std::vector<const collectives::Plan*>& plans);

}  // namespace busbar::engine
