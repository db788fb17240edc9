/// Distances on the globe.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

namespace busbar::base {

/// Great-circle distance in metres between two places with `latitude_deg` and `longitude_deg`, on a
/// sphere of 6,371 km (haversine; error below 0.6 %).
template <class A, class B>
double great_circle_m(const A& a, const B& b) {
  constexpr double kRadius_m = 6.371e6;
  constexpr double kRad = std::numbers::pi / 180.0;
  const double lat = std::sin((b.latitude_deg - a.latitude_deg) * kRad / 2.0);
  const double lon = std::sin((b.longitude_deg - a.longitude_deg) * kRad / 2.0);
  const double h =
      lat * lat + std::cos(a.latitude_deg * kRad) * std::cos(b.latitude_deg * kRad) * lon * lon;
  return 2.0 * kRadius_m * std::asin(std::sqrt(std::min(1.0, h)));
}

}  // namespace busbar::base
