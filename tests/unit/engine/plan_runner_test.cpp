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
        "switch:6", "nvswitch:8", "fat-tree:4x4", "fat-tree:4x4@2", "torus:2x4x4-twisted"}) {
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
                           "nvswitch:8", "fat-tree:4x4", "fat-tree:2x8@4", "torus:4x4x8-twisted"}) {
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

// Two slices on one fat tree, each a pair of hosts on either leaf, whose all-reduces of 1 GB and
// 0.5 GB share the spine of 1 GB/s. Alone they take 1 s and 0.5 s. Together each gets half until
// the smaller is done at 1 s; the larger, half done, has the spine to itself and ends at 1.5 s.
TEST(PlanRunner, TwoSlicesShareAFatTree) {
  const auto all_reduce = [](double bytes, std::int32_t first_nic) {
    Plan plan;
    for (const char* group :
         {"spine up", "spine down", "nic", "nic", "nic", "nic", "nic", "nic", "nic", "nic"}) {
      plan.links.push_back({group, 1e9, 1.0});
    }
    const std::int32_t n = first_nic;
    plan.steps = {collectives::round_of(
        {{{n, 0, n + 3}, bytes / 2.0, 0.0}, {{n + 2, 1, n + 1}, bytes / 2.0, 0.0}}, 2)};
    return plan;
  };
  const Plan a = all_reduce(1e9, 2), b = all_reduce(0.5e9, 6);
  in_child([&] {
    const PlanRun run = run_plans({&a, &b});
    EXPECT_NEAR(run.end[0].value, 1.5, 1e-6);
    EXPECT_NEAR(run.end[1].value, 1.0, 1e-6);
  });
  // The independent max-min says the same of both side by side.
  Plan both = a;
  both.steps = {collectives::side_by_side({a.steps, b.steps})};
  EXPECT_NEAR(closed_form(both).value, 1.5, 1e-9);
  expect_equal(both, "side by side");
}

// A dead cable unfolds the rows that its detours touch, where chains contend: SimGrid's shares are
// those of the independent max-min, with latency that keeps rings out of step.
TEST(PlanRunner, DegradedToriShareAsMaxMin) {
  for (const char* text : {"torus:4x4x4", "torus:5x3", "ring:6", "mesh:4x4", "torus:2x4x3"}) {
    for (const Operation op :
         {Operation::kAllReduce, Operation::kAllToAll, Operation::kBroadcast}) {
      for (const bool folded : {true, false}) {
        Task task{op, base::Bytes{1e7}, network(text), folded, collectives::DeadCable{0}};
        if (!folded && task.wiring.chips() > 24) continue;  // the independent one is slow
        expect_equal(plan_of(task, ""), text);
      }
    }
  }
}

// Transfers that nothing can touch end together as one flow or as many.
TEST(PlanRunner, BundlesAreExact) {
  Task task{Operation::kAllReduce, base::Bytes{1e8}, network("torus:4x3x2"), false, {}};
  const Plan plan = plan_of(task, "multi-ring");
  const double closed = closed_form(plan).value;
  in_child([&] {
    const PlanRun run = run_plan(plan, Bundling::kNone);
    EXPECT_EQ(run.flows, run.transfers);
    EXPECT_NEAR(run.end[0].value, closed, kSame * closed);
  });
  in_child([&] {
    const PlanRun run = run_plan(plan, Bundling::kExact);
    EXPECT_LT(run.flows, run.transfers / 2);
    EXPECT_NEAR(run.end[0].value, closed, kSame * closed);
  });
}

}  // namespace
}  // namespace busbar::engine
