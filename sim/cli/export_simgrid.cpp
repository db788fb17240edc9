#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "sim/base/error.h"
#include "sim/base/units.h"
#include "sim/cli/commands.h"
#include "sim/cli/report.h"
#include "sim/engine/simgrid_platform.h"

namespace busbar::cli {
namespace {

void write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw base::IoError(fmt::format("cannot write '{}': {}", path, std::strerror(errno)));
}

// The platform file, and in `hosts` how many hosts it has.
std::string platform_text(const TopologyView& view, const std::string& granularity, size_t& hosts,
                          base::Diagnostics& problems) {
  using topology::VertexKind;
  engine::SimgridFile file{.name = view.platform.name, .title = view.platform.title};
  if (granularity == "chip") {
    const auto& peaks = view.platform.accelerator_of(*view.cluster).peak_flops;
    if (const auto bf16 = peaks.find("bf16"); bf16 != peaks.end()) {
      file.speed = base::FlopsPerSecond{bf16->second};
    }
    file.name = view.cluster->name;
    file.title = view.wiring->name;
    hosts = view.network.of_kind(VertexKind::kChip).size();
    return engine::simgrid_slice(*view.wiring, view.network, file);
  }
  if (granularity == "site") {
    hosts = view.network.of_kind(VertexKind::kSite).size();
    if (hosts == 0) hosts = view.network.vertices().size();
    if (hosts > engine::kMostRoutedHosts) {
      problems.error({}, "{} sites are too many: the routes of at most {} are written out", hosts,
                     engine::kMostRoutedHosts);
      return {};
    }
    return engine::simgrid_wan(view.network, file);
  }
  const topology::FleetNetwork fleet = topology::fleet_network(view.platform);
  for (const auto& block : fleet.blocks) hosts += block.domains.size();
  if (hosts == 0) {
    problems.error({},
                   "no cluster of '{}' has nodes with NICs; --granularity site writes its "
                   "sites",
                   view.platform.name);
    return {};
  }
  if (const double routes = engine::fleet_routes(fleet); routes > engine::kMostFleetRoutes) {
    problems.error({},
                   "'{}' has {} domains, whose switch groups need {} routes, and at most {} are "
                   "written out; --granularity site writes its sites, or export a world of fewer",
                   view.platform.name, base::format_count(static_cast<double>(hosts)),
                   base::format_count(routes), base::format_count(engine::kMostFleetRoutes));
    return {};
  }
  return engine::simgrid_fleet(fleet, view.platform, file);
}

}  // namespace

int export_simgrid(const ExportSimgridOptions& options) {
  if (std::filesystem::exists(options.output) && !options.force) {
    fmt::print(stderr, "error: '{}' exists; --force overwrites it\n", options.output);
    return kIoFailure;
  }
  base::Diagnostics problems;
  TopologyView view;
  if (!read_view(options.choice, view, problems)) return report(problems);
  problems.print(std::cerr);  // warnings
  const bool slice = view.cluster != nullptr;
  std::string granularity = options.granularity;
  if (granularity.empty()) {
    granularity = slice ? "chip" : view.platform.sites.empty() ? "site" : "domain";
  }
  if (slice && granularity != "chip") {
    problems.error({},
                   "a slice is written chip by chip; --granularity {} is for a whole world, "
                   "without --cluster",
                   granularity);
  }
  if (!slice && granularity == "chip") {
    problems.error({}, "--granularity chip needs --cluster, and --slice for other than one domain");
  }
  if (problems.has_errors()) return report(problems);
  size_t hosts = 0;
  const std::string text = platform_text(view, granularity, hosts, problems);
  if (problems.has_errors()) return report(problems);
  write(options.output, text);
  fmt::print("{} hosts, one for each {}, in {}\n", base::format_count(static_cast<double>(hosts)),
             granularity, options.output);
  return kOk;
}

}  // namespace busbar::cli
