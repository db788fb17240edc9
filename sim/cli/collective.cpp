#include <fmt/format.h>

#include "sim/base/json.h"
#include "sim/base/units.h"
#include "sim/cli/commands.h"
#include "sim/cli/registries.h"
#include "sim/cli/report.h"
#include "sim/collectives/derating.h"
#include "sim/engine/plan_runner.h"
#include "sim/input/reader.h"

namespace busbar::cli {
namespace {

using collectives::Plan;
using collectives::Task;

std::optional<double> read_quantity(const std::string& text, base::Dimension dimension,
                                    const char* option, base::Diagnostics& problems) {
  const auto parsed = base::parse_quantity(text, dimension);
  if (parsed && parsed.value >= 0.0) return parsed.value;
  problems.error({}, "{} '{}': {}", option, text,
                 parsed ? "it must not be negative" : parsed.error);
  return {};
}

// The network and, on a world's cluster, its domain.
struct Network {
  topology::Wiring wiring;
  const model::Domain* domain = nullptr;
  int spare_domains = 0;  // in a pod of the slice, beside it
};

std::optional<Network> abstract_network(const CollectiveOptions& options,
                                        base::Diagnostics& problems) {
  if (options.link_bandwidth.empty()) {
    problems.error({}, "--topology needs --link-bandwidth, e.g. '100 GB/s'");
    return {};
  }
  const auto bandwidth = read_quantity(options.link_bandwidth, base::Dimension::kBandwidth,
                                       "--link-bandwidth", problems);
  const auto latency =
      read_quantity(options.link_latency, base::Dimension::kTime, "--link-latency", problems);
  if (!bandwidth || !latency) return {};
  if (*bandwidth <= 0.0) {
    problems.error({}, "--link-bandwidth must be above 0");
    return {};
  }
  const auto wiring = topology::parse_topology(
      options.topology, {base::BytesPerSecond{*bandwidth}, base::Seconds{*latency}}, problems);
  if (!wiring) return {};
  return Network{*wiring, nullptr, 0};
}

std::optional<Network> cluster_network(const CollectiveOptions& options,
                                       const model::Platform& platform,
                                       base::Diagnostics& problems) {
  const auto found = platform.clusters.find(options.cluster);
  if (!found) {
    problems.error({}, "no cluster '{}' in {};{}", options.cluster, options.world,
                   base::suggestion(options.cluster, platform.clusters.names()));
    return {};
  }
  const model::Cluster& cluster = platform.clusters[found];
  const auto wiring = topology::wiring_of(platform, cluster, options.slice, problems);
  if (!wiring) return {};
  Network network{*wiring, &platform.domain_of(cluster), 0};
  if (cluster.pod) {
    const int cubes = wiring->inside.chips() / network.domain->chips_installed;
    const int have = cluster.domains_at(std::numeric_limits<double>::infinity());
    network.spare_domains = std::min(platform.pods[cluster.pod].domains, have) - cubes;
  }
  return network;
}

bool add_sites(const CollectiveOptions& options, topology::Wiring& wiring,
               base::Diagnostics& problems) {
  if (options.sites == 1) return true;
  if (options.wan_bandwidth.empty()) {
    problems.error({}, "--sites needs --wan-bandwidth, e.g. '1 Tbit/s': the sites are not joined");
    return false;
  }
  const auto bandwidth = read_quantity(options.wan_bandwidth, base::Dimension::kBandwidth,
                                       "--wan-bandwidth", problems);
  const auto latency =
      read_quantity(options.wan_latency, base::Dimension::kTime, "--wan-latency", problems);
  if (!bandwidth || !latency) return false;
  if (*bandwidth <= 0.0) {
    problems.error({}, "--wan-bandwidth must be above 0");
    return false;
  }
  wiring.sites = options.sites;
  wiring.wan = base::BytesPerSecond{*bandwidth};
  wiring.wan_latency = base::Seconds{*latency};
  return true;
}

// A dead cable goes into the task; a dead cube is replaced, or there is none to replace it.
bool add_failure(const CollectiveOptions& options, const Network& network, Task& task,
                 base::Diagnostics& problems) {
  if (options.fail.empty()) return true;
  const auto& axes = task.wiring.inside.axes;
  if (options.fail == "cube") {
    if (network.spare_domains > 0) return true;
    problems.error({}, "--fail cube: {}",
                   network.domain == nullptr || axes.empty()
                       ? "only slices of pods of cubes have cubes to replace"
                       : "no other cube of the pod is left to replace it");
    return false;
  }
  std::string axis_names;
  int axis = -1;
  for (size_t a = 0; a < axes.size(); ++a) {
    if (axes[a].extent < 2) continue;
    axis_names += fmt::format("{}link:{}", axis_names.empty() ? "" : ", ", "xyz"[a]);
    const bool asked = options.fail == "link" || options.fail.back() == "xyz"[a];
    if (asked && axis < 0) axis = static_cast<int>(a);
  }
  if (axis < 0) {
    problems.error({}, "--fail {}: {}", options.fail,
                   axes.empty() ? "only tori have cables between chips"
                                : fmt::format("the slice has cables along {}", axis_names));
    return false;
  }
  task.dead = collectives::DeadCable{axis};
  return true;
}

struct Answer {
  std::string fidelity;
  base::Seconds time;
};

base::Json json_of(const Answer& answer, const Task& task, const Plan& plan) {
  const double algorithmic = task.size.value / answer.time.value;
  return base::Json::Object{
      {"time_s", answer.time.value},
      {"algbw_Bps", algorithmic},
      {"busbw_Bps", algorithmic * bus_factor(task.operation, task.wiring.chips())},
      {"bound_s", bandwidth_bound(task).value},
      {"algorithm", plan.algorithm},
      {"fidelity", answer.fidelity}};
}

void print(const std::vector<Answer>& answers, const Task& task, const Plan& plan) {
  fmt::print("{} of {} on {} ({} chips): {}\n", name_of(task.operation),
             base::format_bytes(task.size), task.wiring.name,
             base::format_count(task.wiring.chips()), plan.algorithm);
  std::vector<std::vector<std::string>> table = {
      {"fidelity", "time", "algorithmic", "bus", "bound", "of the bound"}};
  const double bound = bandwidth_bound(task).value;
  for (const Answer& a : answers) {
    const double rate = task.size.value / a.time.value;
    table.push_back({a.fidelity, fmt::format("{:.6g} ms", 1e3 * a.time.value),
                     base::format_si(rate, "B/s"),
                     base::format_si(rate * bus_factor(task.operation, task.wiring.chips()), "B/s"),
                     fmt::format("{:.6g} ms", 1e3 * bound),
                     fmt::format("{:.1f} %", 100.0 * bound / a.time.value)});
  }
  print_table(table, {1, 2, 3, 4, 5});
  std::vector<std::vector<std::string>> loads = {{"links", "busy"}};
  for (const auto& [group, load] : load_by_group(plan, answers[0].time)) {
    loads.push_back({group, fmt::format("{:.1f} %", 100.0 * load)});
  }
  print_table(loads, {1});
}

}  // namespace

int collective(const CollectiveOptions& options) {
  base::Diagnostics problems;
  if (options.topology.empty() &&
      (options.world.empty() || options.cluster.empty() || options.slice.empty())) {
    problems.error({}, "write --world, --cluster and --slice, or --topology with --link-bandwidth");
    return report(problems);
  }
  std::optional<model::Platform> platform;
  if (!options.world.empty()) {
    platform = input::read_platform(options.world, {}, problems);
    if (!platform) return report(problems);
  }
  const auto network = platform ? cluster_network(options, *platform, problems)
                                : abstract_network(options, problems);
  if (!network) return report(problems);
  Task task;
  task.wiring = network->wiring;
  task.folded = !options.unfold;
  for (size_t i = 0; i < collectives::kOperationNames.size(); ++i) {
    if (collectives::kOperationNames[i] == options.operation) {
      task.operation = static_cast<collectives::Operation>(i);
    }
  }
  const auto size = read_quantity(options.size, base::Dimension::kBytes, "--size", problems);
  if (size && *size <= 0.0) problems.error({}, "--size must be above 0");
  const bool placed =
      add_sites(options, task.wiring, problems) && add_failure(options, *network, task, problems);
  if (task.wiring.chips() < 2) problems.error({}, "a collective needs at least two chips");
  if (!size || !placed || problems.has_errors()) return report(problems);
  task.size = base::Bytes{*size};

  const collectives::Algorithms algorithms(Registries().collectives);
  collectives::Derating derating;
  const auto plan = network->domain != nullptr
                        ? collectives::MeasuredDeratings(*platform, algorithms)
                              .plan(task, *network->domain, options.algorithm, options.numbers,
                                    derating, problems)
                        : algorithms.plan(task, options.algorithm, problems);
  if (!plan) return report(problems);
  if (network->domain != nullptr) {
    const auto& chip = platform->accelerators[platform->nodes[network->domain->node].accelerator];
    if (derating.from.empty()) {
      fmt::print(stderr, "warning: no collective of '{}' is measured: a usual share of its links\n",
                 chip.name);
    } else if (derating.from != chip.name) {
      fmt::print(stderr, "warning: '{}' is not measured: with the measurements of '{}'\n",
                 chip.name, derating.from);
    }
  }
  if (options.fail == "cube") {
    fmt::print(stderr, "note: another cube of the pod takes the place of the dead one\n");
  }
  std::vector<Answer> answers;
  if (options.fidelity != "flow") answers.push_back({"closed", closed_form(*plan)});
  if (options.fidelity != "closed") {
    answers.push_back({"flow", engine::run_plan(*plan).end[0]});
  }
  if (options.json) {
    base::Json::Array all;
    for (const Answer& a : answers) all.push_back(json_of(a, task, *plan));
    fmt::print("{}\n", base::Json(all).dump());
  } else {
    print(answers, task, *plan);
  }
  return kOk;
}

}  // namespace busbar::cli
