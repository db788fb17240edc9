#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>
#include <map>

#include "sim/base/json.h"
#include "sim/base/units.h"
#include "sim/cli/commands.h"
#include "sim/cli/picture.h"
#include "sim/cli/report.h"
#include "sim/cli/topology_view.h"
#include "sim/topology/flows.h"
#include "sim/topology/paths.h"

namespace busbar::cli {
namespace {

using base::Json;
using topology::Cable;
using topology::Network;
using topology::Vertex;
using topology::VertexKind;
using Rows = std::vector<std::vector<std::string>>;

// The figures of a network that this command prints.
struct Facts {
  int parts = 1;
  topology::Distances hops;
  double farthest_s = 0.0;     // least latency between the two farthest; WAN only
  double bisection_Bps = 0.0;  // one direction; of a WAN: its narrowest cut
  std::string bisection;       // what was cut
};

struct Layer {
  std::string name;
  int cables = 0;
  double least_Bps = std::numeric_limits<double>::infinity(), most_Bps = 0.0, sum_Bps = 0.0;
};

std::string rate(double bytes_per_s) { return base::format_si(bytes_per_s, "B/s"); }
// Between sites, carriers count bits.
std::string bit_rate(double bytes_per_s) { return base::format_si(8.0 * bytes_per_s, "bit/s"); }
std::string latency(double seconds) {
  return seconds < 1e-3 ? fmt::format("{:.3g} us", 1e6 * seconds)
                        : fmt::format("{:.3g} ms", 1e3 * seconds);
}

std::vector<Layer> layers_of(const Network& network) {
  std::vector<Layer> layers;
  for (const Cable& cable : network.cables()) {
    auto layer = std::find_if(layers.begin(), layers.end(),
                              [&](const Layer& l) { return l.name == cable.layer; });
    if (layer == layers.end()) layer = layers.insert(layer, Layer{cable.layer});
    ++layer->cables;
    layer->least_Bps = std::min(layer->least_Bps, cable.capacity.value);
    layer->most_Bps = std::max(layer->most_Bps, cable.capacity.value);
    layer->sum_Bps += cable.capacity.value;
  }
  return layers;
}

// Where all chips of a group look alike, one of them stands for all; groups are alike.
std::vector<int> representatives(const TopologyView& view, const std::vector<int>& chips) {
  const topology::ScaleUp& inside = view.wiring->inside;
  const bool alike =
      inside.kind == model::DomainTopology::kSwitch ||
      std::all_of(inside.axes.begin(), inside.axes.end(), [](const auto& a) { return a.wraps; });
  if (alike) return {chips.front()};
  std::vector<int> first;
  for (const int chip : chips) {
    if (view.network.vertices()[static_cast<size_t>(chip)].group == 0) first.push_back(chip);
  }
  return first;
}

Facts slice_facts(const TopologyView& view) {
  Facts facts;
  const Network& network = view.network;
  const std::vector<int> chips = network.of_kind(VertexKind::kChip);
  facts.hops = topology::distances(network, representatives(view, chips), chips);
  const int groups = view.wiring->between.groups;
  if (groups < 2) {
    facts.bisection_Bps = topology::bisection(view.wiring->inside).value;
    facts.bisection = view.wiring->inside.twisted ? "least over cuts across an axis" : "";
    return facts;
  }
  std::vector<int> half;
  for (const int chip : chips) {
    if (network.vertices()[static_cast<size_t>(chip)].group < groups / 2) half.push_back(chip);
  }
  facts.bisection_Bps = topology::cut_between_halves(network, half).capacity.value;
  facts.bisection = fmt::format("{} of {} domains against the others", groups / 2, groups);
  return facts;
}

// The narrowest cut that parts any two ends: one of them is on the other side than the first.
Facts wan_facts(const Network& network) {
  Facts facts;
  const std::vector<int> component = topology::components(network);
  facts.parts = 1 + *std::max_element(component.begin(), component.end());
  std::vector<int> ends = network.of_kind(VertexKind::kSite);
  facts.bisection =
      ends.size() > 1 ? "narrowest cut between two sites" : "narrowest cut between two nodes";
  if (ends.size() < 2) {
    ends.resize(network.vertices().size());
    for (size_t v = 0; v < ends.size(); ++v) ends[v] = static_cast<int>(v);
  }
  facts.hops = topology::distances(network, ends, ends);
  facts.bisection_Bps = ends.size() > 1 ? std::numeric_limits<double>::infinity() : 0.0;
  for (const int end : ends) {
    const auto latencies = topology::latencies_from(network, end);
    for (const int other : ends) {
      facts.farthest_s = std::max(facts.farthest_s, latencies[static_cast<size_t>(other)].value);
    }
    if (end == ends.front()) continue;
    const bool joined =
        component[static_cast<size_t>(end)] == component[static_cast<size_t>(ends.front())];
    const double cut_Bps =
        joined ? topology::min_cut(network, {ends.front()}, {end}).capacity.value : 0.0;
    facts.bisection_Bps = std::min(facts.bisection_Bps, cut_Bps);
  }
  return facts;
}

std::string counts_of(const Network& network) {
  std::string text;
  for (const VertexKind kind :
       {VertexKind::kChip, VertexKind::kSwitch, VertexKind::kSite, VertexKind::kRouter}) {
    const size_t count = network.of_kind(kind).size();
    if (count == 0) continue;
    const char* plural = kind == VertexKind::kSwitch ? "es" : "s";
    text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ",
                        base::format_count(static_cast<double>(count)), topology::name_of(kind),
                        count == 1 ? "" : plural);
  }
  return text;
}

// The diameter, or that there is none.
std::string hops_of(const Facts& facts) {
  if (facts.hops.diameter < 0) return fmt::format("none: {} parts are not connected", facts.parts);
  return fmt::format("{} hops, {:.2f} on average", facts.hops.diameter, facts.hops.mean_hops);
}

std::string title_of(const TopologyView& view) {
  if (view.cluster == nullptr) return view.platform.title;
  return view.wiring->name;
}

void print_text(const TopologyView& view, const Facts& facts) {
  const Network& network = view.network;
  const bool wan = view.cluster == nullptr;
  fmt::print("{}\n\nvertices   {}\ncables     {}\ndiameter   {}\n", title_of(view),
             counts_of(network), base::format_count(static_cast<double>(network.cables().size())),
             hops_of(facts));
  if (wan && std::isfinite(facts.farthest_s)) {
    fmt::print("farthest   {} one way\n", latency(facts.farthest_s));
  }
  fmt::print("{}  {} one way{}\n", wan ? "narrowest" : "bisection",
             wan ? bit_rate(facts.bisection_Bps) : rate(facts.bisection_Bps),
             facts.bisection.empty() ? "" : fmt::format(" ({})", facts.bisection));
  Rows rows{{"layer", "cables", "each, one way", "all, one way"}};
  for (const Layer& layer : layers_of(network)) {
    const auto text = [&](double value) {
      return layer.name == "wan" ? bit_rate(value) : rate(value);
    };
    rows.push_back({layer.name, base::format_count(layer.cables),
                    layer.least_Bps == layer.most_Bps
                        ? text(layer.most_Bps)
                        : fmt::format("{} to {}", text(layer.least_Bps), text(layer.most_Bps)),
                    text(layer.sum_Bps)});
  }
  fmt::print("\n");
  print_table(rows, {1, 2, 3});
  if (!wan) return;
  Rows links{{"link", "from", "to", "one way", "latency"}};
  for (const Cable& cable : network.cables()) {
    const auto name = [&](int v) {
      const Vertex& vertex = network.vertices()[static_cast<size_t>(v)];
      return vertex.kind == VertexKind::kRouter ? vertex.title : vertex.name;
    };
    links.push_back({cable.name, name(cable.a), name(cable.b), bit_rate(cable.capacity.value),
                     latency(cable.latency.value)});
  }
  fmt::print("\n");
  print_table(links, {3, 4});
}

// The nodes of a domain, for the picture of a rack.
Json domain_json(const TopologyView& view) {
  const model::Domain& domain = view.platform.domain_of(*view.cluster);
  const model::Node& node = view.platform.node_of(*view.cluster);
  return Json::Object{{"name", domain.name},
                      {"accelerator", view.platform.accelerator_of(*view.cluster).name},
                      {"node", node.name},
                      {"chips_per_node", node.accelerators},
                      {"chips_used", domain.chips_used},
                      {"links_per_chip", domain.links_per_chip},
                      {"in_network_reduction", domain.in_network_reduction},
                      {"nics_per_node", node.nics},
                      {"nic_Bps", node.nic ? view.platform.nics[node.nic].bandwidth.value : 0.0}};
}

Json network_json(const TopologyView& view, const Facts& facts) {
  Json::Array vertices, cables, layers;
  for (const Vertex& v : view.network.vertices()) {
    Json::Object row{{"name", v.name}, {"kind", std::string(topology::name_of(v.kind))}};
    if (!v.title.empty()) row["title"] = v.title;
    if (v.kind == VertexKind::kChip) row["group"] = v.group;
    if (!v.at.empty()) row["at"] = Json::Array(v.at.begin(), v.at.end());
    if (v.placed) {
      row["latitude"] = v.latitude_deg;
      row["longitude"] = v.longitude_deg;
    }
    vertices.push_back(row);
  }
  for (const Cable& c : view.network.cables()) {
    Json::Object row{{"a", c.a},
                     {"b", c.b},
                     {"layer", c.layer},
                     {"capacity_Bps", c.capacity.value},
                     {"latency_s", c.latency.value},
                     {"wraps", c.wraps}};
    if (!c.name.empty()) row["name"] = c.name;
    cables.push_back(row);
  }
  for (const Layer& layer : layers_of(view.network)) {
    layers.push_back(Json::Object{{"name", layer.name},
                                  {"cables", layer.cables},
                                  {"least_Bps", layer.least_Bps},
                                  {"most_Bps", layer.most_Bps},
                                  {"sum_Bps", layer.sum_Bps}});
  }
  Json::Object out{{"title", title_of(view)},
                   {"vertices", vertices},
                   {"cables", cables},
                   {"layers", layers},
                   {"bisection_Bps", facts.bisection_Bps},
                   {"bisection_of", facts.bisection}};
  if (facts.hops.diameter >= 0) {
    out["diameter_hops"] = facts.hops.diameter;
    out["mean_hops"] = facts.hops.mean_hops;
  }
  if (view.cluster == nullptr) {
    out["kind"] = "wan";
    out["parts"] = facts.parts;
    if (std::isfinite(facts.farthest_s)) out["farthest_s"] = facts.farthest_s;
    return out;
  }
  const topology::ScaleUp& inside = view.wiring->inside;
  out["domain"] = domain_json(view);
  out["kind"] = view.wiring->between.groups > 1                ? "fabric"
                : inside.kind == model::DomainTopology::kTorus ? "torus"
                                                               : "switch";
  return out;
}

}  // namespace

int show_topology(const ShowTopologyOptions& options) {
  base::Diagnostics problems;
  TopologyView view;
  if (!read_view(options.choice, view, problems)) return report(problems);
  problems.print(std::cerr);  // warnings
  const Facts facts = view.cluster == nullptr ? wan_facts(view.network) : slice_facts(view);
  if (options.json) {
    fmt::print("{}\n", network_json(view, facts).dump());
  } else {
    print_text(view, facts);
  }
  if (options.plot.empty()) return kOk;
  std::fflush(stdout);
  return draw("busbar.topology", network_json(view, facts), options.plot);
}

}  // namespace busbar::cli
