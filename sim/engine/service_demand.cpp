#include "sim/engine/service_demand.h"

#include <cmath>
#include <numbers>

#include "sim/base/calendar.h"

namespace busbar::engine {

using base::Id;

double growth_of(const model::Service& service, double since_start_s) {
  return std::pow(service.growth_per_year, since_start_s / base::kYear);
}

double requests_per_s(const model::Scenario& scenario, const model::Service& service,
                      const model::Demand& demand, double unix_s) {
  const double growth = growth_of(service, unix_s - scenario.start_unix_s);
  if (!demand.logged_per_s.empty()) {
    const size_t hours = demand.logged_per_s.size();
    const auto hour = static_cast<size_t>((unix_s - scenario.start_unix_s) / base::kHour);
    if (hour >= hours && !demand.repeat) return 0.0;
    return demand.logged_per_s[hour % hours] * growth;
  }
  const Id<model::Region> region = scenario.platform.regions.find(demand.region);
  const double offset_h = region ? scenario.platform.regions[region].utc_offset_h : 0.0;
  const double local_h = base::hour_of_day(unix_s + offset_h * base::kHour);
  const double day =
      1.0 + demand.daily_amplitude *
                std::cos(2.0 * std::numbers::pi * (local_h - demand.peak_hour_local) / 24.0);
  return demand.requests.value * day * growth;
}

}  // namespace busbar::engine
