#include "sim/power/site_power.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "sim/base/calendar.h"

namespace busbar::power {

using base::Watts;

namespace {

constexpr double kYear_s = 365.2425 * base::kDay;
constexpr double kWarmestDay = 195.0;  // 15 July
constexpr double kWarmestHour = 15.0;

// Hosts, NICs and the domain's own overhead, without chips.
Watts shared_power(const model::Platform& platform, const model::Domain& domain) {
  const model::Node& node = platform.nodes[domain.node];
  Watts nics;
  if (node.nic) nics = platform.nics[node.nic].power * node.nics;
  return (node.host_power + nics) * domain.nodes + domain.overhead_power;
}

}  // namespace

Watts idle_domain_power(const model::Platform& platform, base::Id<model::Domain> id) {
  const model::Domain& domain = platform.domains[id];
  const model::Accelerator& chip = platform.accelerators[platform.nodes[domain.node].accelerator];
  return chip.idle_power * domain.chips_installed + shared_power(platform, domain);
}

ChipPower busy_chip_power(const model::Platform& platform, base::Id<model::Domain> id,
                          Activity activity) {
  const model::Domain& domain = platform.domains[id];
  const model::Accelerator& chip = platform.accelerators[platform.nodes[domain.node].accelerator];
  const double compute = std::clamp(activity.compute, 0.0, 1.0);
  const double communication = std::clamp(activity.communication, 0.0, 1.0 - compute);
  ChipPower power;
  power.above_idle = (chip.compute_power - chip.idle_power) * compute +
                     (chip.communication_power - chip.idle_power) * communication;
  // A used chip carries its part of what all used chips of the domain share.
  power.with_overheads =
      power.above_idle + idle_domain_power(platform, id) / std::max(1, domain.chips_used);
  return power;
}

Watts full_domain_power(const model::Platform& platform, base::Id<model::Domain> id) {
  return idle_domain_power(platform, id) +
         busy_chip_power(platform, id, {.compute = 1.0}).above_idle *
             platform.domains[id].chips_used;
}

double outside_temperature_c(const model::Site& site, double unix_s) {
  const model::Cooling& cooling = site.cooling;
  const double days = unix_s / base::kDay;
  // 1970-01-01 was the first day of a year; the mean year keeps the season in place.
  const double day_of_year = std::fmod(days, kYear_s / base::kDay);
  const double season =
      std::cos(2.0 * std::numbers::pi * (day_of_year - kWarmestDay) / (kYear_s / base::kDay));
  const double solar_hour = base::hour_of_day(unix_s) + site.longitude_deg / 15.0;
  const double day = std::cos(2.0 * std::numbers::pi * (solar_hour - kWarmestHour) / 24.0);
  const double hemisphere = site.latitude_deg < 0.0 ? -1.0 : 1.0;
  return cooling.mean_temperature_c + hemisphere * cooling.seasonal_amplitude_c * season +
         cooling.daily_amplitude_c * day;
}

double pue_at(const model::Site& site, double unix_s) {
  if (site.cooling.pue_by_temperature.x.empty()) return 1.0;
  return std::max(1.0, site.cooling.pue_by_temperature.at(outside_temperature_c(site, unix_s)));
}

}  // namespace busbar::power
