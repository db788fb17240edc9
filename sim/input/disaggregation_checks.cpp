#include <fmt/format.h>

#include <set>

#include "sim/base/text.h"
#include "sim/input/reading.h"
#include "sim/input/scenario_reader.h"
#include "sim/input/wan_parts.h"

namespace busbar::input {

using model::Scenario;
using xml::Element;

namespace {

// Sites of the clusters that a phase may use; tells it when there are none.
std::set<base::Id<model::Site>> sites_of(const Scenario& scenario, const model::Service& service,
                                         const model::ServicePhase& phase, const Element& e,
                                         base::Diagnostics& problems) {
  const model::Platform& platform = scenario.platform;
  std::set<base::Id<model::Site>> allowed;
  std::set<std::string> kept_out;
  for (const model::Cluster& cluster : platform.clusters) {
    const model::Site& site = platform.sites[cluster.site];
    if (!base::none_or_named(phase.vendors, platform.accelerator_of(cluster).vendor) ||
        !base::none_or_named(phase.clusters, cluster.name) ||
        !base::none_or_named(phase.sites, site.name)) {
      continue;
    }
    if (platform.may_use(service.organisation, cluster.site)) {
      allowed.insert(cluster.site);
    } else {
      kept_out.insert(site.name);
    }
  }
  if (!allowed.empty()) return allowed;
  if (!kept_out.empty()) {
    problems.error(e.where(),
                   "{} of service '{}' may run nowhere: residency of organisation '{}' keeps it "
                   "out of {}; let it run elsewhere or widen the residency",
                   e.name(), service.name, service.organisation,
                   base::join({kept_out.begin(), kept_out.end()}, ", "));
  } else {
    problems.error(e.where(),
                   "{} of service '{}' may run on no cluster of this world; no cluster has all of "
                   "its vendors, sites and clusters",
                   e.name(), service.name);
  }
  return {};
}

std::string names_of(const Scenario& scenario, const std::set<base::Id<model::Site>>& sites) {
  std::vector<std::string> names;
  for (const auto site : sites) names.push_back(scenario.platform.sites[site].name);
  return base::join(names, ", ");
}

}  // namespace

void check_disaggregation(const Scenario& scenario, const Element& root,
                          base::Diagnostics& problems) {
  const WanParts wan(scenario.platform);
  for (const Element& e : root.children("service")) {
    const auto id = scenario.workload.services.find(e.get("id"));
    if (!id || !scenario.workload.services[id].disaggregated) continue;
    const model::Service& service = scenario.workload.services[id];
    const Element split = e.child("disaggregated");
    const auto prefill = sites_of(scenario, service, service.disaggregated->prefill,
                                  split.child("prefill"), problems);
    const auto decode =
        sites_of(scenario, service, service.disaggregated->decode, split.child("decode"), problems);
    if (prefill.empty() || decode.empty()) continue;
    std::set<base::Id<model::Site>> alone;
    for (const auto from : prefill) {
      bool joined = false;
      for (const auto to : decode) joined = joined || wan.joined(from, to);
      if (!joined) alone.insert(from);
    }
    if (alone.size() == prefill.size()) {
      problems.error(split.where(),
                     "service '{}': no path takes caches from prefill at {} to decode at {}; add a "
                     "<wan-link>, or let both phases run at one site",
                     service.name, names_of(scenario, prefill), names_of(scenario, decode));
    } else if (!alone.empty()) {
      problems.warning(split.where(),
                       "service '{}': prefill at {} reaches no decode and is not used there",
                       service.name, names_of(scenario, alone));
    }
  }
}

}  // namespace busbar::input
