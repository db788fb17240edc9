#include "sim/topology/fleet_network.h"

#include <gmock/gmock.h>

#include "sim/topology/flows.h"
#include "sim/topology/paths.h"

namespace busbar::topology {
namespace {

using ::testing::SizeIs;

// One site with two halls: 6 racks of 4 nodes with 2 NICs of 50 GB/s each in one, 2 in the other;
// switch groups of 4 racks, 2:1 above; the first hall has an uplink of 100 GB/s. And one site whose
// only cluster has no NICs.
class Fleet : public ::testing::Test {
 protected:
  Fleet() {
    model::Nic nic;
    nic.name = "nic";
    nic.bandwidth = base::BytesPerSecond{50e9};
    model::Node node, bare;
    node.name = "tray";
    node.nic = platform_.nics.add(nic);
    node.nics = 2;
    bare.name = "bare";
    model::Domain rack, lone;
    rack.name = "rack";
    rack.node = platform_.nodes.add(node);
    rack.nodes = 4;
    lone.name = "lone";
    lone.node = platform_.nodes.add(bare);
    lone.nodes = 1;
    model::Fabric fabric;
    fabric.name = "fabric";
    fabric.latency = base::Seconds{10e-6};
    fabric.tiers = {{"group", 4, 1.0}, {"core", 0, 2.0}};
    model::Site site, other;
    site.name = "texas";
    site.buildings = {{"hall-a", {0}, {}, base::BytesPerSecond{100e9}}, {"hall-b", {0}, {}, {}}};
    other.name = "york";
    model::Cluster cluster, alone;
    cluster.name = "gpu";
    cluster.site = platform_.sites.add(site);
    cluster.domain = platform_.domains.add(rack);
    cluster.fabric = platform_.fabrics.add(fabric);
    cluster.deliveries = {{0.0, 5, 0}, {1.0, 2, 1}, {2.0, 1, 0}};
    alone.name = "alone";
    alone.site = platform_.sites.add(other);
    alone.domain = platform_.domains.add(lone);
    alone.deliveries = {{0.0, 3, -1}};
    platform_.clusters.add(cluster);
    platform_.clusters.add(alone);
  }
  int find(const FleetNetwork& fleet, const std::string& name) const {
    for (size_t v = 0; v < fleet.network.vertices().size(); ++v) {
      if (fleet.network.vertices()[v].name == name) return static_cast<int>(v);
    }
    ADD_FAILURE() << "no vertex " << name;
    return 0;
  }
  model::Platform platform_;
};

TEST_F(Fleet, DomainsStandInBlocksOfTheirHall) {
  const FleetNetwork fleet = fleet_network(platform_);
  EXPECT_THAT(fleet.network.of_kind(VertexKind::kDomain), SizeIs(8));
  ASSERT_THAT(fleet.blocks, SizeIs(3));
  EXPECT_THAT(fleet.blocks[0].domains, SizeIs(4));
  EXPECT_THAT(fleet.blocks[1].domains, SizeIs(2));
  EXPECT_THAT(fleet.blocks[2].domains, SizeIs(2));
  EXPECT_EQ(fleet.network.vertices()[static_cast<size_t>(fleet.blocks[2].domains[0])].name,
            "gpu-6");
  // All domains but their own end at the site.
  for (const int v : fleet.network.of_kind(VertexKind::kDomain)) {
    EXPECT_EQ(components(fleet.network)[static_cast<size_t>(v)], 0);
  }
}

// A rack sends 400 GB/s; four of them 800 above their group, six 1,200; the hall's uplink 100.
TEST_F(Fleet, CapacitiesShrinkUpwards) {
  const FleetNetwork fleet = fleet_network(platform_);
  const Network& n = fleet.network;
  const auto flow = [&](const std::vector<int>& from, const std::vector<int>& to) {
    return min_cut(n, from, to).capacity.value;
  };
  EXPECT_DOUBLE_EQ(flow({find(fleet, "gpu-0")}, {find(fleet, "gpu-1")}), 400e9);
  EXPECT_DOUBLE_EQ(flow(fleet.blocks[0].domains, {fleet.blocks[1].switch_vertex}), 400e9);
  EXPECT_DOUBLE_EQ(flow(fleet.blocks[0].domains, {find(fleet, "gpu.hall-a.core-0")}), 800e9);
  EXPECT_DOUBLE_EQ(flow(fleet.blocks[0].domains, fleet.blocks[2].domains), 100e9);
  // Without a stated uplink the other hall's carries what its racks can send: 2 x 400 over 2:1.
  EXPECT_DOUBLE_EQ(flow({find(fleet, "gpu.hall-b.core-0")}, {0}), 400e9);
  EXPECT_NEAR(shortest_path(n, find(fleet, "gpu-0"), find(fleet, "gpu-7"))->latency.value, 10e-6,
              1e-15);
}

}  // namespace
}  // namespace busbar::topology
