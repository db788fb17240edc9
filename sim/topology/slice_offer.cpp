#include "sim/topology/slice_offer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "sim/topology/pod.h"

namespace busbar::topology {
namespace {

std::int64_t rounded_up(std::int64_t chips, std::int64_t unit) {
  return (chips + unit - 1) / unit * unit;
}

// Of a torus: units up to the smallest listed shape, then the next listed one, then the whole.
std::int64_t part_of_domain(const model::Domain& domain, std::int64_t chips) {
  const std::int64_t units = rounded_up(chips, domain.allocation_unit);
  if (domain.topology == model::DomainTopology::kSwitch) return units;
  std::int64_t smallest = domain.chips_used, next = domain.chips_used;
  for (const std::vector<int>& shape : domain.sub_slices) {
    const std::int64_t size =
        std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    smallest = std::min(smallest, size);
    if (size >= chips) next = std::min(next, size);
  }
  return chips <= smallest ? std::min(units, smallest) : next;
}

}  // namespace

SliceOffer offer_of(const model::Domain& domain, const model::Pod* pod, std::int64_t chips,
                    int slices) {
  const std::int64_t whole = domain.chips_used;
  SliceOffer offer;
  if (pod == nullptr) {
    const bool torus = domain.topology == model::DomainTopology::kTorus;
    offer.slice_chips = chips <= whole ? part_of_domain(domain, chips)
                                       : rounded_up(chips, torus ? whole : domain.allocation_unit);
    return offer;
  }
  const std::int64_t most = whole * pod->slice_domains;
  offer.slices = slices > 0 ? slices : static_cast<int>((chips + most - 1) / most);
  const std::int64_t asked = (chips + offer.slices - 1) / offer.slices;
  offer.slice_chips = asked <= whole ? part_of_domain(domain, asked) : rounded_up(asked, whole);
  if (offer.slice_chips > most) {
    offer.broken_rule = fmt::format(
        "a slice of pod '{}' has at most {} domains of {} chips, not {}: plan at least {} slices",
        pod->name, pod->slice_domains, whole, offer.slice_chips / whole, (chips + most - 1) / most);
  }
  return offer;
}

base::BytesPerSecond bisection_of(const model::Domain& domain, std::int64_t domains) {
  if (domain.topology == model::DomainTopology::kSwitch) {
    return domains > 1 ? base::BytesPerSecond{}
                       : domain.bandwidth_per_chip() * (domain.chips_used / 2);
  }
  CubeGrid grid{1, 1, 1};
  if (domain.torus.size() == 3) grid = compact_grid(static_cast<int>(domains));
  if (domain.torus.size() != 3 && domains > 1) return {};
  double least_Bps = std::numeric_limits<double>::infinity();
  for (size_t a = 0; a < domain.torus.size(); ++a) {
    const int extent = domain.torus[a] * (a < grid.size() ? grid[a] : 1);
    if (extent < 2) continue;
    const base::BytesPerSecond cable =
        domain.axis_bandwidths.empty() ? domain.link_bandwidth : domain.axis_bandwidths[a];
    const double chips = static_cast<double>(domain.chips_used) * static_cast<double>(domains);
    const double cuts = domain.wraps[a] ? 2.0 : 1.0;
    least_Bps = std::min(least_Bps, cuts * chips / extent * cable.value);
  }
  return base::BytesPerSecond{std::isfinite(least_Bps) ? least_Bps : 0.0};
}

}  // namespace busbar::topology
