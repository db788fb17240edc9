#include "sim/topology/wiring.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "sim/base/rows.h"
#include "sim/base/text.h"

namespace busbar::topology {
namespace {

using Shape = std::vector<int>;

int product(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), 1, std::multiplies<>());
}

std::optional<int> count_of(std::string_view text) {
  const auto value = base::parse_number(text);
  if (!value || *value < 1.0 || *value > 1e8 || *value != static_cast<int>(*value)) return {};
  return static_cast<int>(*value);
}

// `8x8x16`, or nothing.
std::optional<Shape> shape_in(std::string_view text) {
  Shape shape;
  for (const auto part : base::split(text, 'x')) {
    const auto extent = count_of(part);
    if (!extent) return {};
    shape.push_back(*extent);
  }
  return shape;
}

// What a slice text asks for: `2*16x16`, `4x4x8-twisted`, `512`.
struct Asked {
  int groups = 1;
  bool groups_told = false, twisted = false;
  Shape shape;
};

std::optional<Asked> parse(std::string_view text) {
  Asked asked;
  if (const auto star = text.find('*'); star != std::string_view::npos) {
    const auto groups = count_of(base::trim(text.substr(0, star)));
    if (!groups) return {};
    asked.groups = *groups;
    asked.groups_told = true;
    text = base::trim(text.substr(star + 1));
  }
  for (const std::string_view ending : {"-twisted", "_twisted"}) {
    if (text.ends_with(ending)) {
      asked.twisted = true;
      text.remove_suffix(ending.size());
    }
  }
  const auto shape = shape_in(text);
  if (!shape) return {};
  asked.shape = *shape;
  return asked;
}

// Reads a slice of one place.
class SliceReader {
 public:
  SliceReader(const model::Platform& platform, const Place& place, base::Diagnostics& problems)
      : platform_(platform),
        place_(place),
        domain_(*place.domain),
        pod_(place.pod),
        problems_(problems) {}

  std::optional<Wiring> read(std::string_view text) {
    text_ = text;
    const auto asked = parse(text);
    if (!asked) {
      return fail("write a shape, a number of chips, or several of either, such as 2*8");
    }
    Wiring wiring;
    wiring.name = fmt::format("{} of {}", text, place_.name);
    wiring.inside.kind = domain_.topology;
    wiring.inside.hop = domain_.link_latency;
    wiring.inside.in_network_reduction = domain_.in_network_reduction;
    wiring.between.groups = asked->groups;
    const bool fits = domain_.topology == model::DomainTopology::kTorus ? torus(*asked, wiring)
                                                                        : ports(*asked, wiring);
    if (!fits || !enough(wiring) || !fabric(wiring)) return {};
    return wiring;
  }

 private:
  template <class... Args>
  std::nullopt_t fail(fmt::format_string<Args...> rule, Args&&... args) {
    problems_.error({}, "{} offers no slice '{}': {}", place_.name, text_,
                    fmt::format(rule, std::forward<Args>(args)...));
    return std::nullopt;
  }

  bool cubes() const { return pod_ != nullptr; }

  // Shapes below the whole domain, as its vendor lists them.
  std::string listed() const {
    std::vector<std::string> names;
    for (const Shape& shape : domain_.sub_slices) names.push_back(text_of(shape));
    names.push_back(text_of(domain_.torus));
    return base::join(names);
  }

  std::string offered() const {
    if (!cubes())
      return fmt::format("it offers {}, and several of them as N*{}", listed(),
                         text_of(domain_.torus));
    return fmt::format("it offers {}, and multiples of {} on each axis up to {} domains", listed(),
                       text_of(domain_.torus), most_cubes());
  }

  int most_cubes() const { return pod_->slice_domains; }

  bool torus(const Asked& asked, Wiring& wiring) {
    Shape shape = asked.shape;
    const Shape& whole = domain_.torus;
    if (shape.size() == 1) {
      const auto found = shape_for(shape[0], wiring.between.groups);
      if (!found) return fail("no shape has {} chips; {}", shape[0], offered()), false;
      shape = *found;
    }
    if (shape.size() != whole.size()) {
      return fail("its tori have {} axes; {}", whole.size(), offered()), false;
    }
    Shape sorted = shape;
    std::sort(sorted.begin(), sorted.end());
    const bool sub =
        std::any_of(domain_.sub_slices.begin(), domain_.sub_slices.end(),
                    [&](Shape s) { return std::sort(s.begin(), s.end()), s == sorted; });
    bool multiple = true;
    int domains = 1;
    for (size_t a = 0; a < whole.size(); ++a) {
      multiple = multiple && shape[a] % whole[a] == 0;
      domains *= std::max(1, shape[a] / whole[a]);
    }
    if (!sub && (!multiple || (domains > 1 && !cubes()))) return fail("{}", offered()), false;
    if (domains > 1 && domains > most_cubes()) {
      return fail("{} domains of {} in one slice; a slice of pod '{}' has at most {}", domains,
                  text_of(whole), pod_->name, most_cubes()),
             false;
    }
    for (size_t a = 0; a < shape.size(); ++a) {
      // Optical switches close the axes of whole domains; below, only full axes of a torus that is
      // wired through wrap around.
      const bool full = shape[a] % whole[a] == 0;
      const bool wraps = domain_.wraps[a] && full && (!sub || !cubes());
      const base::BytesPerSecond cable =
          domain_.axis_bandwidths.empty() ? domain_.link_bandwidth : domain_.axis_bandwidths[a];
      wiring.inside.axes.push_back({shape[a], wraps && shape[a] > 1, cable});
    }
    domains_of_a_group_ = domains;
    return !asked.twisted || twist(shape, wiring);
  }

