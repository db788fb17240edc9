#include "sim/engine/simgrid_platform.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>

#include "sim/engine/simgrid_compat.h"
#include "sim/input/reader.h"
#include "sim/topology/paths.h"
#include "sim/topology/wiring_network.h"
#include "tests/unit/engine/in_child.h"

namespace busbar::engine {
namespace {

namespace sg = simgrid::s4u;
using topology::Network;
using topology::VertexKind;

// A route as three figures.
struct Figures {
  size_t links = 0;
  double latency_s = 0.0;
  double narrowest_Bps = std::numeric_limits<double>::infinity();
};

Figures of(const Network& network, const topology::Path& path) {
  Figures figures{path.links.size(), path.latency.value};
  for (const int link : path.links) {
    figures.narrowest_Bps = std::min(figures.narrowest_Bps, network.cable_of(link).capacity.value);
  }
  return figures;
}

// Loads a platform file as any user of SimGrid would.
class Loaded {
 public:
  explicit Loaded(const std::string& text) : engine_(&count_, words_) {
    sg::Engine::set_config("network/model:CM02");
    const auto path = std::filesystem::temp_directory_path() / fmt::format("sg-{}.xml", getpid());
    std::ofstream(path) << text;
    engine_.load_platform(path.string());
    engine_.seal_platform();  // as at the start of a run
    std::filesystem::remove(path);
    for (sg::Host* host : engine_.get_all_hosts()) hosts_[host->get_name()] = host;
  }
  size_t hosts() const { return hosts_.size(); }
  const sg::Host& host(const std::string& name) const { return *hosts_.at(name); }
  Figures route(const std::string& from, const std::string& to) const {
    std::vector<sg::Link*> links;
    Figures figures;
    hosts_.at(from)->route_to(hosts_.at(to), links, &figures.latency_s);
    figures.links = links.size();
    for (const sg::Link* link : links) {
      figures.narrowest_Bps = std::min(figures.narrowest_Bps, link->get_bandwidth());
    }
    return figures;
  }

