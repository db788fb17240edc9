#include <fmt/format.h>

#include "sim/base/rows.h"
#include "sim/base/text.h"
#include "sim/topology/wiring.h"

namespace busbar::topology {
namespace {

constexpr const char* kForms =
    "write torus:4x4x4, torus:4x4x8-twisted, mesh:4x4, ring:16, switch:72, nvswitch:8 or "
    "fat-tree:8x16@2 (8 leaves of "
    "16 hosts, 2:1)";

// Extents of `4x4x4`, each at least `least`; empty if they are none.
std::vector<int> extents(std::string_view text, int least) {
  std::vector<int> all;
  for (const auto part : base::split(text, 'x')) {
    const auto value = base::parse_number(part);
    if (!value || *value < least || *value > 1e6 || *value != static_cast<int>(*value)) return {};
    all.push_back(static_cast<int>(*value));
  }
  return all;
}

}  // namespace

std::optional<Wiring> parse_topology(std::string_view text, const LinkSpec& cable,
                                     base::Diagnostics& problems) {
  const size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  std::string_view size = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  Wiring wiring;
  wiring.name = text;
  wiring.inside.hop = cable.latency;
  const auto fail = [&](std::string_view what) -> std::optional<Wiring> {
    problems.error({}, "topology '{}': {}; {}", text, what, kForms);
    return {};
  };
  if (kind == "torus" || kind == "mesh" || kind == "ring") {
    wiring.inside.kind = model::DomainTopology::kTorus;
    constexpr std::string_view kTwisted = "-twisted";
    if (kind == "torus" && size.ends_with(kTwisted)) {
      wiring.inside.twisted = true;
      size.remove_suffix(kTwisted.size());
    }
    const auto axes = extents(size, 1);
    if (axes.empty() || axes.size() > 3 || (kind == "ring" && axes.size() != 1)) {
      return fail("its extents are one to three whole numbers from 1 to 1,000,000");
    }
    if (wiring.inside.twisted && !can_twist(axes)) {
      return fail("twisted tori have the form AxAx2A or Ax2Ax2A");
    }
    for (const int extent : axes) {
      wiring.inside.axes.push_back({extent, kind != "mesh" && extent > 1, cable.bandwidth});
    }
  } else if (kind == "switch" || kind == "nvswitch") {
    const auto ports = extents(size, 1);
    if (ports.size() != 1) return fail("its ports are one whole number from 1 to 1,000,000");
    wiring.inside.ports = ports[0];
    wiring.inside.port = cable.bandwidth;
    wiring.inside.in_network_reduction = kind == "nvswitch";
  } else if (kind == "fat-tree") {
    double oversubscription = 1.0;
    if (const size_t at = size.find('@'); at != std::string_view::npos) {
      oversubscription = base::parse_number(size.substr(at + 1)).value_or(0.0);
      size = size.substr(0, at);
    }
    const auto tree = extents(size, 1);
    if (tree.size() != 2) return fail("its size is leaves x hosts of a leaf");
    if (!(oversubscription >= 1.0)) return fail("its oversubscription is at least 1");
    wiring.inside.port = cable.bandwidth;
    wiring.between.groups = tree[0] * tree[1];
    wiring.between.nic = cable.bandwidth;
    wiring.between.latency = cable.latency;
    wiring.between.tiers = {{"leaf", tree[1], 1.0}, {"spine", 0, oversubscription}};
  } else {
    return fail(fmt::format("unknown kind '{}'", kind));
  }
  return wiring;
}

}  // namespace busbar::topology
