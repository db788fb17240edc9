#include "sim/engine/simgrid_platform.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "sim/base/error.h"
#include "sim/base/text.h"
#include "sim/topology/paths.h"

namespace busbar::engine {
namespace {

using topology::Cable;
using topology::Network;
using topology::VertexKind;

size_t at(int index) { return static_cast<size_t>(index); }
std::string bandwidth(base::BytesPerSecond rate) { return fmt::format("{:.12g}Bps", rate.value); }
std::string latency(base::Seconds time) { return fmt::format("{:.12g}s", time.value); }
std::string speed(base::FlopsPerSecond rate) { return fmt::format("{:.12g}f", rate.value); }

// The lines of one file.
class Writer {
 public:
  Writer(const Network& network, const SimgridFile& file) : network_(network) {
    line("<?xml version='1.0'?>");
    line("<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">");
    // A comment may not hold two dashes.
    std::string title = base::escape_xml(file.title);
    for (size_t dash; (dash = title.find("--")) != std::string::npos;) title.replace(dash, 2, "-");
    line("<!-- {} -->", title);
    line(
        "<!-- For plain max-min sharing: network/model:CM02 network/crosstraffic:0, and no TCP "
        "window");
    line("     (network/TCP-gamma:0; 1e30 before SimGrid 3.34). Shares weigh 1/latency there. -->");
    line("<platform version=\"4.1\">");
  }
  std::string finish() {
    line("</platform>");
    return std::move(text_);
  }

  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    text_.append(2 * depth_, ' ');
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }
  void open_zone(const std::string& id, const char* routing) {
    line("<zone id=\"{}\" routing=\"{}\">", base::escape_xml(id), routing);
    ++depth_;
  }
  void close_zone() {
    --depth_;
    line("</zone>");
  }
  void prop(const char* id, const std::string& value) {
    line("<prop id=\"{}\" value=\"{}\"/>", id, base::escape_xml(value));
  }
  void link(int cable) {
    const Cable& c = network_.cables()[at(cable)];
    line("<link id=\"{}\" bandwidth=\"{}\" latency=\"{}\" sharing_policy=\"SPLITDUPLEX\"/>",
         base::escape_xml(link_name(cable)), bandwidth(c.capacity), latency(c.latency));
  }
  // The links of a route; both directions are declared by one.
  void links(const std::vector<int>& path) {
    for (const int link : path) {
      line("  <link_ctn id=\"{}\" direction=\"{}\"/>", base::escape_xml(link_name(link / 2)),
           link % 2 == 0 ? "UP" : "DOWN");
    }
  }
  void route(const std::string& from, const std::string& to, const std::vector<int>& path) {
    line("<route src=\"{}\" dst=\"{}\">", base::escape_xml(from), base::escape_xml(to));
    links(path);
    line("</route>");
  }
  void zone_route(const std::string& from, const std::string& to, const std::string& gate_from,
                  const std::string& gate_to, const std::vector<int>& path) {
    line("<zoneRoute src=\"{}\" dst=\"{}\" gw_src=\"{}\" gw_dst=\"{}\">", base::escape_xml(from),
         base::escape_xml(to), base::escape_xml(gate_from), base::escape_xml(gate_to));
    links(path);
    line("</zoneRoute>");
  }

  // A cable's own name, or one made of its number.
  std::string link_name(int cable) const {
    const Cable& c = network_.cables()[at(cable)];
    return c.name.empty() ? fmt::format("{}-cable-{}", c.layer, cable) : c.name;
  }
  const std::string& name(int vertex) const { return network_.vertices()[at(vertex)].name; }

  // Hosts, routers and links in one zone with the routes of least latency between hosts.
  void routed_zone(const SimgridFile& file, const std::vector<int>& hosts) {
    open_zone(file.name, "Full");
    for (const int host : hosts) {
      line("<host id=\"{}\" speed=\"{}\"/>", base::escape_xml(name(host)), speed(file.speed));
    }
    for (size_t c = 0; c < network_.cables().size(); ++c) link(static_cast<int>(c));
    for (size_t i = 0; i < hosts.size(); ++i) {
      const std::vector<int> tree = topology::shortest_tree(network_, hosts[i]);
      for (size_t j = i + 1; j < hosts.size(); ++j) {
        const auto path = topology::path_along(network_, tree, hosts[i], hosts[j]);
        if (path) route(name(hosts[i]), name(hosts[j]), path->links);
      }
    }
    close_zone();
  }

