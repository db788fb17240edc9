#include "sim/topology/graph.h"

#include "sim/base/error.h"

namespace busbar::topology {

std::string_view name_of(VertexKind kind) {
  switch (kind) {
    case VertexKind::kChip:
      return "chip";
    case VertexKind::kDomain:
      return "domain";
    case VertexKind::kSwitch:
      return "switch";
    case VertexKind::kSite:
      return "site";
    case VertexKind::kRouter:
      return "router";
  }
  return "";
}

int Network::add_vertex(Vertex vertex) {
  vertices_.push_back(std::move(vertex));
  leaving_.emplace_back();
  return static_cast<int>(vertices_.size()) - 1;
}

int Network::add_cable(Cable cable) {
  const auto known = [&](int vertex) {
    return vertex >= 0 && vertex < static_cast<int>(vertices_.size());
  };
  base::ensure(known(cable.a) && known(cable.b), "a cable needs two vertices of its network");
  base::ensure(cable.a != cable.b, "a cable joins two vertices, not one to itself");
  const int number = static_cast<int>(cables_.size());
  leaving_[static_cast<size_t>(cable.a)].push_back(2 * number);
  leaving_[static_cast<size_t>(cable.b)].push_back(2 * number + 1);
  cables_.push_back(std::move(cable));
  return number;
}

std::vector<int> Network::of_kind(VertexKind kind) const {
  std::vector<int> found;
  for (size_t v = 0; v < vertices_.size(); ++v) {
    if (vertices_[v].kind == kind) found.push_back(static_cast<int>(v));
  }
  return found;
}

Network Network::without(const std::vector<int>& cables, const std::vector<int>& vertices) const {
  std::vector<bool> cut(cables_.size()), gone(vertices_.size());
  for (const int c : cables) cut.at(static_cast<size_t>(c)) = true;
  for (const int v : vertices) gone.at(static_cast<size_t>(v)) = true;
  Network rest;
  for (const Vertex& vertex : vertices_) rest.add_vertex(vertex);
  for (size_t c = 0; c < cables_.size(); ++c) {
    const Cable& cable = cables_[c];
    if (cut[c] || gone[static_cast<size_t>(cable.a)] || gone[static_cast<size_t>(cable.b)]) {
      continue;
    }
    rest.add_cable(cable);
  }
  return rest;
}

base::BytesPerSecond Network::crossing(const std::vector<bool>& side) const {
  base::BytesPerSecond sum;
  for (const Cable& cable : cables_) {
    if (side[static_cast<size_t>(cable.a)] != side[static_cast<size_t>(cable.b)]) {
      sum += cable.capacity;
    }
  }
  return sum;
}

}  // namespace busbar::topology
