#include "sim/engine/service_places.h"

#include <cmath>
#include <functional>

#include "sim/base/text.h"

namespace busbar::engine {
namespace {

// Where a service, or a phase of it, may stand.
struct Terms {
  serving::Phase phase = serving::Phase::kBoth;
  const std::vector<std::string>&vendors, &sites;
  std::vector<std::string> clusters;
  base::Location where;
};

std::vector<Terms> terms_of(const model::Service& service) {
  if (!service.disaggregated)
    return {{serving::Phase::kBoth, service.vendors, service.sites, {}, {}}};
  const model::ServicePhase &p = service.disaggregated->prefill, &d = service.disaggregated->decode;
  return {{serving::Phase::kPrefill, p.vendors, p.sites, p.clusters, p.where},
          {serving::Phase::kDecode, d.vendors, d.sites, d.clusters, d.where}};
}

// Every part of the world that residency and the user's terms allow.
void for_each_part(const model::Scenario& scenario, const Fleet& fleet,
                   const model::Service& service, const Terms& terms,
                   const std::function<void(const Network::Place&, const model::Cluster&)>& visit) {
  const model::Platform& platform = scenario.platform;
  for (size_t p = 0; p < fleet.pools.size(); ++p) {
    const Pool& pool = fleet.pools[p];
    for (size_t i = 0; i < pool.parts.size(); ++i) {
      const model::Cluster& cluster = platform.clusters[pool.parts[i].cluster];
      if (!base::none_or_named(terms.vendors, platform.accelerator_of(cluster).vendor) ||
          !base::none_or_named(terms.sites, platform.sites[cluster.site].name) ||
          !base::none_or_named(terms.clusters, cluster.name) ||
          !platform.may_use(service.organisation, cluster.site)) {
        continue;
      }
      visit({static_cast<std::int32_t>(p), static_cast<std::int32_t>(i)}, cluster);
    }
  }
}

// Pairs of prefill and decode: one part before one site before others by latency.
void add_pairs(const Network& network, ServicePlaces& places, std::int32_t service,
               const std::vector<std::int32_t>& of_prefill,
               const std::vector<std::int32_t>& of_decode) {
  for (const std::int32_t p : of_prefill) {
    for (const std::int32_t d : of_decode) {
      const Holding &first = places.holdings[static_cast<size_t>(p)],
                    &last = places.holdings[static_cast<size_t>(d)];
      Lane lane;
      lane.service = service;
      lane.first = p;
      lane.last = d;
      if (first.site != last.site) {
        lane.farness = 2.0 + network.latency({first.site}, {last.site}).value;
      } else if (!(first.place == last.place)) {
        lane.farness = 1.0;
      }
      places.lanes.push_back(lane);
    }
  }
}

}  // namespace

ServicePlaces find_places(const model::Scenario& scenario, const Fleet& fleet,
                          const Network& network, const serving::ServingModel& model) {
  ServicePlaces places;
  for (const auto id : scenario.workload.services.ids()) {
    const model::Service& service = scenario.workload.services[id];
    std::vector<std::int32_t> of_phase[2];
    for (const Terms& terms : terms_of(service)) {
      for_each_part(scenario, fleet, service, terms,
                    [&](const Network::Place& place, const model::Cluster& cluster) {
                      Holding holding;
                      holding.service = id.index;
                      holding.phase = terms.phase;
                      holding.place = place;
                      holding.site = cluster.site.index;
                      holding.replica = model.estimate(
                          service, scenario.workload.models[service.model], scenario.platform,
                          fleet.pools[static_cast<size_t>(place.pool)].domain, terms.phase);
                      if (!holding.replica.feasible) return;
                      const auto index = static_cast<std::int32_t>(places.holdings.size());
                      places.holdings.push_back(holding);
                      if (terms.phase == serving::Phase::kBoth) {
                        Lane lane;
                        lane.service = id.index;
                        lane.first = lane.last = index;
                        places.lanes.push_back(lane);
                      } else {
                        of_phase[terms.phase == serving::Phase::kDecode].push_back(index);
                      }
                    });
    }
    add_pairs(network, places, id.index, of_phase[0], of_phase[1]);
  }
  return places;
}

std::vector<InfeasiblePhase> infeasible_phases(const model::Scenario& scenario, const Fleet& fleet,
                                               const serving::ServingModel& model) {
  std::vector<InfeasiblePhase> all;
  for (const model::Service& service : scenario.workload.services) {
    if (!service.disaggregated) continue;
    for (const Terms& terms : terms_of(service)) {
      bool feasible = false;
      std::string reason;
      for_each_part(
          scenario, fleet, service, terms, [&](const Network::Place& place, const model::Cluster&) {
            const auto replica =
                model.estimate(service, scenario.workload.models[service.model], scenario.platform,
                               fleet.pools[static_cast<size_t>(place.pool)].domain, terms.phase);
            feasible = feasible || replica.feasible;
            if (!replica.feasible) reason = replica.reason;
          });
      if (!feasible) all.push_back({service.name, terms.phase, reason, terms.where});
    }
  }
  return all;
}

double replicas_in(const Fleet& fleet, const Holding& holding) {
  const Pool& pool = fleet.pools[static_cast<size_t>(holding.place.pool)];
  return std::floor(static_cast<double>(holding.domains) * pool.used_chips_per_domain /
                    holding.replica.chips);
}

double per_domain(const Fleet& fleet, const Holding& holding) {
  return fleet.pools[static_cast<size_t>(holding.place.pool)].used_chips_per_domain /
         holding.replica.chips * holding.replica.requests_per_s * kTargetUtilisation;
}

}  // namespace busbar::engine
