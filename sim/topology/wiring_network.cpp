#include "sim/topology/wiring_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace busbar::topology {
namespace {

size_t at(int index) { return static_cast<size_t>(index); }

std::string axis_name(size_t axis) {
  return axis < 3 ? std::string(1, static_cast<char>('x' + axis)) : fmt::format("axis-{}", axis);
}

// The number of the chip with some coordinates; the last axis is the fastest.
int chip_at(const std::vector<Axis>& axes, const std::vector<int>& place) {
  int chip = 0;
  for (size_t axis = 0; axis < axes.size(); ++axis) chip = chip * axes[axis].extent + place[axis];
  return chip;
}

// Steps over the end of an axis; a twist shifts along the longest axes too.
std::vector<int> wrapped(const ScaleUp& inside, std::vector<int> place, size_t axis) {
  place[axis] = 0;
  if (!inside.twisted) return place;
  int longest = 0;
  for (const Axis& a : inside.axes) longest = std::max(longest, a.extent);
  if (inside.axes[axis].extent == longest) return place;
  for (size_t other = 0; other < place.size(); ++other) {
    if (inside.axes[other].extent != longest) continue;
    place[other] = (place[other] + longest / 2) % longest;
  }
  return place;
}

void add_torus(const ScaleUp& inside, const std::string& prefix, int group, Network& network) {
  const int first = static_cast<int>(network.vertices().size());
  const std::vector<Axis>& axes = inside.axes;
  int chips = 1;
  for (const Axis& axis : axes) chips *= axis.extent;
  std::vector<std::vector<int>> places(at(chips), std::vector<int>(axes.size()));
  for (size_t chip = 0; chip < places.size(); ++chip) {
    size_t rest = chip;
    for (size_t axis = axes.size(); axis-- > 0;) {
      const size_t extent = at(std::max(1, axes[axis].extent));
      places[chip][axis] = static_cast<int>(rest % extent);
      rest /= extent;
    }
    network.add_vertex({fmt::format("{}chip-{}", prefix, fmt::join(places[chip], "-")),
                        VertexKind::kChip, group, places[chip]});
  }
  for (size_t axis = 0; axis < axes.size(); ++axis) {
    const int extent = axes[axis].extent;
    for (size_t chip = 0; extent > 1 && chip < places.size(); ++chip) {
      const bool last = places[chip][axis] + 1 == extent;
      if (last && !axes[axis].wraps) continue;
      std::vector<int> next = places[chip];
      ++next[axis];
      if (last) next = wrapped(inside, places[chip], axis);
      network.add_cable({first + static_cast<int>(chip), first + chip_at(axes, next),
                         axes[axis].cable, inside.hop, axis_name(axis), last});
    }
  }
}

void add_switch(const ScaleUp& inside, const std::string& prefix, int group, Network& network) {
  const int first = static_cast<int>(network.vertices().size());
  for (int chip = 0; chip < inside.ports; ++chip) {
    network.add_vertex({fmt::format("{}chip-{}", prefix, chip), VertexKind::kChip, group});
  }
  if (inside.ports < 2) return;
  const int hub = network.add_vertex({prefix + "switch", VertexKind::kSwitch, group});
  for (int chip = 0; chip < inside.ports; ++chip) {
    network.add_cable({first + chip, hub, inside.port, inside.hop * 0.5, "port"});
  }
}

void add_group(const ScaleUp& inside, const std::string& prefix, int group, Network& network) {
  if (inside.kind == model::DomainTopology::kTorus) {
    add_torus(inside, prefix, group, network);
  } else {
    add_switch(inside, prefix, group, network);
  }
}

// Where traffic climbs: a chip or switch, what comes up through it, and below which group.
struct Port {
  int vertex = -1;
  base::BytesPerSecond up;
  int group = 0;  // scale-up group of the site, the first below it
  int rail = -1;  // -1: all rails
};

// The fabric of one site, from its chips up to its top switches.
class FabricBuilder {
 public:
  FabricBuilder(const Wiring& wiring, const std::string& prefix, Network& network)
      : between_(wiring.between), prefix_(prefix), network_(network) {}

