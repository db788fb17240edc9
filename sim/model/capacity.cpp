#include "sim/model/capacity.h"

#include <algorithm>
#include <limits>
#include <map>

namespace busbar::model {
namespace {

bool within(const std::string& jurisdiction, const std::string& whole) {
  return jurisdiction == whole || jurisdiction.starts_with(whole + "-");
}

bool stops_deliveries(const Shock& shock) {
  return shock.kind == "late-delivery" || shock.kind == "export-ban" ||
         (shock.kind == "supplier-halt" && shock.stops_what("deliveries"));
}

}  // namespace

bool Shock::stops_what(std::string_view what) const {
  return std::find(stops.begin(), stops.end(), what) != stops.end();
}

bool Shock::covers(const Platform& platform, const Cluster& its_cluster) const {
  const Site& its_site = platform.sites[its_cluster.site];
  return (cluster.empty() || cluster == its_cluster.name) &&
         (site.empty() || site == its_site.name) &&
         (vendor.empty() || vendor == platform.accelerator_of(its_cluster).vendor) &&
         (jurisdiction.empty() || within(its_site.jurisdiction, jurisdiction));
}

std::vector<Delivery> deliveries_under_shocks(const Scenario& scenario, Id<Cluster> id) {
  const Cluster& cluster = scenario.platform.clusters[id];
  std::vector<Delivery> planned = cluster.deliveries;
  std::vector<const Shock*> shocks;
  for (const Shock& shock : scenario.shocks) {
    if (stops_deliveries(shock) && shock.covers(scenario.platform, cluster)) {
      shocks.push_back(&shock);
    }
  }
  if (shocks.empty()) return planned;
  std::stable_sort(shocks.begin(), shocks.end(),
                   [](const Shock* a, const Shock* b) { return a->at_s < b->at_s; });
  for (const Shock* shock : shocks) {
    const double from_unix_s = scenario.start_unix_s + shock->at_s;
    const auto postponed = [&](const Delivery& delivery) {
      return delivery.domains > 0 && delivery.date_unix_s > from_unix_s;
    };
    if (shock->duration_s <= 0.0) std::erase_if(planned, postponed);
    for (Delivery& delivery : planned) {
      if (postponed(delivery)) delivery.date_unix_s += shock->duration_s;
    }
  }
  std::stable_sort(planned.begin(), planned.end(), [](const Delivery& a, const Delivery& b) {
    return a.date_unix_s < b.date_unix_s;
  });
  std::map<int, int> there;  // by building
  for (Delivery& delivery : planned) {
    int& domains = there[delivery.building >= 0 ? delivery.building : cluster.building];
    delivery.domains = std::max(delivery.domains, -domains);
    domains += delivery.domains;
  }
  std::erase_if(planned, [](const Delivery& delivery) { return delivery.domains == 0; });
  return planned;
}

int domains_under_shocks(const Scenario& scenario, Id<Cluster> id, double unix_s) {
  const Cluster& cluster = scenario.platform.clusters[id];
  // Nothing takes away more than is there.
  std::vector<std::pair<double, int>> changes;
  for (const Delivery& delivery : deliveries_under_shocks(scenario, id)) {
    changes.emplace_back(
        delivery.date_unix_s + (delivery.domains > 0 ? cluster.burn_in.value : 0.0),
        delivery.domains);
  }
  for (const Shock& shock : scenario.shocks) {
    if (shock.kind != "decommission" || !shock.covers(scenario.platform, cluster)) continue;
    changes.emplace_back(scenario.start_unix_s + shock.at_s,
                         shock.domains > 0 ? -shock.domains : std::numeric_limits<int>::min() / 2);
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  int there = 0;
  for (const auto& [at_s, change] : changes) {
    if (at_s <= unix_s) there = std::max(0, there + change);
  }
  return there;
}

}  // namespace busbar::model
