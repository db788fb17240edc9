#include "sim/input/graphml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>

#include "sim/base/rows.h"
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/xml/document.h"

namespace busbar::input {

using base::Dimension;
using xml::Element;

namespace {

// Names in a message before it only counts.
constexpr size_t kMostNamed = 5;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

class Reader {
 public:
  Reader(const xml::Document& document, base::Diagnostics& problems)
      : root_(document.root()), problems_(problems) {
    // What a key's number means, by what it is for: `node d29` is `latitude`.
    for (const Element& key : root_.children("key")) {
      const std::string name = lower(key.get("attr.name", key.get("id")));
      const std::string kind = key.get("for", "all");
      for (const char* target : {"node", "edge", "graph"}) {
        if (kind == target || kind == "all") keys_[target + (" " + key.get("id"))] = name;
      }
    }
  }

  void read(Graphml& graph) {
    const std::vector<Element> graphs = root_.children("graph");
    if (graphs.size() != 1) {
      problems_.error(root_.where(), "a GraphML file of one <graph> is wanted, this has {}",
                      graphs.size());
      return;
    }
    const Element& e = graphs.front();
    if (e.get("edgedefault") == "directed") {
      problems_.error(e.where("edgedefault"),
                      "directed edges: every link here is full-duplex; write each pair once, with "
                      "edgedefault=\"undirected\"");
    }
    for (const auto& [name, text] : data_of(e)) {
      if (name == "label" || (name == "network" && graph.name.empty())) graph.name = text.value;
    }
    for (const Element& node : e.children("node")) read_node(node, graph);
    for (const Element& edge : e.children("edge")) read_edge(edge, graph);
    for (const Element& other : e.children("hyperedge")) {
      problems_.error(other.where(), "a hyperedge joins more than two nodes; write edges");
    }
    if (graph.nodes.empty()) problems_.error(e.where(), "the graph has no nodes");
  }

 private:
  // The <data> of an element by the names of their keys, in lower case.
  std::map<std::string, xml::Text> data_of(const Element& e) const {
    std::map<std::string, xml::Text> found;
    for (const Element& data : e.children("data")) {
      const auto key = keys_.find(fmt::format("{} {}", e.name(), data.get("key")));
      if (key != keys_.end()) found[key->second] = {data.text(), data.where()};
    }
    return found;
  }

  std::optional<double> number(const std::map<std::string, xml::Text>& data, const char* name,
                               double least, double most) {
    const auto found = data.find(name);
    if (found == data.end()) return std::nullopt;
    const auto value = base::parse_number(found->second.value);
    if (value && *value >= least && *value <= most) return value;
    problems_.error(found->second.where, "{} '{}' is not a number from {:g} to {:g}", name,
                    found->second.value, least, most);
    return std::nullopt;
  }

  std::optional<double> quantity(const std::map<std::string, xml::Text>& data, const char* name,
                                 Dimension dimension) {
    const auto found = data.find(name);
    if (found == data.end()) return std::nullopt;
    const auto parsed = base::parse_quantity(found->second.value, dimension);
    if (parsed && parsed.value >= 0.0) return parsed.value;
    problems_.error(found->second.where, "{} '{}': {}", name, found->second.value,
                    parsed ? "negative" : parsed.error);
    return std::nullopt;
  }

  void read_node(const Element& e, Graphml& graph) {
    GraphmlNode node;
    node.id = e.get("id");
    node.where = e.where();
    const auto data = data_of(e);
    const auto label = data.find("label");
    node.label =
        label != data.end() && !label->second.value.empty() ? label->second.value : node.id;
    node.latitude_deg = number(data, "latitude", -90.0, 90.0);
    node.longitude_deg = number(data, "longitude", -180.0, 180.0);
    if (data.contains("latitude") != data.contains("longitude")) {
      problems_.error(e.where(), "node '{}' has only one of Latitude and Longitude", node.label);
    }
    if (!e.children("graph").empty()) {
      problems_.error(e.where(), "node '{}' holds a graph of its own; flatten the file",
                      node.label);
    }
    const auto [first, is_new] = nodes_.emplace(node.id, graph.nodes.size());
    if (!is_new) {
      problems_.error(e.where("id"), "node '{}' is defined twice; first at line {}", node.id,
                      graph.nodes[first->second].where.line);
      return;
    }
    graph.nodes.push_back(std::move(node));
  }