  // The same with a route for each cable: SimGrid finds the ways with the fewest links.
  void searched_zone(const SimgridFile& file) {
    open_zone(file.name, "Dijkstra");
    for (const topology::Vertex& v : network_.vertices()) {
      if (v.kind == VertexKind::kChip) {
        line("<host id=\"{}\" speed=\"{}\"/>", base::escape_xml(v.name), speed(file.speed));
      } else {
        line("<router id=\"{}\"/>", base::escape_xml(v.name));
      }
    }
    for (size_t c = 0; c < network_.cables().size(); ++c) link(static_cast<int>(c));
    std::set<std::pair<int, int>> joined;
    for (size_t c = 0; c < network_.cables().size(); ++c) {
      const Cable& cable = network_.cables()[c];
      // Of parallel cables SimGrid can use one.
      if (!joined.insert(std::minmax(cable.a, cable.b)).second) continue;
      route(name(cable.a), name(cable.b), {static_cast<int>(2 * c)});
    }
    close_zone();
  }

 private:
  const Network& network_;
  std::string text_;
  size_t depth_ = 0;
};

bool is_plain_torus(const topology::Wiring& wiring) {
  const auto& axes = wiring.inside.axes;
  return wiring.inside.kind == model::DomainTopology::kTorus && wiring.between.groups < 2 &&
         wiring.sites < 2 && !wiring.inside.twisted && !axes.empty() &&
         std::all_of(axes.begin(), axes.end(), [&](const topology::Axis& axis) {
           return axis.wraps && axis.cable == axes.front().cable;
         });
}

// Fleet: a zone for each site.
class FleetWriter {
 public:
  FleetWriter(const topology::FleetNetwork& fleet, const model::Platform& platform,
              const SimgridFile& file)
      : fleet_(fleet), platform_(platform), file_(file), out_(fleet.network, file) {}

  std::string write() {
    out_.open_zone(file_.name, "Full");
    for (const auto site : platform_.sites.ids()) write_site(site);
    const Network& network = fleet_.network;
    for (size_t c = 0; c < network.cables().size(); ++c) {
      if (network.cables()[c].layer == "wan") out_.link(static_cast<int>(c));
    }
    const int sites = static_cast<int>(platform_.sites.size());
    for (int a = 0; a < sites; ++a) {
      const std::vector<int> tree = topology::shortest_tree(network, a);
      for (int b = a + 1; b < sites; ++b) {
        const auto path = topology::path_along(network, tree, a, b);
        if (!path) continue;
        out_.zone_route(zone_of(a), zone_of(b), gate_of(a), gate_of(b), path->links);
      }
    }
    out_.close_zone();
    return out_.finish();
  }

 private:
  // Names no domain has: domains end in their number.
  std::string zone_of(int site) const { return "site:" + out_.name(site); }
  std::string gate_of(int site) const { return "gate:" + out_.name(site); }
  std::string block_of(const topology::DomainBlock& block) const {
    return "block:" + out_.name(block.switch_vertex);
  }
  std::string router_of(const topology::DomainBlock& block) const {
    return "switch:" + out_.name(block.switch_vertex);
  }

  // Links from a vertex up to its site.
  std::vector<int> climb(int vertex) const {
    std::vector<int> path;
    while (fleet_.up[at(vertex)] >= 0) {
      const int cable = fleet_.up[at(vertex)];
      path.push_back(2 * cable);  // cables are laid upwards
      vertex = fleet_.network.cables()[at(cable)].b;
    }
    return path;
  }
  // Up from one block and down to the other, without what both have in common.
  std::vector<int> between(const std::vector<int>& a, const std::vector<int>& b) const {
    size_t common = 0;
    while (common < a.size() && common < b.size() &&
           a[a.size() - 1 - common] == b[b.size() - 1 - common]) {
      ++common;
    }
    std::vector<int> path(a.begin(), a.end() - static_cast<std::ptrdiff_t>(common));
    for (size_t i = b.size() - common; i-- > 0;) path.push_back(b[i] + 1);
    return path;
  }

  void write_block(const topology::DomainBlock& block) {
    const model::Cluster& cluster = platform_.clusters[block.cluster];
    const model::Domain& domain = platform_.domain_of(cluster);
    double flops = file_.speed.value;
    const auto& peaks = platform_.accelerator_of(cluster).peak_flops;
    if (const auto bf16 = peaks.find("bf16"); bf16 != peaks.end()) {
      flops = bf16->second * domain.chips_usable;
    }
    const Cable& nic = fleet_.network.cables()[at(fleet_.up[at(block.domains.front())])];
    const std::string& first = out_.name(block.domains.front());
    const std::string& last = out_.name(block.domains.back());
    const size_t stem = cluster.name.size() + 1;  // `cluster-` before the number
    out_.line(
        "<cluster id=\"{}\" prefix=\"{}-\" suffix=\"\" radical=\"{}-{}\" speed=\"{}\" "
        "bw=\"{}\" lat=\"{}\" sharing_policy=\"SPLITDUPLEX\" router_id=\"{}\"/>",
        base::escape_xml(block_of(block)), base::escape_xml(cluster.name), first.substr(stem),
        last.substr(stem), speed(base::FlopsPerSecond{flops}), bandwidth(nic.capacity),
        latency(nic.latency), base::escape_xml(router_of(block)));
  }

