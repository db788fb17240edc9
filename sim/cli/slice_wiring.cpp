#include "sim/cli/slice_wiring.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/rows.h"
#include "sim/base/text.h"

namespace busbar::cli {
namespace {

using topology::ScaleUp;

constexpr std::string_view kTwisted = "_twisted";

class SliceReader {
 public:
  SliceReader(const model::Platform& platform, const model::Cluster& cluster, std::string slice,
              base::Diagnostics& problems)
      : platform_(platform),
        cluster_(cluster),
        domain_(platform.domain_of(cluster)),
        slice_(std::move(slice)),
        problems_(problems) {}

  std::optional<topology::Wiring> read() {
    topology::Wiring wiring;
    const std::string& accelerator = platform_.accelerator_of(cluster_).name;
    wiring.name = slice_.empty() ? domain_.name : fmt::format("{} of {}", slice_, accelerator);
    bool fine = true;
    if (const auto chips = base::parse_number(slice_)) {
      fine = read_count(*chips, wiring);
      wiring.name = fmt::format("{} chips of {}", slice_, accelerator);
    } else if (!slice_.empty()) {
      fine = read_shape(wiring.inside);
    } else {
      wiring.inside = whole_domain();
    }
    if (!fine) return std::nullopt;
    read_fabric(wiring.between);
    return wiring;
  }

 private:
  bool wrong(const std::string& rule) {
    problems_.error({}, "cluster '{}' has no slice '{}': {}", cluster_.name, slice_, rule);
    return false;
  }

  double domains_delivered() const {
    return cluster_.domains_at(std::numeric_limits<double>::infinity());
  }

  ScaleUp whole_domain() const {
    ScaleUp inside;
    inside.kind = domain_.topology;
    inside.hop = domain_.link_latency;
    inside.ports = domain_.chips_usable;
    inside.port = domain_.bandwidth_per_chip();
    inside.in_network_reduction = domain_.in_network_reduction;
    for (size_t axis = 0; axis < domain_.torus.size(); ++axis) {
      inside.axes.push_back({domain_.torus[axis], domain_.wraps[axis], domain_.link_bandwidth});
    }
    return inside;
  }

  // Chips of several domains, or a part of one switch.
  bool read_count(double chips, topology::Wiring& wiring) {
    const bool is_switch = domain_.topology == model::DomainTopology::kSwitch;
    const int each = is_switch ? domain_.chips_used : domain_.chips_usable;
    if (chips < 1.0 || chips != std::floor(chips)) return wrong("chips are a whole number from 1");
    wiring.inside = whole_domain();
    if (is_switch) wiring.inside.ports = each;
    if (chips < each && is_switch) {
      wiring.inside.ports = static_cast<int>(chips);
      return true;
    }
    if (std::fmod(chips, each) != 0.0) {
      return wrong(
          fmt::format("it takes whole domains of {} chips, e.g. {} or {}", each, each, 2 * each));
    }
    const double most = domains_delivered();
    if (chips / each > most) {
      return wrong(fmt::format("it has {} domains of {} chips after all deliveries", most, each));
    }
    wiring.between.groups = static_cast<int>(chips / each);
    if (wiring.between.groups > 1 && !cluster_.fabric) return wrong("no fabric joins its domains");
    return true;
  }

  bool read_shape(ScaleUp& inside) {
    std::string_view text = slice_;
    const bool twisted = text.ends_with(kTwisted);
    if (twisted) text.remove_suffix(kTwisted.size());
    if (domain_.topology == model::DomainTopology::kSwitch) {
      return wrong("its chips share a switch; write their number, e.g. 16");
    }
    std::vector<int> extents;
    for (const std::string_view piece : base::split(text, 'x')) {
      const auto value = base::parse_number(piece);
      if (!value || *value < 1.0 || *value != std::floor(*value) || *value > 1e6) {
        return wrong("write extents like 4x4x8, or a number of chips");
      }
      extents.push_back(static_cast<int>(*value));
    }
    const std::vector<int>& whole = domain_.torus;
    if (extents.size() != whole.size()) {
      return wrong(fmt::format("its tori have {} axes", whole.size()));
    }
    inside = whole_domain();
    bool within = true, multiple = true;
    double domains = 1.0;
    for (size_t axis = 0; axis < whole.size(); ++axis) {
      within = within && extents[axis] <= whole[axis];
      multiple = multiple && extents[axis] % whole[axis] == 0;
      domains *= static_cast<double>(extents[axis]) / whole[axis];
      inside.axes[axis].extent = extents[axis];
    }
    for (size_t axis = 0; axis < whole.size(); ++axis) {
      // Below a full axis the cable that closes the ring is not there. Optical switches close the
      // rings of whole cubes only.
      inside.axes[axis].wraps =
          domain_.wraps[axis] && extents[axis] % whole[axis] == 0 && (multiple || !cluster_.pod);
    }
    if (!within && !cluster_.pod) {
      return wrong(fmt::format("no axis may pass its domain's {}", fmt::join(whole, "x")));
    }
    if (!within && !multiple) {
      return wrong(
          fmt::format("beyond one cube, extents are multiples of {}", fmt::join(whole, "x")));
    }
    if (!within && domains > platform_.pods[cluster_.pod].domains) {
      return wrong(fmt::format("it takes {} cubes, and no slice crosses a pod of {}", domains,
                               platform_.pods[cluster_.pod].domains));
    }
    if (const double most = domains_delivered(); !within && domains > most) {
      return wrong(
          fmt::format("it takes {} cubes, and {} are there after all deliveries", domains, most));
    }
    return !twisted || read_twist(extents, multiple, inside);
  }

  bool read_twist(std::vector<int> extents, bool whole_cubes, ScaleUp& inside) {
    inside.twisted = true;
    std::sort(extents.begin(), extents.end());
    const int shortest = extents.front(), longest = extents.back();
    const bool even = std::all_of(extents.begin(), extents.end(),
                                  [&](int e) { return e == shortest || e == longest; });
    if (extents.size() == 3 && whole_cubes && even && longest == 2 * shortest) return true;
    return wrong("only AxAx2A and Ax2Ax2A of whole cubes are twisted");
  }

  void read_fabric(topology::ScaleOut& between) const {
    const model::Node& node = platform_.node_of(cluster_);
    if (node.nic && node.accelerators > 0) {
      between.nic = platform_.nics[node.nic].bandwidth * (1.0 * node.nics / node.accelerators);
    }
    if (!cluster_.fabric) return;
    const model::Fabric& fabric = platform_.fabrics[cluster_.fabric];
    between.latency = fabric.latency;
    between.load_balancing = fabric.load_balancing;
    for (const model::FabricTier& tier : fabric.tiers) {
      between.tiers.push_back({tier.name, tier.domains, tier.oversubscription});
    }
  }

  const model::Platform& platform_;
  const model::Cluster& cluster_;
  const model::Domain& domain_;
  std::string slice_;
  base::Diagnostics& problems_;
};

}  // namespace

std::optional<topology::Wiring> slice_wiring(const model::Platform& platform,
                                             const model::Cluster& cluster,
                                             const std::string& slice,
                                             base::Diagnostics& problems) {
  return SliceReader(platform, cluster, slice, problems).read();
}

}  // namespace busbar::cli
