#include "sim/topology/wiring_network.h"

#include <gmock/gmock.h>

#include <numeric>
#include <set>

#include "sim/topology/flows.h"
#include "sim/topology/paths.h"
#include "tests/unit/topology/wirings.h"

namespace busbar::topology {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::vector<int> all_chips(const Network& network) { return network.of_kind(VertexKind::kChip); }

// The cables of a layer: their number and the capacity of one.
std::pair<size_t, double> layer(const Network& network, const std::string& name) {
  size_t count = 0;
  double capacity_Bps = 0.0;
  for (const Cable& cable : network.cables()) {
    if (cable.layer != name) continue;
    ++count;
    capacity_Bps = cable.capacity.value;
  }
  return {count, capacity_Bps};
}

// A torus of three wrapped axes has three cables a chip; each chip ends six.
TEST(WiringNetwork, TorusHasThreeCablesAChip) {
  const Network network = network_of(torus({4, 4, 8}));
  EXPECT_THAT(network.vertices(), SizeIs(128));
  EXPECT_THAT(network.cables(), SizeIs(384));
  for (const int chip : all_chips(network)) EXPECT_THAT(network.links_from(chip), SizeIs(6));
  EXPECT_EQ(network.vertices()[1].name, "chip-0-0-1");
  EXPECT_THAT(network.vertices()[127].at, ElementsAre(3, 3, 7));
}

// A mesh has no cable over its ends; an axis of two that wraps has two cables between its chips.
TEST(WiringNetwork, EndsAreJoinedOnlyWhereAnAxisWraps) {
  EXPECT_THAT(network_of(torus({4, 4}, false)).cables(), SizeIs(24));
  EXPECT_THAT(network_of(torus({2})).cables(), SizeIs(2));
  EXPECT_THAT(network_of(torus({1, 1, 1})).cables(), SizeIs(0));
}

// Farthest two chips of a torus: half of each axis. Of a mesh: the whole.
TEST(WiringNetwork, DiameterIsHalfOfEachWrappedAxis) {
  for (const std::vector<int>& extents : {std::vector{4, 4, 4}, {4, 8, 8}, {16, 16}, {3, 5, 2}}) {
    int half = 0, whole = 0;
    for (const int e : extents) {
      half += e / 2;
      whole += e - 1;
    }
    const Network network = network_of(torus(extents)), mesh = network_of(torus(extents, false));
    EXPECT_EQ(distances(network, all_chips(network), all_chips(network)).diameter, half);
    EXPECT_EQ(distances(mesh, all_chips(mesh), all_chips(mesh)).diameter, whole);
  }
}

// The twist evens out the axes: 4x4x8 gets shorter ways and a wider waist. The reach of a twisted
// n x n x 2n torus is published (Camara et al.): all chips look alike, and the
// mean distance falls.
TEST(WiringNetwork, TwistShortensWaysAndKeepsChipsAlike) {
  const Network plain = network_of(torus({4, 4, 8})),
                twisted = network_of(torus({4, 4, 8}, true, 100e9, true));
  EXPECT_EQ(twisted.cables().size(), plain.cables().size());
  const auto chips = all_chips(twisted);
  const Distances straight = distances(plain, {0}, chips), bent = distances(twisted, {0}, chips);
  EXPECT_EQ(straight.diameter, 8);
  EXPECT_LT(bent.diameter, 8);
  EXPECT_LT(bent.mean_hops, 0.95 * straight.mean_hops);
  for (const int chip : chips) {
    EXPECT_NEAR(distances(twisted, {chip}, chips).mean_hops, bent.mean_hops, 1e-12);
    EXPECT_THAT(twisted.links_from(chip), SizeIs(6));
  }
  EXPECT_GT(bisection(torus({4, 4, 8}, true, 100e9, true)).value,
            bisection(torus({4, 4, 8})).value);
}

// All-to-all in which every link carries its share of all hops. Untwisted, the longest axis of k
// binds: k/8 of what a chip sends crosses each of its links. TPU v4's twist is published to speed
// it up 1.63 times on 4x4x8 and 1.31 times on 4x8x8 (Jouppi et al., ISCA 2023): near the bound and
// below it.
TEST(WiringNetwork, TwistBoundsThePublishedGain) {
  for (const auto& [extents, published] :
       {std::pair{std::vector{4, 4, 8}, 1.63}, {std::vector{4, 8, 8}, 1.31}}) {
    const Network network = network_of(torus(extents, true, 100e9, true));
    const auto chips = all_chips(network);
    const double count = static_cast<double>(chips.size());
    const double hops = distances(network, {0}, chips).mean_hops * (count - 1.0) / count;
    const double gain = (8.0 / 8.0) / (hops / 6.0);
    EXPECT_GT(gain, published);
    EXPECT_LT(gain, 1.1 * published);
  }
}

// Trainium 2 UltraServer: a ring of four hosts over 4x4 tori, its cables slower than those inside.
TEST(WiringNetwork, AxesMayHaveUnlikeCables) {
  ScaleUp ultra = torus({4, 4, 4}, true, 128e9);
  ultra.axes[2].cable = base::BytesPerSecond{64e9};
  const Network network = network_of(ultra);
  EXPECT_EQ(layer(network, "x"), std::make_pair(size_t{64}, 128e9));
  EXPECT_EQ(layer(network, "z"), std::make_pair(size_t{64}, 64e9));
  EXPECT_DOUBLE_EQ(bisection(ultra).value, 2 * 16 * 64e9);
}

TEST(WiringNetwork, SwitchHasAPortAChip) {
  const Network network = network_of(switched(72, 900e9));
  EXPECT_THAT(network.cables(), SizeIs(72));
  EXPECT_EQ(distances(network, {0}, all_chips(network)).diameter, 2);
  EXPECT_NEAR(shortest_path(network, 0, 71)->latency.value, 1e-6, 1e-18);
  // NVL72: 130 TB/s over both directions of all ports.
  EXPECT_DOUBLE_EQ(2.0 * 72 * layer(network, "port").second, 129.6e12);
  std::vector<int> half(36);
  std::iota(half.begin(), half.end(), 0);
  EXPECT_DOUBLE_EQ(cut_between_halves(network, half).capacity.value, 36 * 900e9);
  EXPECT_DOUBLE_EQ(bisection(switched(72, 900e9)).value, 36 * 900e9);
}

// Rails: 4 groups of 8 chips in blocks of 2, 2:1 above. A leaf for each rail and block, one spine.
class FatTree : public ::testing::Test {
 protected:
  FatTree() {
    wiring_.inside = switched(8, 450e9);
    wiring_.between.groups = 4;
    wiring_.between.nic = base::BytesPerSecond{50e9};
    wiring_.between.latency = base::Seconds{10e-6};
    wiring_.between.tiers = {{"leaf", 2, 1.0}, {"spine", 0, 2.0}};
  }
  Wiring wiring_;
};

TEST_F(FatTree, HasALeafForEachRailAndBlock) {
  const Network network = network_of(wiring_);
  EXPECT_THAT(all_chips(network), SizeIs(32));
  EXPECT_THAT(network.of_kind(VertexKind::kSwitch), SizeIs(4 + 16 + 1));
  EXPECT_EQ(layer(network, "nic"), std::make_pair(size_t{32}, 50e9));
  EXPECT_EQ(layer(network, "spine"), std::make_pair(size_t{16}, 50e9));  // two NICs over 2:1
  std::set<std::string> names;
  for (const Vertex& v : network.vertices()) names.insert(v.name);
  EXPECT_EQ(names.size(), network.vertices().size());
}

// Inside a block a rail is one switch away; across blocks the spine halves what a block can send.
TEST_F(FatTree, OversubscriptionNarrowsTheTierAbove) {
  const Network network = network_of(wiring_);
  const int away = 9;  // chips of the next group start behind eight chips and their switch
  EXPECT_EQ(hops_from(network, 0)[static_cast<size_t>(away)], 2);
  EXPECT_NEAR(shortest_path(network, 0, away)->latency.value, 10e-6, 1e-18);
  std::vector<int> first_block, first_group;
  for (const int chip : all_chips(network)) {
    const int group = network.vertices()[static_cast<size_t>(chip)].group;
    if (group < 2) first_block.push_back(chip);
    if (group == 0) first_group.push_back(chip);
  }
  EXPECT_DOUBLE_EQ(cut_between_halves(network, first_block).capacity.value, 16 * 50e9 / 2.0);
  EXPECT_DOUBLE_EQ(cut_between_halves(network, first_group).capacity.value, 8 * 50e9);
}

// Llama 3's network (arXiv 2407.21783): 3,072 GPUs to a pod at full bisection, 1:7 above. Between
// two pods a GPU is left with 50 / 7 GB/s.
TEST(WiringNetwork, PodsOfLlama3) {
  Wiring wiring;
  wiring.inside = switched(8, 450e9);
  wiring.between.groups = 768;
  wiring.between.nic = base::BytesPerSecond{50e9};
  wiring.between.tiers = {{"pod", 384, 1.0}, {"core", 0, 7.0}};
  const Network network = network_of(wiring);
  std::vector<int> pod, half_pod, other_half;
  for (const int chip : all_chips(network)) {
    const int group = network.vertices()[static_cast<size_t>(chip)].group;
    if (group < 384) pod.push_back(chip);
    if (group < 192) half_pod.push_back(chip);
    if (group >= 192 && group < 384) other_half.push_back(chip);
  }
  EXPECT_NEAR(cut_between_halves(network, pod).capacity.value, 3072 * 50e9 / 7.0, 1e6);
  EXPECT_NEAR(min_cut(network, half_pod, other_half).capacity.value, 1536 * 50e9, 1.0);
}

// Where the lowest tier itself is oversubscribed, a group's NICs share what is left.
TEST_F(FatTree, AGroupSharesAnOversubscribedLowestTier) {
  wiring_.between.tiers = {{"core", 0, 4.0}};
  const Network network = network_of(wiring_);
  std::vector<int> first_group(8);
  std::iota(first_group.begin(), first_group.end(), 0);
  EXPECT_DOUBLE_EQ(cut_between_halves(network, first_group).capacity.value, 8 * 50e9 / 4.0);
  // A chip alone gets what its group shares, through its neighbours' NICs too, and no more.
  EXPECT_DOUBLE_EQ(min_cut(network, {0}, {9}).capacity.value, 8 * 50e9 / 4.0);
}

// Three sites: the WAN between a pair bounds it directly, and a detour over the third adds to it.
TEST_F(FatTree, SitesAreJoinedInPairs) {
  wiring_.sites = 3;
  wiring_.wan = base::BytesPerSecond{100e9};
  wiring_.wan_latency = base::Seconds{5e-3};
  const Network network = network_of(wiring_);
  const auto sites = network.of_kind(VertexKind::kSite);
  ASSERT_THAT(sites, SizeIs(3));
  EXPECT_EQ(layer(network, "wan"), std::make_pair(size_t{3}, 100e9));
  EXPECT_DOUBLE_EQ(min_cut(network, {sites[0]}, {sites[1]}).capacity.value, 200e9);
  EXPECT_NEAR(shortest_path(network, 0, all_chips(network).back())->latency.value, 5.010e-3, 1e-12);
}

TEST(WiringNetwork, WanHasSitesThenRouters) {
  model::Platform platform;
  model::Site texas, york;
  texas.name = "texas";
  york.name = "york";
  platform.sites.add(texas);
  platform.sites.add(york);
  model::Router router;
  router.name = "net-chicago";
  platform.routers.add(router);
  platform.wan_links.add(
      {"a", {{0}, {}}, {{}, {0}}, base::BytesPerSecond{1e9}, base::Seconds{0.01}, {}});
  platform.wan_links.add(
      {"b", {{1}, {}}, {{}, {0}}, base::BytesPerSecond{2e9}, base::Seconds{0.02}, {}});
  const Network network = wan_of(platform);
  ASSERT_THAT(network.vertices(), SizeIs(3));
  EXPECT_EQ(network.vertices()[2].kind, VertexKind::kRouter);
  const auto path = shortest_path(network, 0, 1);
  ASSERT_TRUE(path.has_value());
  EXPECT_THAT(path->links, ElementsAre(0, 3));
  EXPECT_NEAR(path->latency.value, 0.03, 1e-12);
}

}  // namespace
}  // namespace busbar::topology
