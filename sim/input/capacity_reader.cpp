#include "sim/input/capacity_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/input/reading.h"

namespace busbar::input {

using base::Dimension;
using xml::Element;

namespace {

std::vector<std::string> vendors_of(const model::Platform& platform) {
  std::set<std::string> vendors;
  for (const model::Accelerator& chip : platform.accelerators) vendors.insert(chip.vendor);
  return {vendors.begin(), vendors.end()};
}

// Reports a word that is none of the known ones.
void check_word(const Element& e, std::string_view attribute, std::string_view kind,
                const std::string& word, const std::vector<std::string>& known,
                base::Diagnostics& problems) {
  if (std::find(known.begin(), known.end(), word) != known.end()) return;
  problems.error(e.where(attribute), "unknown {} '{}';{}", kind, word,
                 base::suggestion(word, known));
}

bool needs(const Element& e, std::string_view attribute, const std::string& of,
           base::Diagnostics& problems) {
  if (e.has(attribute)) return true;
  problems.error(e.where(), "{} {} names its {}: write {}=\"…\"",
                 e.get("kind").starts_with("e") ? "an" : "a", e.get("kind"), attribute, of);
  return false;
}

void check_halt(const Element& e, const model::Shock& shock, const model::Scenario& scenario,
                base::Diagnostics& problems) {
  if (!needs(e, "vendor", "vendor", problems)) return;
  if (!e.has("stops")) {
    problems.error(e.where(),
                   "a supplier-halt says what it stops: write stops=\"…\", some of deliveries, "
                   "spares, software, capacity");
  }
  for (const std::string& word : shock.stops) {
    check_word(e, "stops", "thing to stop", word, {"capacity", "deliveries", "software", "spares"},
               problems);
  }
  const model::Platform& platform = scenario.platform;
  const bool spares = std::any_of(
      platform.clusters.begin(), platform.clusters.end(), [&](const model::Cluster& cluster) {
        return shock.covers(platform, cluster) && platform.sites[cluster.site].crews.spares;
      });
  if (shock.stops_what("spares") && !spares) {
    problems.warning(e.where("stops"),
                     "no site with chips of '{}' says how many spares it has, so none ever runs "
                     "out; add <crews spares=\"…\"/> to a site",
                     shock.vendor);
  }
}

// Chips of a cluster that stand at a time by plan.
double chips_at(const model::Scenario& scenario, const model::Cluster& cluster, double time_s) {
  return 1.0 * cluster.domains_at(scenario.start_unix_s + time_s) *
         scenario.platform.domain_of(cluster).chips_used;
}

void check_decommission(const Element& e, const model::Shock& shock,
                        const model::Scenario& scenario, base::Diagnostics& problems) {
  if (!needs(e, "cluster", "cluster", problems)) return;
  const auto id = scenario.platform.clusters.find(shock.cluster);
  if (!id) return;
  const int there = scenario.platform.clusters[id].domains_at(scenario.start_unix_s + shock.at_s);
  if (shock.domains > there) {
    problems.error(e.where("count"),
                   "{} domains are to leave cluster '{}', but {} stand there then", shock.domains,
                   shock.cluster, there);
  }
}

// What a kind needs, once its attributes are read. False: no run simulates this kind.
bool check_kind(const Element& e, const model::Shock& shock, const model::Scenario& scenario,
                base::Diagnostics& problems) {
  if (shock.kind == "site-outage") {
    if (!e.has("site")) {
      problems.error(e.where(), "a site-outage names its site: write site=\"…\", one of {}",
                     base::join(scenario.platform.sites.names()));
    }
  } else if (shock.kind == "fibre-cut") {
    if (!e.has("link")) {
      problems.error(e.where(), "a fibre-cut names its link: write link=\"…\", one of {}",
                     base::join(scenario.platform.wan_links.names()));
    } else if (shock.factor > 1.0) {
      problems.error(e.where("factor"),
                     "a fibre-cut leaves a part of its link: factor {} is above 1", shock.factor);
    }
  } else if (shock.kind == "supplier-halt") {
    check_halt(e, shock, scenario, problems);
  } else if (shock.kind == "late-delivery") {
    if (!e.has("cluster") && !e.has("site") && !e.has("vendor")) {
      problems.error(e.where(),
                     "a late-delivery says of whom: write cluster=\"…\", site=\"…\" or "
                     "vendor=\"…\"");
    }
    if (shock.duration_s <= 0.0) {
      problems.error(e.where(), "a late-delivery says by how much: write duration=\"90 d\"");
    }
  } else if (shock.kind == "export-ban") {
    needs(e, "vendor", "vendor", problems);
    needs(e, "jurisdiction", "jurisdiction", problems);
  } else if (shock.kind == "decommission") {
    check_decommission(e, shock, scenario, problems);
  } else {
    return false;
  }
  return true;
}

void read_reservation(const Element& e, model::Scenario& scenario, base::Diagnostics& problems) {
  model::Reservation r;
  r.cluster = resolve(e, "cluster", "cluster", scenario.platform.clusters, problems);
  r.organisation =
      resolve(e, "organisation", "organisation", scenario.platform.organisations, problems);
  r.from_s = xml::required_quantity(e, "from", Dimension::kTime, problems);
  r.to_s = xml::required_quantity(e, "to", Dimension::kTime, problems);
  r.chips = xml::integer(e, "chips", 0, problems, 1);
  r.where = e.where();
  if (r.to_s <= r.from_s) {
    problems.error(e.where("to"), "a reservation ends after it begins: '{}' is not after '{}'",
                   e.get("to"), e.get("from"));
    return;
  }
  if (!r.cluster || !r.organisation) return;
  const model::Cluster& cluster = scenario.platform.clusters[r.cluster];
  double chips = static_cast<double>(r.chips);
  const bool alone = chips <= chips_at(scenario, cluster, r.from_s);
  for (const model::Reservation& other : scenario.reservations) {
    const bool together =
        other.cluster == r.cluster && other.from_s < r.to_s && r.from_s < other.to_s;
    if (together) chips += static_cast<double>(other.chips);
  }
  const double there = chips_at(scenario, cluster, r.from_s);
  if (chips > there) {
    problems.error(e.where("chips"),
                   "{} chips are reserved of cluster '{}'{}, but {} stand there then", chips,
                   cluster.name, alone ? " with earlier reservations" : "", there);
  }
  scenario.reservations.push_back(r);
}

void read_maintenance(const Element& e, model::Scenario& scenario, base::Diagnostics& problems) {
  const model::Platform& platform = scenario.platform;
  model::Maintenance m;
  if (e.has("cluster") == e.has("site")) {
    problems.error(e.where(),
                   "maintenance is of a cluster or of a site: write cluster=\"…\" or "
                   "site=\"…\"");
  }
  const auto cluster = resolve(e, "cluster", "cluster", platform.clusters, problems);
  const auto site = resolve(e, "site", "site", platform.sites, problems);
  for (const auto id : platform.clusters.ids()) {
    if (id == cluster || (site && platform.clusters[id].site == site)) m.clusters.push_back(id);
  }
  m.every_s = xml::quantity(e, "every", Dimension::kTime, 0.0, problems);
  m.from_s = e.has("every") && !e.has("from")
                 ? m.every_s
                 : xml::required_quantity(e, "from", Dimension::kTime, problems);
  m.duration_s = xml::required_quantity(e, "duration", Dimension::kTime, problems, 1.0);
  m.drains = e.get("jobs", "drain") == "drain";
  m.where = e.where();
  if (e.has("every") && m.every_s <= m.duration_s) {
    problems.error(e.where("every"),
                   "maintenance of '{}' every '{}' is never over: write a longer time than '{}'",
                   e.has("site") ? e.get("site") : e.get("cluster"), e.get("every"),
                   e.get("duration"));
    return;
  }
  scenario.maintenance.push_back(std::move(m));
}

}  // namespace

void read_shocks(const Element& root, model::Scenario& scenario, base::Diagnostics& problems) {
  const std::vector<std::string> vendors = vendors_of(scenario.platform);
  for (const Element& e : root.children("event")) {
    model::Shock shock;
    shock.at_s = xml::required_quantity(e, "at", Dimension::kTime, problems);
    shock.kind = e.get("kind");
    shock.site = e.get("site");
    shock.cluster = e.get("cluster");
    shock.vendor = e.get("vendor");
    shock.organisation = e.get("organisation");
    shock.link = e.get("link");
    shock.stream = e.get("stream");
    shock.jurisdiction = e.get("jurisdiction");
    shock.duration_s = xml::quantity(e, "duration", Dimension::kTime, 0.0, problems);
    if (e.has("limit")) {
      shock.limit_w = xml::quantity(e, "limit", Dimension::kPower, 0.0, problems);
    }
    shock.factor = xml::quantity(e, "factor", Dimension::kCount,
                                 shock.kind == "fibre-cut" ? 0.0 : 1.0, problems);
    shock.stops = xml::words(e, "stops");
    shock.domains = xml::integer(e, "count", 0, problems, 1);
    shock.drains = e.get("jobs", "drain") == "drain";
    shock.where = e.where();
    resolve(e, "site", "site", scenario.platform.sites, problems);
    resolve(e, "cluster", "cluster", scenario.platform.clusters, problems);
    resolve(e, "organisation", "organisation", scenario.platform.organisations, problems);
    resolve(e, "link", "wan-link", scenario.platform.wan_links, problems);
    resolve(e, "stream", "stream", scenario.workload.streams, problems);
    if (e.has("vendor")) check_word(e, "vendor", "vendor", shock.vendor, vendors, problems);
    if (!check_kind(e, shock, scenario, problems)) {
      scenario.unused.push_back({fmt::format("event '{}'", shock.kind), e.where()});
    }
    scenario.shocks.push_back(std::move(shock));
  }
}

void read_windows(const Element& root, model::Scenario& scenario, base::Diagnostics& problems) {
  for (const Element& e : root.children("reservation")) read_reservation(e, scenario, problems);
  for (const Element& e : root.children("maintenance")) read_maintenance(e, scenario, problems);
}

}  // namespace busbar::input