  void read_edge(const Element& e, Graphml& graph) {
    GraphmlEdge edge;
    edge.where = e.where();
    bool fine = true;
    for (const auto& [attribute, end] : {std::pair{"source", &edge.a}, {"target", &edge.b}}) {
      const auto node = nodes_.find(e.get(attribute));
      if (node != nodes_.end()) {
        *end = node->second;
        continue;
      }
      problems_.error(e.where(attribute), "the edge's {} '{}' is no node of this graph", attribute,
                      e.get(attribute));
      fine = false;
    }
    if (e.get("directed") == "true") {
      problems_.error(e.where("directed"), "a directed edge: every link here is full-duplex");
    }
    const auto data = data_of(e);
    edge.bandwidth = speed(data, e);
    if (const auto s = quantity(data, "latency", Dimension::kTime))
      edge.latency = base::Seconds{*s};
    if (!fine) return;
    if (edge.a == edge.b) {
      problems_.warning(e.where(), "left out: an edge from '{}' to itself",
                        graph.nodes[edge.a].label);
      return;
    }
    graph.edges.push_back(edge);
  }

  // LinkSpeedRaw is in bit/s; LinkSpeed counts LinkSpeedUnits (K, M, G or T bit/s).
  std::optional<base::BytesPerSecond> speed(const std::map<std::string, xml::Text>& data,
                                            const Element& e) {
    std::optional<double> rate = quantity(data, "bandwidth", Dimension::kBandwidth);
    if (!rate) {
      if (const auto bits = number(data, "linkspeedraw", 0.0, 1e18)) rate = *bits / 8.0;
    }
    if (!rate && data.contains("linkspeed")) {
      static const std::map<std::string, double> kUnits = {
          {"k", 1e3}, {"m", 1e6}, {"g", 1e9}, {"t", 1e12}};
      const auto count = base::parse_number(data.at("linkspeed").value);
      const auto units = data.find("linkspeedunits");
      const auto unit = kUnits.find(units == data.end() ? "" : lower(units->second.value));
      // A speed as the operator drew it (`<10`, `2-4`) is no speed: the default stands in.
      if (count && unit != kUnits.end()) rate = *count * unit->second / 8.0;
    }
    if (!rate) return std::nullopt;
    if (*rate >= 1.0) return base::BytesPerSecond{*rate};
    problems_.error(e.where(), "a link of no bandwidth; leave the edge out, or give its speed");
    return std::nullopt;
  }