 private:
  char name_[5] = "test";
  char log_[26] = "--log=root.thres:critical";
  char* words_[3] = {name_, log_, nullptr};
  int count_ = 2;
  sg::Engine engine_;
  std::map<std::string, sg::Host*> hosts_;
};

void expect_equal(const Figures& theirs, const Figures& ours, const std::string& what) {
  EXPECT_EQ(theirs.links, ours.links) << what;
  EXPECT_NEAR(theirs.latency_s, ours.latency_s, 1e-9 * ours.latency_s + 1e-15) << what;
  EXPECT_NEAR(theirs.narrowest_Bps, ours.narrowest_Bps, 1e-9 * ours.narrowest_Bps) << what;
}

// Routes between each of some hosts and all of them, both ways.
void compare(const Loaded& loaded, const Network& network, const std::vector<int>& from,
             const std::vector<int>& to) {
  for (const int a : from) {
    const auto tree = topology::shortest_tree(network, a);
    for (const int b : to) {
      if (a == b) continue;
      const auto path = topology::path_along(network, tree, a, b);
      ASSERT_TRUE(path.has_value());
      const std::string &name = network.vertices()[static_cast<size_t>(a)].name,
                        &other = network.vertices()[static_cast<size_t>(b)].name;
      const Figures ours = of(network, *path);
      expect_equal(loaded.route(name, other), ours, name + " to " + other);
      expect_equal(loaded.route(other, name), ours, other + " to " + name);
    }
  }
}

std::vector<int> every(const std::vector<int>& all, size_t step) {
  std::vector<int> some;
  for (size_t i = 0; i < all.size(); i += step) some.push_back(all[i]);
  return some;
}

model::Platform world(const std::string& name) {
  base::Diagnostics problems;
  auto platform = input::read_platform("platforms/worlds/" + name + ".xml", {}, problems);
  EXPECT_TRUE(platform.has_value());
  return std::move(*platform);
}

void compare_fleet(const std::string& name, size_t step) {
  const model::Platform platform = world(name);
  in_child([&] {
    const auto fleet = topology::fleet_network(platform);
    const Loaded loaded(simgrid_fleet(fleet, platform, {.name = name, .title = "a test"}));
    const std::vector<int> domains = fleet.network.of_kind(VertexKind::kDomain);
    EXPECT_EQ(loaded.hosts(), domains.size());
    // Each block once, so that every site, cluster, building and tier has its turn.
    std::vector<int> firsts;
    for (const auto& block : fleet.blocks) firsts.push_back(block.domains.front());
    compare(loaded, fleet.network, firsts, firsts);
    compare(loaded, fleet.network, {domains.front(), domains.back()}, every(domains, step));
  });
}

TEST(SimgridPlatform, TinyByDomains) { compare_fleet("tiny", 1); }
TEST(SimgridPlatform, AnthropicByDomains) { compare_fleet("anthropic-2026", 97); }

TEST(SimgridPlatform, AnthropicBySites) {
  const model::Platform platform = world("anthropic-2026");
  in_child([&] {
    const Network network = topology::wan_of(platform);
    const Loaded loaded(simgrid_wan(network, {.name = "sites", .title = "a test"}));
    const auto sites = network.of_kind(VertexKind::kSite);
    EXPECT_EQ(loaded.hosts(), 6u);
    compare(loaded, network, sites, sites);
  });
}

topology::Wiring torus(const std::vector<int>& extents) {
  topology::Wiring wiring;
  wiring.inside.kind = model::DomainTopology::kTorus;
  for (const int extent : extents) {
    wiring.inside.axes.push_back({extent, true, base::BytesPerSecond{100e9}});
  }
  wiring.inside.hop = base::Seconds{1e-6};
  return wiring;
}

// SimGrid's own torus under the numbers of our chips: the same distances from several chips.
TEST(SimgridPlatform, TorusByChips) {
  in_child([&] {
    const topology::Wiring wiring = torus({4, 8, 6});
    const Network network = topology::network_of(wiring);
    const Loaded loaded(simgrid_slice(wiring, network, {.name = "torus", .title = "a test"}));
    ASSERT_EQ(loaded.hosts(), 192u);
    for (const int from : {0, 1, 77, 191}) {
      const auto hops = topology::hops_from(network, from);
      for (int to = 0; to < 192; ++to) {
        if (to == from) continue;
        const auto links = static_cast<size_t>(hops[static_cast<size_t>(to)]);
        expect_equal(loaded.route(fmt::format("chip-{}", from), fmt::format("chip-{}", to)),
                     {links, 1e-6 * static_cast<double>(links), 100e9},
                     fmt::format("{} to {}", from, to));
      }
    }
  });
}

// A twisted torus has no counterpart: routes are written out, or found by SimGrid.
TEST(SimgridPlatform, TwistedTorusByChips) {
  for (const std::vector<int>& extents : {std::vector{4, 4, 8}, {8, 8, 16}}) {
    topology::Wiring wiring = torus(extents);
    wiring.inside.twisted = true;
    in_child([&] {
      const Network network = topology::network_of(wiring);
      const Loaded loaded(simgrid_slice(wiring, network, {.name = "twisted", .title = "a test"}));
      const auto chips = network.of_kind(VertexKind::kChip);
      ASSERT_EQ(loaded.hosts(), chips.size());
      compare(loaded, network, {0, 77}, every(chips, chips.size() / 32));
    });
  }
}

// Two racks of eight chips over an oversubscribed fabric.
TEST(SimgridPlatform, RailsByChips) {
  in_child([&] {
    topology::Wiring wiring;
    wiring.inside.ports = 8;
    wiring.inside.port = base::BytesPerSecond{450e9};
    wiring.inside.hop = base::Seconds{1e-6};
    wiring.between.groups = 4;
    wiring.between.nic = base::BytesPerSecond{50e9};
    wiring.between.latency = base::Seconds{10e-6};
    wiring.between.tiers = {{"leaf", 2, 1.0}, {"core", 0, 2.0}};
    const Network network = topology::network_of(wiring);
    const Loaded loaded(simgrid_slice(wiring, network, {.name = "rails", .title = "a test"}));
    const auto chips = network.of_kind(VertexKind::kChip);
    EXPECT_EQ(loaded.hosts(), 32u);
    compare(loaded, network, chips, chips);
  });
}

// Names out of files do not break the XML, nor the comment.
TEST(SimgridPlatform, NamesAreEscaped) {
  Network network;
  network.add_vertex({"a", VertexKind::kSite});
  network.add_vertex({"b", VertexKind::kSite});
  network.add_cable(
      {0, 1, base::BytesPerSecond{1e9}, base::Seconds{1e-3}, "wan", false, "R&D \"<link>\""});
  in_child([&] {
    const Loaded loaded(
        simgrid_wan(network, {.name = "R&D <world>", .title = "Texas -- & --- 'New' York"}));
    expect_equal(loaded.route("a", "b"), {1, 1e-3, 1e9}, "a to b");
  });
}

}  // namespace
}  // namespace busbar::engine
