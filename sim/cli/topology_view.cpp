#include "sim/cli/topology_view.h"

#include <filesystem>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/input/graphml_reader.h"
#include "sim/input/reader.h"
#include "sim/topology/wiring_network.h"

namespace busbar::cli {
namespace {

double option(const std::string& text, const char* name, base::Dimension dimension, double least,
              base::Diagnostics& problems) {
  const auto parsed = base::parse_quantity(text, dimension);
  if (!parsed) {
    problems.error({}, "{} '{}': {}", name, text, parsed.error);
  } else if (parsed.value < least) {
    problems.error({}, "{} '{}' is below {:g} (SI units)", name, text, least);
  }
  return parsed.value;
}

bool read_file(const TopologyChoice& choice, TopologyView& view, base::Diagnostics& problems) {
  namespace fs = std::filesystem;
  std::optional<model::Platform> platform;
  if (choice.file.ends_with(".graphml")) {
    input::BackboneOptions options;
    options.name = fs::path(choice.file).stem().string();
    options.how_bandwidth = "--link-bandwidth \"10 Gbit/s\"";
    options.how_latency = "--link-latency \"5 ms\"";
    if (!choice.link_bandwidth.empty()) {
      options.link_bandwidth = base::BytesPerSecond{option(
          choice.link_bandwidth, "--link-bandwidth", base::Dimension::kBandwidth, 1.0, problems)};
    }
    if (!choice.link_latency.empty()) {
      options.link_latency = base::Seconds{
          option(choice.link_latency, "--link-latency", base::Dimension::kTime, 0.0, problems)};
    }
    if (!choice.cluster.empty()) {
      problems.error({}, "--cluster needs a world; a GraphML file has no clusters");
    }
    if (problems.has_errors()) return false;
    platform = input::read_backbone(choice.file, options, problems);
  } else {
    if (!choice.link_bandwidth.empty() || !choice.link_latency.empty()) {
      problems.error({},
                     "--link-bandwidth and --link-latency are for GraphML files; a world says "
                     "them on its <backbone>");
      return false;
    }
    platform = input::read_platform(choice.file, choice.overrides, problems);
  }
  if (!platform) return false;
  view.platform = std::move(*platform);
  return true;
}

}  // namespace

bool read_view(const TopologyChoice& choice, TopologyView& view, base::Diagnostics& problems) {
  if (!read_file(choice, view, problems)) return false;
  if (choice.cluster.empty()) {
    if (!choice.slice.empty()) problems.error({}, "--slice needs --cluster: a slice is of one");
    if (view.platform.sites.empty() && view.platform.routers.empty()) {
      problems.error({}, "'{}' has no sites", choice.file);
    }
    view.network = topology::wan_of(view.platform);
    return !problems.has_errors();
  }
  const auto found = view.platform.clusters.find(choice.cluster);
  if (!found) {
    problems.error({}, "no cluster '{}' in {};{}", choice.cluster, choice.file,
                   base::suggestion(choice.cluster, view.platform.clusters.names()));
    return false;
  }
  view.cluster = &view.platform.clusters[found];
  // One domain where no slice is asked for.
  const model::Domain& domain = view.platform.domain_of(*view.cluster);
  const std::string whole = domain.topology == model::DomainTopology::kTorus
                                ? topology::text_of(domain.torus)
                                : std::to_string(domain.chips_usable);
  view.wiring = topology::wiring_of(view.platform, *view.cluster,
                                    choice.slice.empty() ? whole : choice.slice, problems);
  if (!view.wiring) return false;
  const double chips = view.wiring->chips();
  if (chips > kMostChips) {
    problems.error({}, "slice '{}' has {} chips; one by one at most {} are shown or exported",
                   choice.slice, base::format_count(chips), base::format_count(kMostChips));
    return false;
  }
  view.network = topology::network_of(*view.wiring);
  return true;
}

}  // namespace busbar::cli
