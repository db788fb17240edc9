#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "sim/input/reading.h"
#include "sim/input/resilience_reader.h"
#include "sim/input/scenario_reader.h"
#include "sim/input/wan_parts.h"

namespace busbar::input {

using model::Scenario;
using xml::Element;

namespace {

// Reports each name of a list attribute that the platform does not know.
void check_names(const Element& e, std::string_view attribute, std::string_view kind,
                 const std::vector<std::string>& known, base::Diagnostics& problems) {
  for (const std::string& name : xml::words(e, attribute)) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    problems.error(e.where(attribute), "unknown {} '{}';{}", kind, name,
                   base::suggestion(name, known));
  }
}

// Chips of the largest gang that a cluster ever offers within the horizon.
double largest_offer(const Scenario& scenario, const model::Cluster& cluster) {
  const double used = scenario.platform.domain_of(cluster).chips_used;
  std::vector<double> dates{scenario.start_unix_s};
  for (const model::Delivery& delivery : cluster.deliveries) {
    const double date = delivery.date_unix_s + cluster.burn_in.value;
    if (date <= scenario.start_unix_s) continue;
    if (scenario.horizon && date > scenario.start_unix_s + scenario.horizon->value) continue;
    dates.push_back(date);
  }
  double most = 0.0;
  for (const double date : dates) most = std::max(most, cluster.domains_at(date) * used);
  return std::max(0.0, most - cluster.spare_domains() * used);
}

bool named(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

// The largest size a distribution can give; nothing for one without an end.
double largest_size(const model::Distribution& d) {
  if (d.kind == model::DistributionKind::kChoice) {
    double most = 0.0;
    for (size_t i = 0; i < d.values.size(); ++i) {
      if (d.weights[i] > 0.0) most = std::max(most, d.values[i]);
    }
    return d.most > 0.0 ? std::min(most, d.most) : most;
  }
  if (d.kind == model::DistributionKind::kConstant) return d.location;
  if (d.kind == model::DistributionKind::kUniform) return d.spread;
  return d.most;
}

// Chips of the largest job whose slices the pods of a cluster hold, by the slices of its plan.
double most_in_slices(const model::Platform& platform, const model::Cluster& cluster, int slices) {
  if (!cluster.pod || slices == 0) return std::numeric_limits<double>::infinity();
  return 1.0 * slices * platform.pods[cluster.pod].slice_domains *
         platform.domain_of(cluster).chips_used;
}

// Streams whose largest job no cluster can ever hold.
void check_stream_sizes(const Scenario& scenario, const model::TrainingStream& stream,
                        const Element& e, base::Diagnostics& problems) {
  const model::Platform& platform = scenario.platform;
  double most = 0.0, sliced = 0.0;
  std::string where;
  std::set<std::string> used;
  for (const auto id : platform.clusters.ids()) {
    const model::Cluster& cluster = platform.clusters[id];
    if (!named(stream.vendors, platform.accelerator_of(cluster).vendor) ||
        !named(stream.clusters, cluster.name) ||
        !named(stream.sites, platform.sites[cluster.site].name) ||
        !platform.may_use(stream.organisation, cluster.site)) {
      continue;
    }
    double offer = largest_offer(scenario, cluster);
    sliced = std::max(sliced, most_in_slices(platform, cluster, stream.plan.slices));
    if (stream.span == model::Span::kSite || stream.span == model::Span::kWorld) {
      for (const model::CoSchedule& group : scenario.co_schedules) {
        if (std::find(group.clusters.begin(), group.clusters.end(), id) == group.clusters.end()) {
          continue;
        }
        offer = 0.0;
        for (const auto other : group.clusters) {
          offer += largest_offer(scenario, platform.clusters[other]);
        }
      }
    }
    if (stream.span == model::Span::kDomain) {
      offer = std::min<double>(offer, platform.domain_of(cluster).chips_used);
    }
    if (offer > most || where.empty()) {
      most = std::max(most, offer);
      where = cluster.name;
    }
  }
  if (where.empty()) {
    problems.error(e.where(), "stream '{}' may run on no cluster of this world", stream.name);
    return;
  }
  const double size = largest_size(stream.chips);
  if (size > most) {
    problems.error(e.child("chips").where(),
                   "stream '{}' asks for up to {:.0f} chips; the largest it may use, cluster '{}', "
                   "offers {:.0f} within the horizon",
                   stream.name, size, where, most);
  } else if (size > sliced) {
    problems.error(e.child("plan").where("slices"),
                   "stream '{}' plans {} slices for up to {:.0f} chips; the pods that it may use "
                   "hold {:.0f} chips in as many: plan more slices",
                   stream.name, stream.plan.slices, size, sliced);
  } else if (size <= 0.0) {
    problems.error(e.child("chips").where(),
                   "stream '{}': a size without an end; write max=\"…\", at most {:.0f}",
                   stream.name, most);
  }
}

// Streams whose jobs may span sites, and co-schedules whose sites do not reach each other.
void check_reach(const Scenario& scenario, const model::TrainingStream& stream, const Element& e,
                 base::Diagnostics& problems) {
  if (stream.span != model::Span::kWorld) return;
  const model::Platform& platform = scenario.platform;
  const WanParts wan(platform);
  for (const model::CoSchedule& group : scenario.co_schedules) {
    const model::Cluster* first = nullptr;
    for (const auto id : group.clusters) {
      const model::Cluster& cluster = platform.clusters[id];
      if (!named(stream.vendors, platform.accelerator_of(cluster).vendor) ||
          !named(stream.clusters, cluster.name) ||
          !named(stream.sites, platform.sites[cluster.site].name)) {
        continue;
      }
      if (first == nullptr) first = &cluster;
      if (wan.joined(first->site, cluster.site)) continue;
      problems.error(e.where("span"),
                     "stream '{}' may span the clusters of co-schedule '{}', but no WAN links join "
                     "'{}' and '{}'; add a <wan-link> or take one of them out",
                     stream.name, group.name, platform.sites[first->site].name,
                     platform.sites[cluster.site].name);
      return;
    }
  }
}

// Quotas are shares of what the world offers at most; together they cannot be more than that.
void check_quotas(const Scenario& scenario, const Element& world, base::Diagnostics& problems) {
  double offered = 0.0, promised = 0.0;
  for (const model::Cluster& cluster : scenario.platform.clusters) {
    offered += largest_offer(scenario, cluster);
  }
  for (const Element& e : world.children("organisation")) {
    const double quota =
        scenario.platform.organisations[scenario.platform.organisations.find(e.get("id"))]
            .quota_chips;
    promised += quota;
    if (quota <= 0.0 || promised <= offered) continue;
    problems.error(e.where("quota-chips"),
                   "organisation '{}': quotas up to here add up to {:.0f} chips, but the world "
                   "offers {:.0f} within the horizon; leave at most {:.0f} to this one",
                   e.get("id"), promised, offered, std::max(0.0, offered - (promised - quota)));
    return;
  }
}

}  // namespace

void cross_check(const Scenario& scenario, const Element& root, const Element& world,
                 base::Diagnostics& problems) {
  const model::Platform& platform = scenario.platform;
  std::set<std::string> vendor_set;
  for (const model::Accelerator& chip : platform.accelerators) vendor_set.insert(chip.vendor);
  const std::vector<std::string> vendors(vendor_set.begin(), vendor_set.end());
  const auto clusters = platform.clusters.names(), sites = platform.sites.names(),
             organisations = platform.organisations.names(), regions = platform.regions.names();
  for (const char* kind : {"stream", "service", "trace"}) {
    for (const Element& e : root.children(kind)) {
      check_names(e, "vendors", "vendor", vendors, problems);
      check_names(e, "clusters", "cluster", clusters, problems);
      check_names(e, "sites", "site", sites, problems);
      check_names(e, "data", "site", sites, problems);
      check_names(e, "organisation", "organisation", organisations, problems);
      for (const Element& d : e.children("demand")) {
        check_names(d, "region", "region", regions, problems);
      }
      for (const Element& split : e.children("disaggregated")) {
        for (const char* phase : {"prefill", "decode"}) {
          for (const Element& p : split.children(phase)) {
            check_names(p, "vendors", "vendor", vendors, problems);
            check_names(p, "clusters", "cluster", clusters, problems);
            check_names(p, "sites", "site", sites, problems);
          }
        }
      }
    }
  }
  for (const Element& e : root.children("portability")) {
    check_names(e, "vendor", "vendor", vendors, problems);
  }
  if (!problems.has_errors()) check_residency(scenario, root, problems);
  if (!problems.has_errors()) check_disaggregation(scenario, root, problems);
  if (problems.has_errors()) return;
  for (const Element& e : root.children("stream")) {
    const auto id = scenario.workload.streams.find(e.get("id"));
    check_stream_sizes(scenario, scenario.workload.streams[id], e, problems);
    check_reach(scenario, scenario.workload.streams[id], e, problems);
    check_resilience(scenario, scenario.workload.streams[id], e, problems);
  }
  for (const Element& e : root.children("trace")) {
    const model::ReplayedTrace& trace =
        scenario.workload.traces[scenario.workload.traces.find(e.get("id"))];
    const bool any = std::any_of(
        platform.clusters.begin(), platform.clusters.end(), [&](const model::Cluster& cluster) {
          return named(trace.clusters, cluster.name) &&
                 named(trace.vendors, platform.accelerator_of(cluster).vendor);
        });
    if (!any) {
      problems.error(e.where(), "trace '{}' may run on no cluster of this world", trace.name);
    }
  }
  check_quotas(scenario, world, problems);
}

}  // namespace busbar::input
