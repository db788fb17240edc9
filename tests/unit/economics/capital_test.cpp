#include "sim/economics/capital.h"

#include <gtest/gtest.h>

#include <cmath>

namespace busbar::economics {
namespace {

// A cluster of racks of eight chips: two at 100 s, three more at 200 s.
model::Platform five_racks(double purchase_usd) {
  model::Platform p;
  model::Accelerator chip;
  chip.name = "chip";
  chip.purchase = base::Usd{purchase_usd};
  model::Node node;
  node.name = "node";
  node.accelerator = p.accelerators.add(chip);
  model::Domain rack;
  rack.name = "rack";
  rack.node = p.nodes.add(node);
  rack.chips_installed = 8;
  model::Cluster cluster;
  cluster.name = "cluster";
  cluster.domain = p.domains.add(rack);
  cluster.deliveries = {{100.0, 2, -1}, {200.0, 3, -1}};
  p.clusters.add(cluster);
  return p;
}

TEST(Capital, CountsTheChipsDeliveredByADate) {
  const model::Platform p = five_racks(1000.0);
  const model::Cluster& cluster = *p.clusters.begin();
  EXPECT_DOUBLE_EQ(chip_cost(p, cluster, 99.0).value, 0.0);
  EXPECT_DOUBLE_EQ(chip_cost(p, cluster, 150.0).value, 16e3);
  EXPECT_DOUBLE_EQ(chip_cost(p, cluster, 1e9).value, 40e3);
}

TEST(Capital, AnUnknownPriceIsNotZero) {
  const model::Platform p = five_racks(0.0);
  EXPECT_TRUE(std::isnan(chip_cost(p, *p.clusters.begin(), 1e9).value));
  EXPECT_DOUBLE_EQ(chip_cost(p, *p.clusters.begin(), 0.0).value, 0.0);
}

TEST(Capital, ASiteCostsByItsItPower) { EXPECT_DOUBLE_EQ(site_cost(base::Watts{1e9}).value, 9e9); }

}  // namespace
}  // namespace busbar::economics
