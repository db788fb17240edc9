#include "sim/engine/site_forecast.h"

#include <cmath>

#include "sim/power/site_power.h"

namespace busbar::engine {
namespace {

constexpr double kHour_s = base::kHour;
constexpr size_t kYear_h = 365 * 24;

// a + factor × b
SiteForecast::PerWatt sum(const SiteForecast::PerWatt& a, double factor,
                          const SiteForecast::PerWatt& b) {
  return {a.energy_j + factor * b.energy_j, a.carbon_g + factor * b.carbon_g,
          a.energy_usd + factor * b.energy_usd};
}

}  // namespace

void SiteForecast::look_ahead(size_t hours) {
  while (until_hour_.size() <= hours) {
    const double middle_s = (static_cast<double>(until_hour_.size()) - 0.5) * kHour_s;
    const double unix_s = start_unix_s_ + middle_s;
    const double energy_j = power::pue_at(*site_, unix_s) * kHour_s;
    until_hour_.push_back(
        sum(until_hour_.back(), 1.0,
            {energy_j, energy_j * site_->carbon.at(unix_s), energy_j * site_->price.at(unix_s)}));
  }
}

SiteForecast::PerWatt SiteForecast::until(double time_s) {
  const double year_s = kYear_h * kHour_s;
  const double years = std::floor(time_s / year_s);
  const double into_s = time_s - years * year_s;
  const auto hour = static_cast<size_t>(into_s / kHour_s);
  look_ahead(years > 0.0 ? kYear_h : hour + 1);
  const double into_hour_s = into_s - static_cast<double>(hour) * kHour_s;
  PerWatt all = until_hour_[hour];
  if (into_hour_s > 0.0) {
    const PerWatt this_hour = sum(until_hour_[hour + 1], -1.0, until_hour_[hour]);
    all = sum(all, into_hour_s / kHour_s, this_hour);
  }
  return years > 0.0 ? sum(all, years, until_hour_[kYear_h]) : all;
}

SiteForecast::PerWatt SiteForecast::between(double from_s, double to_s) {
  const PerWatt before = until(from_s);
  return sum(until(to_s), -1.0, before);
}

}  // namespace busbar::engine
