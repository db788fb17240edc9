#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/base/text.h"
#include "sim/input/reading.h"
#include "sim/input/scenario_reader.h"

namespace busbar::input {

using model::Scenario;
using xml::Element;

namespace {

// Whether residency lets an organisation's jobs into the queue of a cluster: they may come to stand
// at the site of any cluster that shares it.
bool may_queue(const Scenario& scenario, const std::string& organisation,
               base::Id<model::Cluster> cluster) {
  const model::Platform& platform = scenario.platform;
  for (const model::CoSchedule& group : scenario.co_schedules) {
    const auto& all = group.clusters;
    if (std::find(all.begin(), all.end(), cluster) == all.end()) continue;
    return std::all_of(all.begin(), all.end(), [&](base::Id<model::Cluster> other) {
      return platform.may_use(organisation, platform.clusters[other].site);
    });
  }
  return platform.may_use(organisation, platform.clusters[cluster].site);
}

std::string listed(const std::vector<std::string>& names) {
  return names.empty() ? "none" : base::join(names, ", ");
}

}  // namespace

void check_residency(const Scenario& scenario, const Element& root, base::Diagnostics& problems) {
  const model::Platform& platform = scenario.platform;
  for (const char* kind : {"stream", "service", "trace"}) {
    const bool service = std::string_view(kind) == "service";
    for (const Element& e : root.children(kind)) {
      if (!e.children("disaggregated").empty()) continue;  // its phases are looked at apart
      const auto id = platform.organisations.find(e.get("organisation"));
      if (!id || platform.organisations[id].residency.empty()) continue;
      const model::Organisation& owner = platform.organisations[id];
      const auto vendors = xml::words(e, "vendors"), clusters = xml::words(e, "clusters"),
                 sites = xml::words(e, "sites");
      bool any = false, allowed = false;
      std::set<std::string> here;
      for (const auto at : platform.clusters.ids()) {
        const model::Cluster& cluster = platform.clusters[at];
        const model::Site& site = platform.sites[cluster.site];
        if (!base::none_or_named(vendors, platform.accelerator_of(cluster).vendor) ||
            !base::none_or_named(clusters, cluster.name) ||
            !base::none_or_named(sites, site.name)) {
          continue;
        }
        any = true;
        // A replica of a service stands at one site, whoever shares its queue.
        allowed |= service ? platform.may_use(owner.name, cluster.site)
                           : may_queue(scenario, owner.name, at);
        if (!site.jurisdiction.empty()) here.insert(site.jurisdiction);
      }
      if (!any || allowed) continue;
      problems.error(e.where("organisation"),
                     "{} '{}' may run nowhere: organisation '{}' keeps it in {} (residency), and "
                     "the clusters that it may use stand in {}; a co-schedule counts with all its "
                     "sites",
                     kind, e.get("id"), owner.name, listed(owner.residency),
                     listed({here.begin(), here.end()}));
    }
  }
}

}  // namespace busbar::input
