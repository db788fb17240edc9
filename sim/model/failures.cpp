#include "sim/model/failures.h"

#include <array>
#include <cmath>

namespace busbar::model {
namespace {

constexpr std::array<std::string_view, kComponentKinds> kKindNames = {"chip",
                                                                      "hbm",
                                                                      "host",
                                                                      "nic",
                                                                      "cable",
                                                                      "switch",
                                                                      "ocs",
                                                                      "rack-power",
                                                                      "cooling-loop",
                                                                      "site-power",
                                                                      "wan-fibre",
                                                                      "software-hang",
                                                                      "silent-data-corruption",
                                                                      "straggler",
                                                                      "maintenance"};
constexpr std::array<std::string_view, kFailureUnits> kUnitNames = {
    "job", "chip", "nic", "node", "domain", "pod", "feed", "cluster", "wan-link", "site"};

}  // namespace

std::string_view name_of(ComponentKind kind) { return kKindNames[static_cast<size_t>(kind)]; }
std::string_view name_of(FailureUnit unit) { return kUnitNames[static_cast<size_t>(unit)]; }

base::Seconds RepairTime::mean() const { return median * std::exp(0.5 * sigma * sigma); }

std::optional<size_t> FailureModel::find(std::string_view mode) const {
  for (size_t i = 0; i < modes.size(); ++i) {
    if (modes[i].name == mode) return i;
  }
  return std::nullopt;
}

}  // namespace busbar::model
