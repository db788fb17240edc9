/// Slices of the shipped chips by the rules of their vendors, and networks without a world.
#include "sim/topology/wiring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/topology/max_min.h"

namespace busbar::topology {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Cubes of 4x4x4 in a pod of `cubes`, as Ironwood's.
class Cubes : public ::testing::Test {
 protected:
  Cubes() {
    domain_.name = "cube";
    domain_.topology = model::DomainTopology::kTorus;
    domain_.torus = {4, 4, 4};
    domain_.wraps = {true, true, true};
    domain_.sub_slices = {{2, 2, 1}, {2, 2, 2}};
    domain_.chips_installed = domain_.chips_usable = domain_.chips_used = 64;
    domain_.link_bandwidth = base::BytesPerSecond{100e9};
    domain_.links_per_chip = 6;
    pod_.name = "pod";
    pod_.domains = pod_.slice_domains = 8;
    pod_.twists = true;
    place_ = {"the pod", &domain_, &pod_, nullptr, 8};
  }

  std::optional<Wiring> slice(const std::string& text) {
    problems_ = {};
    return wiring_of(platform_, place_, text, problems_);
  }
  std::string problem() { return problems_.all().empty() ? "" : problems_.all()[0].message; }
  static std::vector<int> shape(const Wiring& w) {
    std::vector<int> extents;
    for (const Axis& a : w.inside.axes) extents.push_back(a.extent);
    return extents;
  }

  model::Platform platform_;
  model::Domain domain_;
  model::Pod pod_;
  Place place_;
  base::Diagnostics problems_;
};

TEST_F(Cubes, WholeCubesWrapOnEveryAxis) {
  const auto w = slice("4x8x8");
  ASSERT_TRUE(w) << problem();
  EXPECT_EQ(w->chips(), 256);
  for (const Axis& axis : w->inside.axes) EXPECT_TRUE(axis.wraps);
  EXPECT_EQ(w->inside.chip_bandwidth().value, 600e9);
}

// Below a cube no optical switch closes the axes.
TEST_F(Cubes, PartsOfACubeAreMeshes) {
  const auto w = slice("2x1x2");
  ASSERT_TRUE(w) << problem();
  for (const Axis& axis : w->inside.axes) EXPECT_FALSE(axis.wraps);
  EXPECT_EQ(w->inside.chip_bandwidth().value, 200e9);
}

TEST_F(Cubes, ChipsBecomeTheMostCompactShape) {
  EXPECT_THAT(shape(*slice("512")), ElementsAre(8, 8, 8));
  EXPECT_THAT(shape(*slice("256")), ElementsAre(4, 8, 8));
  EXPECT_THAT(shape(*slice("8")), ElementsAre(2, 2, 2));
}

TEST_F(Cubes, OtherShapesAreRefusedWithWhatIsOffered) {
  EXPECT_FALSE(slice("3x4x4"));
  EXPECT_THAT(problem(), HasSubstr("it offers 2x2x1, 2x2x2, 4x4x4, and multiples of 4x4x4"));
  EXPECT_FALSE(slice("4x4"));
  EXPECT_THAT(problem(), HasSubstr("its tori have 3 axes"));
  EXPECT_FALSE(slice("100"));
  EXPECT_THAT(problem(), HasSubstr("no shape has 100 chips"));
  EXPECT_FALSE(slice("8x8x12"));
  EXPECT_THAT(problem(), HasSubstr("a slice of pod 'pod' has at most 8"));
  EXPECT_FALSE(slice("4xfour"));
  EXPECT_FALSE(slice("2*4x4x4"));
  EXPECT_THAT(problem(), HasSubstr("it has no fabric"));
}

TEST_F(Cubes, TwistsHaveTheirForms) {
  EXPECT_TRUE(slice("4x4x8-twisted")->inside.twisted);
  EXPECT_TRUE(slice("4x8x8_twisted")->inside.twisted);
  EXPECT_FALSE(slice("8x8x8-twisted"));
  EXPECT_THAT(problem(), HasSubstr("AxAx2A or Ax2Ax2A"));
}

// A 16x16 torus without cubes wraps only on full axes.
TEST(Wiring, FlatToriWrapOnFullAxes) {
  model::Domain domain;
  domain.topology = model::DomainTopology::kTorus;
  domain.torus = {16, 16};
  domain.wraps = {true, true};
  domain.sub_slices = {{8, 16}};
  domain.chips_installed = domain.chips_usable = domain.chips_used = 256;
  base::Diagnostics problems;
  const auto w = wiring_of({}, {"pod", &domain, nullptr, nullptr, 1}, "8x16", problems);
  ASSERT_TRUE(w);
  EXPECT_FALSE(w->inside.axes[0].wraps);
  EXPECT_TRUE(w->inside.axes[1].wraps);
}

// 144 GPUs are two racks of 72, 128 two of the 64 that jobs use; 73 are none.
TEST(Wiring, SwitchedDomainsTakeChipsAndGroups) {
  model::Platform platform;
  const auto nic = platform.nics.add({.name = "nic", .bandwidth = base::BytesPerSecond{50e9}});
  const auto node = platform.nodes.add({.name = "tray", .accelerators = 4, .nic = nic, .nics = 4});
  model::Domain domain;
  domain.node = node;
  domain.chips_installed = domain.chips_usable = 72;
  domain.chips_used = 64;
  domain.link_bandwidth = base::BytesPerSecond{50e9};
  domain.links_per_chip = 18;
  model::Fabric fabric;
  const Place place{"racks", &domain, nullptr, &fabric, 4};
  base::Diagnostics problems;
  EXPECT_EQ(wiring_of(platform, place, "72", problems)->between.groups, 1);
  EXPECT_EQ(wiring_of(platform, place, "128", problems)->between.groups, 2);
  EXPECT_EQ(wiring_of(platform, place, "144", problems)->inside.ports, 72);
  const auto three = wiring_of(platform, place, "3*4", problems);
  EXPECT_EQ(three->chips(), 12);
  EXPECT_EQ(three->between.nic.value, 50e9);
  EXPECT_FALSE(wiring_of(platform, place, "73", problems));
  EXPECT_FALSE(wiring_of(platform, place, "5*64", problems));
}

TEST(Topology, AbstractNetworksAreRead) {
  base::Diagnostics problems;
  const LinkSpec cable{base::BytesPerSecond{1e9}, base::Seconds{1e-6}};
  EXPECT_EQ(parse_topology("torus:4x4x8", cable, problems)->chips(), 128);
  EXPECT_FALSE(parse_topology("mesh:4x4", cable, problems)->inside.axes[0].wraps);
  EXPECT_TRUE(parse_topology("nvswitch:8", cable, problems)->inside.in_network_reduction);
  const auto tree = parse_topology("fat-tree:8x16@2", cable, problems);
  EXPECT_EQ(tree->between.groups, 128);
  EXPECT_EQ(tree->between.tiers[1].oversubscription, 2.0);
  EXPECT_FALSE(problems.has_errors());
  for (const char* bad : {"torus", "torus:", "torus:4x0", "torus:2x2x2x2", "star:4", "fat-tree:4",
                          "fat-tree:4x4@0.5", "switch:4x4", "switch:1.5"}) {
    EXPECT_FALSE(parse_topology(bad, cable, problems)) << bad;
  }
}

}  // namespace
}  // namespace busbar::topology
