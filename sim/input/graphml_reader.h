/// GraphML files as wide-area networks.
///
/// Reads what the Internet Topology Zoo writes: nodes with Latitude, Longitude and label, edges
/// with LinkSpeedRaw (bit/s) or LinkSpeed and LinkSpeedUnits. An edge may also carry `bandwidth`
/// and `latency` as text with a unit. See sim/doc/models/topology.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/base/globe.h"
#include "sim/base/quantity.h"
#include "sim/model/platform.h"

namespace busbar::input {

/// A node of a GraphML graph.
struct GraphmlNode {
  std::string id;                                     // unique in its file
  std::string label;                                  // for people; the id when there is none
  std::optional<double> latitude_deg, longitude_deg;  // both or neither
  base::Location where;
};

/// An undirected edge; parallel ones are edges of their own.
struct GraphmlEdge {
  size_t a = 0, b = 0;                            // nodes
  std::optional<base::BytesPerSecond> bandwidth;  // one direction
  std::optional<base::Seconds> latency;           // one way
  base::Location where;
};

struct Graphml {
  std::string name;  // the graph's label, or the file's name
  std::vector<GraphmlNode> nodes;
  std::vector<GraphmlEdge> edges;
  model::InputText input;  // the file
};

/// Reads a file. Nothing, with every problem told, if it is no GraphML of one undirected graph, a
/// node is defined twice, an edge names no node, or a number is none. An edge from a node to
/// itself is left out with a warning.
std::optional<Graphml> read_graphml(const std::string& path, base::Diagnostics& problems);

/// What a file leaves open, and what the network's parts are called.
struct BackboneOptions {
  std::string name;                                    // first part of all names
  std::optional<base::BytesPerSecond> link_bandwidth;  // of links without a speed
  std::optional<base::Seconds> link_latency;           // of links without a latency or length
  double route_factor = 1.4;                           // length of fibre over great circle
  // How the user gives the two, for messages.
  std::string how_bandwidth = "link-bandwidth=\"10 Gbit/s\"";
  std::string how_latency = "link-latency=\"5 ms\"";
};

/// Adds a backbone's nodes as routers and its edges as WAN links. Latency: that of the edge, else
/// great circle times the route factor over the speed of light in fibre, else the default. Reports
/// in one error each which links lack a bandwidth and which nodes lack the coordinates.
/// @returns the routers, by node.
std::vector<base::Id<model::Router>> add_backbone(const Graphml& graph,
                                                  const BackboneOptions& options,
                                                  model::Platform& platform,
                                                  base::Diagnostics& problems);

/// Light in fibre covers two thirds of its speed in vacuum (group index 1.468: 0.681).
inline constexpr double kFibreSpeed_m_per_s = 299'792'458.0 * 2.0 / 3.0;

/// One way between two places, through fibre `route_factor` times as long as the great circle.
template <class A, class B>
base::Seconds fibre_latency(const A& a, const B& b, double route_factor) {
  return base::Seconds{base::great_circle_m(a, b) * route_factor / kFibreSpeed_m_per_s};
}

/// A world of one backbone, without sites: `busbar show topology FILE.graphml`.
std::optional<model::Platform> read_backbone(const std::string& path,
                                             const BackboneOptions& options,
                                             base::Diagnostics& problems);

}  // namespace busbar::input
