#include "sim/engine/site_forecast.h"

#include <gtest/gtest.h>

#include "sim/engine/site_meter.h"

namespace busbar::engine {
namespace {

// A site whose PUE, price and carbon change by hour and season.
model::Site restless() {
  model::Site site;
  site.longitude_deg = -100.0;
  site.latitude_deg = 33.0;
  site.cooling = {.pue_by_temperature = {{15.0, 35.0}, {1.1, 1.3}},
                  .mean_temperature_c = 20.0,
                  .seasonal_amplitude_c = 8.0,
                  .daily_amplitude_c = 6.0};
  site.price.mean = 1e-8;
  site.carbon.mean = 1e-4;
  for (int hour = 0; hour < 24; ++hour) {
    site.price.by_hour_utc.push_back(0.5 + hour / 23.0);
    site.carbon.by_hour_utc.push_back(1.5 - hour / 23.0);
  }
  return site;
}

constexpr double kStart_unix_s = 1767225600.0;  // 2026-01-01

// What is forecast for some hours is what the meter has counted when they are over.
TEST(SiteForecast, AgreesWithTheMeterAfterwards) {
  const model::Site site = restless();
  SiteForecast forecast(site, kStart_unix_s);
  SiteMeter meter(site, kStart_unix_s, 3.0 * base::kDay);
  for (int hour = 0; hour < 72; ++hour) meter.begin_hour(hour * base::kHour);
  for (const auto& [from_h, to_h] :
       {std::pair{0.0, 1.0}, {0.25, 0.5}, {3.5, 40.75}, {24.0, 48.0}, {12.0, 12.0}}) {
    const auto ahead = forecast.between(from_h * base::kHour, to_h * base::kHour);
    const auto before = meter.per_watt_until(from_h * base::kHour);
    const auto after = meter.per_watt_until(to_h * base::kHour);
    EXPECT_NEAR(ahead.carbon_g, after.carbon_g - before.carbon_g, 1e-9 * after.carbon_g);
    EXPECT_NEAR(ahead.energy_usd, after.electricity_usd - before.electricity_usd,
                1e-9 * after.electricity_usd);
  }
}

// 1 W for 2 h at a constant PUE of 1.5.
TEST(SiteForecast, CountsTheEnergyOfTheFacility) {
  model::Site site;
  site.cooling.pue_by_temperature = {{15.0}, {1.5}};
  SiteForecast forecast(site, kStart_unix_s);
  EXPECT_NEAR(forecast.between(1800.0, 1800.0 + 7200.0).energy_j, 1.5 * 7200.0, 1e-6);
}

// Beyond its first year a site goes on as in it.
TEST(SiteForecast, RepeatsTheFirstYear) {
  const model::Site site = restless();
  SiteForecast forecast(site, kStart_unix_s);
  const double year_s = 365.0 * base::kDay;
  const auto first = forecast.between(0.5 * base::kHour, 30.0 * base::kHour);
  const auto third =
      forecast.between(2.0 * year_s + 0.5 * base::kHour, 2.0 * year_s + 30.0 * base::kHour);
  EXPECT_NEAR(third.energy_j, first.energy_j, 1e-6 * first.energy_j);
  const auto whole = forecast.between(0.0, year_s);
  EXPECT_NEAR(forecast.between(0.25 * year_s, 1.25 * year_s).carbon_g, whole.carbon_g,
              1e-9 * whole.carbon_g);
}

}  // namespace
}  // namespace busbar::engine
