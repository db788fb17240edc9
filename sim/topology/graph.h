/// Networks as graphs: chips or domains, switches, sites and routers, joined by full-duplex cables.
///
/// See sim/doc/models/topology.md.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/base/quantity.h"

namespace busbar::topology {

enum class VertexKind { kChip, kDomain, kSwitch, kSite, kRouter };

/// `chip`, `domain`, `switch`, `site` or `router`.
std::string_view name_of(VertexKind kind);

/// A place where cables end.
struct Vertex {
  std::string name;  // unique in its network: letters, digits, dots and dashes
  VertexKind kind = VertexKind::kChip;
  int group = 0;        // chips: their scale-up group, counted over all sites
  std::vector<int> at;  // chips of a torus: coordinates inside the group
  double latitude_deg = 0.0, longitude_deg = 0.0;  // sites and routers
  bool placed = false;                             // latitude and longitude are known
  std::string title = {};                          // for people, when the name is not enough
};

/// A full-duplex cable: `capacity` both ways at the same time.
struct Cable {
  int a = -1, b = -1;             // vertices
  base::BytesPerSecond capacity;  // one direction
  base::Seconds latency;          // one way
  std::string layer = {};         // what it belongs to: `x`, `port`, `nic`, a tier, `wan`
  bool wraps = false;             // joins the ends of a torus axis
  std::string name = {};          // of a WAN link
};

/// A network. Its two directed links of cable c are 2c, from a to b, and 2c + 1, back.
class Network {
 public:
  /// Adds a vertex; returns its number.
  int add_vertex(Vertex vertex);
  /// Adds a cable between two vertices that are there; returns its number.
  int add_cable(Cable cable);

  const std::vector<Vertex>& vertices() const { return vertices_; }
  const std::vector<Cable>& cables() const { return cables_; }
  int link_count() const { return static_cast<int>(2 * cables_.size()); }
  const Cable& cable_of(int link) const { return cables_[static_cast<size_t>(link / 2)]; }
  int source(int link) const { return link % 2 == 0 ? cable_of(link).a : cable_of(link).b; }
  int target(int link) const { return link % 2 == 0 ? cable_of(link).b : cable_of(link).a; }
  /// Links that leave a vertex, in the order of their cables.
  const std::vector<int>& links_from(int vertex) const {
    return leaving_[static_cast<size_t>(vertex)];
  }
  /// All vertices of a kind, in order.
  std::vector<int> of_kind(VertexKind kind) const;

  /// The same vertices after failures: without some cables, and without the cables of some
  /// vertices. Cables are numbered anew, in their order.
  Network without(const std::vector<int>& cables, const std::vector<int>& vertices = {}) const;

  /// Sum over the links that leave a set of vertices (true at their number) for the others.
  base::BytesPerSecond crossing(const std::vector<bool>& side) const;

 private:
  std::vector<Vertex> vertices_;
  std::vector<Cable> cables_;
  std::vector<std::vector<int>> leaving_;
};

}  // namespace busbar::topology
