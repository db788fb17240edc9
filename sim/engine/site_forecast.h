/// What a watt of IT power will have cost at a site: PUE, price and carbon ahead of the clock.
#pragma once

#include <vector>

#include "sim/model/platform.h"

namespace busbar::engine {

/// Integrates a site's series ahead. Rates are constant within an hour of the run, as the site's
/// meter has them, so that what is forecast for a job's hours is what its row will say. From the
/// second year on the first is repeated.
class SiteForecast {
 public:
  SiteForecast(const model::Site& site, double start_unix_s)
      : site_(&site), start_unix_s_(start_unix_s) {}

  /// Integrals for one watt of IT power.
  struct PerWatt {
    double energy_j = 0.0;  // of the facility
    double carbon_g = 0.0;
    double energy_usd = 0.0;
  };
  /// From one time to a later one, in seconds of the run.
  PerWatt between(double from_s, double to_s);

 private:
  PerWatt until(double time_s);
  void look_ahead(size_t hours);

  const model::Site* site_;
  double start_unix_s_;
  std::vector<PerWatt> until_hour_{{}};  // up to the begin of each hour, as far as was asked
};

}  // namespace busbar::engine