  std::vector<Port> build(std::vector<Port> chips) {
    std::vector<Tier> tiers = between_.tiers;
    if (tiers.empty()) tiers.push_back({"rail", 0, 1.0});
    std::vector<Port> ports = std::move(chips);
    base::Seconds latency = between_.latency * 0.5;
    std::string layer = "nic";
    if (tiers.front().oversubscription > 1.0) {
      ports = gather("access", 1, 1.0, false, latency, layer, ports);
      latency = {};
      layer = tiers.front().name;
    }
    for (size_t t = 0; t < tiers.size(); ++t) {
      const bool by_rail = t == 0 && ports.front().rail >= 0;
      ports = gather(tiers[t].name, tiers[t].groups, tiers[t].oversubscription, by_rail, latency,
                     layer, ports);
      latency = {};
      if (t + 1 < tiers.size()) layer = tiers[t + 1].name;
    }
    return ports;
  }

 private:
  // Joins ports by new switches, one for each `groups` scale-up groups (0: all) and, if asked for,
  // each rail.
  std::vector<Port> gather(const std::string& tier, int groups, double oversubscription,
                           bool by_rail, base::Seconds latency, const std::string& layer,
                           const std::vector<Port>& ports) {
    std::vector<Port> above;
    std::map<std::pair<int, int>, size_t> known;
    for (const Port& port : ports) {
      const int block = groups == 0 ? 0 : port.group / groups;
      const int rail = by_rail ? port.rail : -1;
      const auto [entry, is_new] = known.emplace(std::pair{block, rail}, above.size());
      if (is_new) {
        std::string name = fmt::format("{}{}-{}", prefix_, tier, block);
        if (rail >= 0) name += fmt::format(".rail-{}", rail);
        above.push_back(
            {network_.add_vertex({name, VertexKind::kSwitch, block}), {}, port.group, rail});
      }
      Port& to = above[entry->second];
      const base::BytesPerSecond capacity = port.up / oversubscription;
      network_.add_cable({port.vertex, to.vertex, capacity, latency, layer});
      to.up += capacity;
    }
    return above;
  }

  const ScaleOut& between_;
  const std::string& prefix_;
  Network& network_;
};

}  // namespace

Network network_of(const ScaleUp& inside) {
  Network network;
  add_group(inside, "", 0, network);
  return network;
}

Network network_of(const Wiring& wiring) {
  Network network;
  std::vector<int> sites;
  for (int s = 0; s < wiring.sites; ++s) {
    const std::string site = wiring.sites > 1 ? fmt::format("site-{}.", s) : "";
    std::vector<Port> chips;
    for (int g = 0; g < wiring.between.groups; ++g) {
      const std::string group =
          wiring.between.groups > 1 ? fmt::format("{}group-{}.", site, g) : site;
      int vertex = static_cast<int>(network.vertices().size());
      add_group(wiring.inside, group, s * wiring.between.groups + g, network);
      for (int rail = 0; vertex < static_cast<int>(network.vertices().size()); ++vertex) {
        if (network.vertices()[at(vertex)].kind != VertexKind::kChip) continue;
        chips.push_back({vertex, wiring.between.nic, g, rail++});
      }
    }
    if (wiring.between.groups < 2 && wiring.sites < 2) continue;
    const std::vector<Port> tops = FabricBuilder(wiring, site, network).build(chips);
    if (wiring.sites < 2) continue;
    sites.push_back(network.add_vertex({fmt::format("site-{}", s), VertexKind::kSite}));
    for (const Port& top : tops) {
      network.add_cable({top.vertex, sites.back(), top.up, {}, "site"});
    }
  }
  for (size_t a = 0; a < sites.size(); ++a) {
    for (size_t b = a + 1; b < sites.size(); ++b) {
      network.add_cable({sites[a], sites[b], wiring.wan, wiring.wan_latency, "wan"});
    }
  }
  return network;
}

Network wan_of(const model::Platform& platform) {
  Network network;
  for (const model::Site& site : platform.sites) {
    network.add_vertex({site.name,
                        VertexKind::kSite,
                        0,
                        {},
                        site.latitude_deg,
                        site.longitude_deg,
                        true,
                        site.title});
  }
  for (const model::Router& router : platform.routers) {
    network.add_vertex({router.name,
                        VertexKind::kRouter,
                        0,
                        {},
                        router.latitude_deg,
                        router.longitude_deg,
                        router.placed,
                        router.title});
  }
  const int sites = static_cast<int>(platform.sites.size());
  const auto vertex = [&](const model::WanEnd& end) {
    return end.site ? end.site.index : sites + end.router.index;
  };
  for (const model::WanLink& link : platform.wan_links) {
    network.add_cable(
        {vertex(link.a), vertex(link.b), link.bandwidth, link.latency, "wan", false, link.name});
  }
  return network;
}

}  // namespace busbar::topology