  // The vendor twists slices of the forms AxAx2A and Ax2Ax2A.
  bool twist(const Shape& shape, Wiring& wiring) {
    if (!cubes() || !pod_->twists || !can_twist(shape)) {
      return fail("twisted slices have the form AxAx2A or Ax2Ax2A{}, e.g. 4x4x8-twisted",
                  cubes() && pod_->twists ? "" : " of a pod that can twist"),
             false;
    }
    wiring.inside.twisted = true;
    return true;
  }

  // The most compact shape with so many chips; several whole domains become groups.
  std::optional<Shape> shape_for(int chips, int& groups) const {
    for (const Shape& s : domain_.sub_slices) {
      if (product(s) == chips) return s;
    }
    const int whole = domain_.chips_installed;
    if (chips % whole != 0) return {};
    if (!cubes()) {
      groups *= chips / whole;
      return domain_.torus;
    }
    const int wanted = chips / whole;
    Shape best;
    for (int a = 1; a * a * a <= wanted; ++a) {
      for (int b = a; wanted % a == 0 && a * b * b <= wanted; ++b) {
        if ((wanted / a) % b != 0) continue;
        best = {a * domain_.torus[0], b * domain_.torus[1], wanted / a / b * domain_.torus[2]};
      }
    }
    if (domain_.torus.size() != 3 || best.empty()) return {};
    return best;
  }

  bool ports(const Asked& asked, Wiring& wiring) {
    if (asked.shape.size() != 1 || asked.twisted) {
      return fail(
                 "its chips are switched: write their number, 1 to {}, or several groups, such "
                 "as 2*{}",
                 domain_.chips_usable, domain_.chips_used),
             false;
    }
    int chips = asked.shape[0];
    if (chips > domain_.chips_usable && !asked.groups_told) {
      for (const int group : {domain_.chips_used, domain_.chips_usable}) {
        if (chips % group != 0) continue;
        wiring.between.groups = chips / group;
        chips = group;
        break;
      }
    }
    if (chips > domain_.chips_usable) {
      return fail(
                 "one group has 1 to {} chips; larger slices are multiples of {}, or say how many "
                 "groups of how many chips, such as 3*4",
                 domain_.chips_usable, domain_.chips_used),
             false;
    }
    wiring.inside.ports = chips;
    wiring.inside.port = domain_.bandwidth_per_chip();
    return true;
  }

  bool enough(const Wiring& wiring) {
    const int need = domains_of_a_group_ * wiring.between.groups;
    if (need <= place_.domains) return true;
    return fail("it needs {} domains of '{}', there are {}", need, domain_.name, place_.domains),
           false;
  }

  bool fabric(Wiring& wiring) {
    if (wiring.between.groups == 1) return true;
    if (place_.fabric == nullptr) {
      return fail("its domains are not joined: it has no fabric"), false;
    }
    const model::Fabric& fabric = *place_.fabric;
    const model::Node& node = platform_.nodes[domain_.node];
    if (!node.nic || node.nics == 0) {
      return fail("node '{}' has no network interface", node.name), false;
    }
    ScaleOut& between = wiring.between;
    between.nic = platform_.nics[node.nic].bandwidth * (1.0 * node.nics / node.accelerators);
    between.latency = fabric.latency;
    between.load_balancing = fabric.load_balancing;
    for (const model::FabricTier& tier : fabric.tiers) {
      between.tiers.push_back({tier.name, tier.domains, tier.oversubscription});
    }
    return true;
  }

  const model::Platform& platform_;
  const Place& place_;
  const model::Domain& domain_;
  const model::Pod* pod_;
  base::Diagnostics& problems_;
  std::string_view text_;
  int domains_of_a_group_ = 1;
};

}  // namespace

int ScaleUp::chips() const {
  if (kind == model::DomainTopology::kSwitch) return ports;
  int chips = 1;
  for (const Axis& axis : axes) chips *= axis.extent;
  return chips;
}

base::BytesPerSecond ScaleUp::chip_bandwidth() const {
  if (kind == model::DomainTopology::kSwitch) return port;
  base::BytesPerSecond sum;
  for (const Axis& axis : axes) {
    if (axis.extent > 1) sum += axis.cable * (axis.wraps || axis.extent > 2 ? 2.0 : 1.0);
  }
  return sum;
}

bool can_twist(std::vector<int> shape) {
  std::sort(shape.begin(), shape.end());
  return shape.size() == 3 && shape[2] == 2 * shape[0] &&
         (shape[1] == shape[0] || shape[1] == shape[2]);
}

std::string text_of(const std::vector<int>& shape) {
  std::vector<std::string> words;
  for (const int extent : shape) words.push_back(std::to_string(extent));
  return base::join(words, "x");
}

std::optional<Wiring> wiring_of(const model::Platform& platform, const model::Cluster& cluster,
                                std::string_view slice, base::Diagnostics& problems) {
  Place place;
  place.name = fmt::format("cluster '{}'", cluster.name);
  place.domain = &platform.domain_of(cluster);
  if (cluster.pod) place.pod = &platform.pods[cluster.pod];
  if (cluster.fabric) place.fabric = &platform.fabrics[cluster.fabric];
  place.domains = cluster.domains_at(std::numeric_limits<double>::infinity());
  return wiring_of(platform, place, slice, problems);
}

std::optional<Wiring> wiring_of(const model::Platform& platform, const Place& place,
                                std::string_view slice, base::Diagnostics& problems) {
  return SliceReader(platform, place, problems).read(slice);
}

}  // namespace busbar::topology
