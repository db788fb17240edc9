#include "sim/model/platform.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "sim/base/calendar.h"

namespace busbar::model {

double value_at(const std::vector<DatedValue>& steps, double unix_s, double before_first) {
  double value = before_first;
  for (const DatedValue& step : steps) {
    if (step.from_unix_s > unix_s) break;
    value = step.value;
  }
  return value;
}

double Curve::at(double x_value) const {
  if (x.empty()) return 0.0;
  const auto right = std::upper_bound(x.begin(), x.end(), x_value) - x.begin();
  if (right == 0) return y.front();
  if (right == static_cast<std::ptrdiff_t>(x.size())) return y.back();
  const auto r = static_cast<size_t>(right);
  const double share = (x_value - x[r - 1]) / (x[r] - x[r - 1]);
  return y[r - 1] + share * (y[r] - y[r - 1]);
}

double Fabric::oversubscription() const {
  double product = 1.0;
  for (const FabricTier& tier : tiers) product *= tier.oversubscription;
  return product;
}

double EnergySeries::at(double unix_s) const {
  double value = mean;
  if (!by_hour_utc.empty()) {
    value *= by_hour_utc[static_cast<size_t>(base::hour_of_day(unix_s)) % by_hour_utc.size()];
  }
  if (!by_month.empty()) {
    value *= by_month[static_cast<size_t>(base::month_of_year(unix_s)) % by_month.size()];
  }
  return value;
}

int Cluster::domains_at(double unix_s) const {
  int domains = 0;
  for (const Delivery& delivery : deliveries) {
    // Removals take effect at once; only what arrives has to burn in.
    const double delay_s = delivery.domains > 0 ? burn_in.value : 0.0;
    if (delivery.date_unix_s + delay_s <= unix_s) domains += delivery.domains;
  }
  return std::max(domains, 0);
}

int Cluster::spare_domains() const {
  std::set<int> buildings;
  for (const Delivery& delivery : deliveries) {
    buildings.insert(delivery.building >= 0 ? delivery.building : building);
  }
  return hot_spares * static_cast<int>(buildings.size());
}

bool Claim::covers(const Site& site) const {
  return sites.empty() || std::find(sites.begin(), sites.end(), site.name) != sites.end();
}

std::string_view unit_of(ClaimQuantity quantity) {
  switch (quantity) {
    case ClaimQuantity::kFacilityPower:
    case ClaimQuantity::kItPower:
      return "W";
    case ClaimQuantity::kChipsInstalled:
      return "chips";
    case ClaimQuantity::kCapitalCost:
    case ClaimQuantity::kChipCost:
    case ClaimQuantity::kContractValue:
      return "USD";
    case ClaimQuantity::kTrainingJobs:
      return "jobs";
  }
  return "";
}

bool Platform::may_use(const std::string& organisation, Id<Site> site) const {
  const Id<Organisation> id = organisations.find(organisation);
  if (!id || organisations[id].residency.empty()) return true;
  const std::string& here = sites[site].jurisdiction;
  const std::vector<std::string>& allowed = organisations[id].residency;
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& whole) {
    return here == whole || here.starts_with(whole + "-");
  });
}

Id<FailureModel> Platform::failures_of(const Domain& domain) const {
  if (domain.failures) return domain.failures;
  const Node& node = nodes[domain.node];
  return node.failures ? node.failures : accelerators[node.accelerator].failures;
}

Id<FailureModel> Platform::failures_of(const Cluster& cluster) const {
  return cluster.failures ? cluster.failures : failures_of(domain_of(cluster));
}

const Storage* Platform::storage_of(const Cluster& cluster) const {
  for (const Storage& storage : sites[cluster.site].storages) {
    if (storage.name == cluster.storage) return &storage;
  }
  return nullptr;
}

}  // namespace busbar::model
