#include "sim/input/supply_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/text.h"

namespace busbar::input {
namespace {

using model::Site;
using xml::Element;

// What a supply serves is a building or a cluster of the site.
void check_served(const Element& e, const Site& site, base::Diagnostics& problems) {
  std::vector<std::string> known;
  for (const model::Building& building : site.buildings) known.push_back(building.name);
  for (const Element& cluster : e.children("cluster")) known.push_back(cluster.get("id"));
  for (const model::SharedSupply& supply : site.supplies) {
    for (const std::string& name : supply.serves) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      problems.error(e.where(),
                     "'{}' serves '{}', but site '{}' has no such building or cluster;{}",
                     supply.name, name, site.name, base::suggestion(name, known));
    }
  }
}

// Domains that ever stand in the clusters of a site together, at most.
long long most_domains(const Site& site, const model::Platform& platform) {
  long long sum = 0;
  for (const model::Cluster& cluster : platform.clusters) {
    if (!cluster.site || platform.sites[cluster.site].name != site.name) continue;
    long long now = 0, most = 0;
    for (const model::Delivery& delivery : cluster.deliveries) {
      now += delivery.domains;
      most = std::max(most, now);
    }
    sum += most;
  }
  return sum;
}

bool has_named(const Site& site, bool cooling) {
  return std::any_of(site.supplies.begin(), site.supplies.end(),
                     [cooling](const model::SharedSupply& s) { return s.cooling == cooling; });
}

void check_count(const Element& e, const Site& site, const model::Platform& platform, bool cooling,
                 base::Diagnostics& problems) {
  const int count = cooling ? site.cooling_loops : site.feeds;
  if (count == 0) return;
  const char* attribute = cooling ? "cooling-loops" : "feeds";
  if (has_named(site, cooling)) {
    problems.error(e.where(attribute),
                   "site '{}' names its {} and counts them: leave {}=\"{}\" out, or the <{}>s",
                   site.name, cooling ? "cooling loops" : "feeds", attribute, count,
                   cooling ? "cooling-loop" : "feed");
  }
  const long long most = most_domains(site, platform);
  if (count > most) {
    problems.error(e.where(attribute),
                   "site '{}': {} {} for {} domains leave some that serve nothing; write at most "
                   "{}",
                   site.name, count, cooling ? "cooling loops" : "feeds", most, most);
  }
}

}  // namespace

void check_supplies(const Element& e, const Site& site, model::Platform& platform,
                    base::Diagnostics& problems) {
  check_served(e, site, problems);
  for (const bool cooling : {false, true}) check_count(e, site, platform, cooling, problems);
  if (!site.failures) return;
  for (const model::FailureMode& mode : platform.failure_models[site.failures].modes) {
    if (mode.per != model::FailureUnit::kFeed) continue;
    const bool cooling = mode.kind == model::ComponentKind::kCoolingLoop;
    if (has_named(site, cooling) || (cooling ? site.cooling_loops : site.feeds) > 0) continue;
    platform.unused.push_back({fmt::format("site '{}' failures '{}' (it has no {})", site.name,
                                           mode.name, cooling ? "cooling loop" : "feed"),
                               e.where()});
  }
}

}  // namespace busbar::input
