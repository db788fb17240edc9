#include "sim/validation/claims.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "sim/economics/capital.h"
#include "sim/power/site_power.h"

namespace busbar::validation {

using base::Id;
using model::ClaimQuantity;
using model::Platform;

namespace {

// The warmest hour of a site's year in PUE.
double worst_pue(const model::Site& site) {
  double worst = 1.0;
  for (int hour = 0; hour < 366 * 24; ++hour) {
    worst = std::max(worst, power::pue_at(site, hour * base::kHour));
  }
  return worst;
}

double limit_at(const std::vector<model::DatedValue>& steps, double unix_s) {
  return steps.empty() ? std::numeric_limits<double>::infinity()
                       : model::value_at(steps, unix_s, 0.0);
}

double figure_at(const Platform& platform, const model::Claim& claim, double unix_s) {
  double it_w = 0.0, facility_w = 0.0, chips = 0.0, chip_usd = 0.0;
  for (const auto site : platform.sites.ids()) {
    if (!claim.covers(platform.sites[site])) continue;
    const SitePower power = full_load_power(platform, site, unix_s, claim.vendor);
    it_w += power.it_w;
    facility_w += power.facility_w;
  }
  for (const model::Cluster& cluster : platform.clusters) {
    if (!claim.covers(platform.sites[cluster.site])) continue;
    if (!claim.vendor.empty() && platform.accelerator_of(cluster).vendor != claim.vendor) continue;
    chips += platform.chips_at(cluster, unix_s);
    chip_usd += economics::chip_cost(platform, cluster, unix_s).value;
  }
  switch (claim.quantity) {
    case ClaimQuantity::kFacilityPower:
      return facility_w;
    case ClaimQuantity::kItPower:
      return it_w;
    case ClaimQuantity::kChipsInstalled:
      return chips;
    case ClaimQuantity::kChipCost:
      return chip_usd;
    case ClaimQuantity::kCapitalCost:
      return chip_usd + economics::site_cost(base::Watts{it_w}).value;
    case ClaimQuantity::kContractValue: {
      double usd = 0.0;
      for (const model::Contract& contract : platform.contracts) {
        if (claim.sites.empty() ||
            std::find(claim.sites.begin(), claim.sites.end(), contract.site) != claim.sites.end()) {
          usd += contract.value.value_or(base::Usd{0.0}).value;
        }
      }
      return usd;
    }
    case ClaimQuantity::kTrainingJobs:
      break;
  }
  return std::nan("");
}

}  // namespace

std::vector<double> change_dates(const Platform& platform, Id<model::Site> site) {
  std::set<double> dates;
  for (const model::Cluster& cluster : platform.clusters) {
    if (cluster.site != site) continue;
    for (const model::Delivery& delivery : cluster.deliveries) {
      dates.insert(delivery.date_unix_s + cluster.burn_in.value);
    }
  }
  for (const auto* steps : {&platform.sites[site].it_limit_w, &platform.sites[site].grid_limit_w}) {
    for (const model::DatedValue& step : *steps) dates.insert(step.from_unix_s);
  }
  return {dates.begin(), dates.end()};
}

double complete_unix_s(const Platform& platform) {
  double last = 0.0;
  for (const auto site : platform.sites.ids()) {
    const std::vector<double> dates = change_dates(platform, site);
    if (!dates.empty()) last = std::max(last, dates.back());
  }
  return last;
}

double grid_limit(const Platform& platform, Id<model::Site> site, double unix_s) {
  return limit_at(platform.sites[site].grid_limit_w, unix_s);
}

SitePower full_load_power(const Platform& platform, Id<model::Site> id, double unix_s,
                          const std::string& vendor) {
  const model::Site& site = platform.sites[id];
  double all_w = 0.0, counted_w = 0.0, chips = 0.0;
  for (const model::Cluster& cluster : platform.clusters) {
    if (cluster.site != id) continue;
    const double watts =
        cluster.domains_at(unix_s) * power::full_domain_power(platform, cluster.domain).value;
    all_w += watts;
    if (!vendor.empty() && platform.accelerator_of(cluster).vendor != vendor) continue;
    counted_w += watts;
    chips += platform.chips_at(cluster, unix_s);
  }
  if (all_w <= 0.0) return {};
  const double pue = worst_pue(site);
  const double it_w = std::min(
      {all_w, limit_at(site.it_limit_w, unix_s), limit_at(site.grid_limit_w, unix_s) / pue});
  return {it_w * counted_w / all_w, it_w * pue * counted_w / all_w, chips};
}

double world_figure(const Platform& platform, const model::Claim& claim) {
  const double at = claim.at_unix_s > 0.0 ? claim.at_unix_s : complete_unix_s(platform);
  const double figure = figure_at(platform, claim, at);
  return claim.since_unix_s > 0.0 ? figure - figure_at(platform, claim, claim.since_unix_s)
                                  : figure;
}

}  // namespace busbar::validation
