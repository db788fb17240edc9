#include "sim/faults/population.h"

#include <gtest/gtest.h>

#include <cmath>

namespace busbar::faults {
namespace {

using model::FailureUnit;

model::FailureModel nodes_failing(double per_thousand_node_days_) {
  model::FailureMode mode;
  mode.per = FailureUnit::kNode;
  mode.rate = per_thousand_node_days(per_thousand_node_days_);
  return {"nodes", "", {mode}, {}, {}};
}

Population of_nodes(std::int64_t nodes) {
  Population p;
  p[FailureUnit::kNode] = nodes;
  return p;
}

// Every node is needed: rates add. 6.50 failures per 1,000 node-days are one in 1.8 h of 2,048
// nodes and one in 0.23 h of 16,384, as arXiv 2410.21680 projects.
TEST(Population, RatesAddInSeries) {
  const model::FailureModel rsc = nodes_failing(6.50);
  EXPECT_NEAR(mttf(rsc, of_nodes(2048)).value / base::kHour, 24.0 / (6.5e-3 * 2048), 1e-12);
  EXPECT_NEAR(mttf(rsc, of_nodes(16384)).value / base::kHour, 0.2254, 1e-4);
  EXPECT_TRUE(std::isinf(mttf(rsc, of_nodes(0)).value));
}

// Four chips a node and 16 nodes a domain: a job of 100 chips holds 25 nodes in two domains.
TEST(Population, AJobNeedsWholeNodes) {
  model::Platform platform;
  platform.accelerators.add({.name = "chip"});
  platform.nodes.add({.name = "node", .accelerator = {0}, .accelerators = 4, .nics = 2});
  model::Domain cube{.name = "cube", .node = {0}, .nodes = 16};
  cube.chips_installed = cube.chips_usable = cube.chips_used = 64;
  const Population job = population_of_job(platform, cube, 98);
  EXPECT_EQ(job[FailureUnit::kNode], 25);
  EXPECT_EQ(job[FailureUnit::kChip], 100);
  EXPECT_EQ(job[FailureUnit::kNic], 50);
  EXPECT_EQ(job[FailureUnit::kDomain], 2);
  const Population all = population_of(platform, cube, 10, 4);
  EXPECT_EQ(all[FailureUnit::kChip], 640);
  EXPECT_EQ(all[FailureUnit::kPod], 3);
}

// A host that fails every 1,000 h and is away for 10 h is there 100 / 101 of the time; a switch
// that takes out a rack is not the host's.
TEST(Population, AvailabilityCountsRepairs) {
  model::FailureModel failures = nodes_failing(24.0);
  failures.modes[0].repair.median = base::Seconds{10 * base::kHour};
  failures.modes.push_back(failures.modes[0]);
  failures.modes[1].takes = FailureUnit::kDomain;
  EXPECT_NEAR(node_availability(failures, of_nodes(7)), 100.0 / 101.0, 1e-12);
}

TEST(Population, DetectionIsWeightedByRate) {
  model::FailureModel failures = nodes_failing(3.0);
  failures.modes.push_back(nodes_failing(1.0).modes[0]);
  failures.modes[1].detection = base::Seconds{600.0};
  EXPECT_NEAR(mean_detection(failures, of_nodes(5)).value, 150.0, 1e-9);
}

}  // namespace
}  // namespace busbar::faults
