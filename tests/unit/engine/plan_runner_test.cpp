/// One plan, two fidelities: closed form and SimGrid's flows.
#include "sim/engine/plan_runner.h"

#include <gtest/gtest.h>

#include "sim/collectives/algorithm.h"
#include "tests/unit/engine/in_child.h"

namespace busbar::engine {
namespace {

using collectives::Operation;
using collectives::Plan;
using collectives::Task;

constexpr double kSame = 1e-6;  // relative

topology::Wiring network(const std::string& text, double bandwidth = 50e9, double latency = 1e-6) {
  base::Diagnostics problems;
  const auto wiring = topology::parse_topology(
      text, {base::BytesPerSecond{bandwidth}, base::Seconds{latency}}, problems);
  EXPECT_TRUE(wiring) << text;
  return wiring.value_or(topology::Wiring{});
}

const collectives::Algorithms& algorithms() {
  static const collectives::Algorithms all = [] {
    base::Registry<collectives::Algorithm> registry{"collective"};
    collectives::add_builtin(registry);
    return collectives::Algorithms(registry);
  }();
  return all;
}

Plan plan_of(const Task& task, const std::string& name) {
  base::Diagnostics problems;
  auto plan = algorithms().plan(task, name, problems);
  EXPECT_TRUE(plan) << name << ": " << (problems.all().empty() ? "" : problems.all()[0].message);
  return std::move(plan).value_or(Plan{});
}

// Runs a plan in a process of its own and compares it with the closed form.
void expect_equal(const Plan& plan, const std::string& what) {
  in_child([&] {
    const double closed = closed_form(plan).value;
    EXPECT_NEAR(run_plan(plan).end[0].value, closed, kSame * closed) << what;
  });
}

// Uncontended, SimGrid's flows take what latency and bandwidth say, for every operation and
// algorithm on every kind of network, large and small messages, folded and with every link.
TEST(PlanRunner, FlowsTakeWhatTheClosedFormSays) {
  int compared = 0;
  for (const char* text :
       {"torus:4x4x4", "torus:8x3", "mesh:4x4", "mesh:2x2x2", "torus:2x4", "ring:5", "switch:8",
        "switch:6", "nvswitch:8", "fat-tree:4x4", "fat-tree:4x4@2"}) {
    for (size_t op = 0; op < collectives::kOperationNames.size(); ++op) {
      for (const double size : {4096.0, 1e6, 1e9}) {
        Task task{static_cast<Operation>(op), base::Bytes{size}, network(text), true, {}};
        for (const bool folded : {true, false}) {
          task.folded = folded;
          for (const std::string& name : algorithms().fit(task)) {
            const Plan plan = plan_of(task, name);
            // Pipelines of thousands of rounds are one of the sizes only.
            if (size != 1e6 && plan.steps.size() == 1 && plan.steps[0].repeat > 64) continue;
            expect_equal(plan,
                         fmt::format("{} {} {} {} {}", text, name, collectives::kOperationNames[op],
                                     size, folded ? "folded" : "whole"));
            ++compared;
          }
        }
      }
    }
  }
  EXPECT_GT(compared, 250);
}

// One representative of each rank class takes as long as all ranks.
TEST(PlanRunner, FoldedIsWhole) {
  for (const char* text : {"torus:4x4x4", "torus:3x5", "mesh:4x2", "switch:8", "switch:7",
                           "nvswitch:8", "fat-tree:4x4", "fat-tree:2x8@4"}) {
    for (size_t op = 0; op < collectives::kOperationNames.size(); ++op) {
      Task task{static_cast<Operation>(op), base::Bytes{1e7}, network(text), true, {}};
      const auto names = algorithms().fit(task);
      for (const std::string& name : names) {
        task.folded = true;
        const double folded = closed_form(plan_of(task, name)).value;
        task.folded = false;
        const double whole = closed_form(plan_of(task, name)).value;
        EXPECT_NEAR(folded, whole, kSame * whole)
            << text << " " << name << " " << collectives::kOperationNames[op];
      }
    }
  }
}

}  // namespace
}  // namespace busbar::engine