  Element root_;
  base::Diagnostics& problems_;
  std::map<std::string, std::string> keys_;
  std::map<std::string, size_t> nodes_;
};

// A name of letters, digits and dashes out of a label: `St. Louis` is `st-louis`.
std::string slug(const std::string& label, const std::string& id) {
  std::string name;
  for (const char c : label) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) != 0 && static_cast<unsigned char>(c) < 0x80;
    if (plain) {
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  while (name.ends_with('-')) name.pop_back();
  return name.empty() ? "node-" + slug(id, "x") : name;
}

// Adds under the first free of `name`, `name-2`, `name-3`, …
template <class Entity>
base::Id<Entity> add_numbered(base::Table<Entity>& table, Entity entity) {
  const std::string name = entity.name;
  for (int n = 2; table.find(entity.name); ++n) entity.name = fmt::format("{}-{}", name, n);
  return table.add(std::move(entity));
}

std::string first_of(const std::vector<std::string>& names) {
  if (names.size() <= kMostNamed) return base::join(names);
  const std::vector<std::string> some(names.begin(), names.begin() + kMostNamed);
  return fmt::format("{} and {} more", base::join(some), names.size() - kMostNamed);
}

}  // namespace

std::optional<Graphml> read_graphml(const std::string& path, base::Diagnostics& problems) {
  const auto document = xml::Document::parse(path, problems);
  if (!document) return std::nullopt;
  if (document->root().name() != "graphml") {
    problems.error(document->root().where(), "this is a <{}> file where a <graphml> is wanted",
                   document->root().name());
    return std::nullopt;
  }
  const size_t before = problems.errors();
  Graphml graph;
  Reader(*document, problems).read(graph);
  if (graph.name.empty()) graph.name = std::filesystem::path(path).stem().string();
  const xml::SourceFile& file = document->files().front();
  graph.input = {file.path, file.text};
  if (problems.errors() > before) return std::nullopt;
  return graph;
}

std::vector<base::Id<model::Router>> add_backbone(const Graphml& graph,
                                                  const BackboneOptions& options,
                                                  model::Platform& platform,
                                                  base::Diagnostics& problems) {
  std::vector<base::Id<model::Router>> routers;
  for (const GraphmlNode& node : graph.nodes) {
    model::Router router;
    router.name = fmt::format("{}-{}", options.name, slug(node.label, node.id));
    router.title = node.label;
    router.placed = node.latitude_deg.has_value();
    router.latitude_deg = node.latitude_deg.value_or(0.0);
    router.longitude_deg = node.longitude_deg.value_or(0.0);
    routers.push_back(add_numbered(platform.routers, std::move(router)));
  }
  std::vector<std::string> slow, nowhere;
  const GraphmlEdge *first_slow = nullptr, *first_nowhere = nullptr;
  for (const GraphmlEdge& edge : graph.edges) {
    const model::Router &a = platform.routers[routers[edge.a]],
                        &b = platform.routers[routers[edge.b]];
    model::WanLink link;
    link.name = fmt::format("{}--{}", a.name, b.name.substr(options.name.size() + 1));
    link.a.router = routers[edge.a];
    link.b.router = routers[edge.b];
    const std::string ends = fmt::format("{} - {}", a.title, b.title);
    const auto bandwidth = edge.bandwidth ? edge.bandwidth : options.link_bandwidth;
    if (!bandwidth) {
      if (slow.empty()) first_slow = &edge;
      slow.push_back(ends);
    }
    link.bandwidth = bandwidth.value_or(base::BytesPerSecond{1.0});
    if (edge.latency) {
      link.latency = *edge.latency;
    } else if (a.placed && b.placed) {
      link.latency = fibre_latency(a, b, options.route_factor);
    } else if (options.link_latency) {
      link.latency = *options.link_latency;
    } else {
      if (nowhere.empty()) first_nowhere = &edge;
      nowhere.push_back(ends);
    }
    add_numbered(platform.wan_links, std::move(link));
  }
  if (first_slow != nullptr) {
    problems.error(first_slow->where,
                   "{} of {} links have no LinkSpeedRaw, and there is no default: {}; give them "
                   "one with {}",
                   slow.size(), graph.edges.size(), first_of(slow), options.how_bandwidth);
  }
  if (first_nowhere != nullptr) {
    problems.error(first_nowhere->where,
                   "{} of {} links end at nodes without Latitude and Longitude, so their length "
                   "is unknown: {}; give them a latency with {}",
                   nowhere.size(), graph.edges.size(), first_of(nowhere), options.how_latency);
  }
  platform.inputs.push_back(graph.input);
  return routers;
}

std::optional<model::Platform> read_backbone(const std::string& path,
                                             const BackboneOptions& options,
                                             base::Diagnostics& problems) {
  const auto graph = read_graphml(path, problems);
  if (!graph) return std::nullopt;
  model::Platform platform;
  platform.name = options.name;
  platform.title = graph->name;
  add_backbone(*graph, options, platform, problems);
  if (problems.has_errors()) return std::nullopt;
  return platform;
}

}  // namespace busbar::input