  void write_site(base::Id<model::Site> id) {
    const model::Site& site = platform_.sites[id];
    out_.open_zone(zone_of(id.index), "Full");
    // On the zone: a property inside <cluster> would land on each of its hosts.
    out_.prop("title", site.title);
    out_.prop("latitude", fmt::format("{:g}", site.latitude_deg));
    out_.prop("longitude", fmt::format("{:g}", site.longitude_deg));
    std::vector<const topology::DomainBlock*> blocks;
    for (const topology::DomainBlock& block : fleet_.blocks) {
      if (block.site == id) blocks.push_back(&block);
    }
    std::vector<std::vector<int>> ways;
    std::set<int> cables;
    for (const auto* block : blocks) {
      write_block(*block);
      ways.push_back(climb(block->switch_vertex));
      for (const int link : ways.back()) cables.insert(link / 2);
    }
    // A gateway must be a router in a zone of its own: one that is itself an end of a route would
    // take the way inside for nothing.
    const std::string gate = gate_of(id.index), gate_zone = "gate-of:" + site.name;
    out_.open_zone(gate_zone, "Full");
    out_.line("<router id=\"{}\"/>", base::escape_xml(gate));
    out_.close_zone();
    for (const int cable : cables) out_.link(cable);
    for (size_t i = 0; i < blocks.size(); ++i) {
      out_.zone_route(block_of(*blocks[i]), gate_zone, router_of(*blocks[i]), gate, ways[i]);
      for (size_t j = i + 1; j < blocks.size(); ++j) {
        out_.zone_route(block_of(*blocks[i]), block_of(*blocks[j]), router_of(*blocks[i]),
                        router_of(*blocks[j]), between(ways[i], ways[j]));
      }
    }
    out_.close_zone();
  }

  const topology::FleetNetwork& fleet_;
  const model::Platform& platform_;
  const SimgridFile& file_;
  Writer out_;
};

}  // namespace

double fleet_routes(const topology::FleetNetwork& fleet) {
  std::map<std::int32_t, double> blocks;  // by site
  for (const topology::DomainBlock& block : fleet.blocks) blocks[block.site.index] += 1.0;
  double routes = 0.0;
  for (const auto& [site, count] : blocks) routes += 0.5 * count * (count + 1.0);
  return routes;
}

std::string simgrid_wan(const Network& network, const SimgridFile& file) {
  std::vector<int> hosts = network.of_kind(VertexKind::kSite);
  if (hosts.empty()) hosts = network.of_kind(VertexKind::kRouter);
  base::ensure(hosts.size() <= kMostRoutedHosts, "too many hosts for written routes");
  Writer out(network, file);
  out.routed_zone(file, hosts);
  return out.finish();
}

std::string simgrid_fleet(const topology::FleetNetwork& fleet, const model::Platform& platform,
                          const SimgridFile& file) {
  return FleetWriter(fleet, platform, file).write();
}

std::string simgrid_slice(const topology::Wiring& wiring, const Network& network,
                          const SimgridFile& file) {
  Writer out(network, file);
  const std::vector<int> chips = network.of_kind(VertexKind::kChip);
  if (is_plain_torus(wiring)) {
    // SimGrid's first axis is the fastest, ours is the last.
    std::vector<int> extents;
    for (const topology::Axis& axis : wiring.inside.axes) extents.push_back(axis.extent);
    std::reverse(extents.begin(), extents.end());
    out.line(
        "<cluster id=\"{}\" prefix=\"chip-\" suffix=\"\" radical=\"0-{}\" speed=\"{}\" "
        "bw=\"{}\" lat=\"{}\" sharing_policy=\"SPLITDUPLEX\" topology=\"TORUS\" "
        "topo_parameters=\"{}\"/>",
        base::escape_xml(file.name), chips.size() - 1, speed(file.speed),
        bandwidth(wiring.inside.axes.front().cable), latency(wiring.inside.hop),
        fmt::join(extents, ","));
  } else if (chips.size() <= kMostRoutedHosts) {
    out.routed_zone(file, chips);
  } else {
    out.searched_zone(file);
  }
  return out.finish();
}

}  // namespace busbar::engine
