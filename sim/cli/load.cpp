#include "sim/cli/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "sim/base/hash.h"
#include "sim/base/units.h"
#include "sim/faults/fault_log.h"
#include "sim/input/reader.h"
#include "sim/scheduling/plugin_policy.h"
#include "workloads/generator/logged_demand.h"

namespace busbar::cli {
namespace {

// Servers of a log of faults are nodes of its cluster, from number 0.
void read_failure_log(model::Scenario& scenario, base::Diagnostics& problems) {
  if (!scenario.failures || scenario.failures->log_path.empty()) return;
  model::FailureChoice& failures = *scenario.failures;
  failures.logged = faults::read_fault_log(failures.log_path, problems).faults;
  const model::Platform& platform = scenario.platform;
  const model::Cluster& cluster = platform.clusters[failures.log_cluster];
  const int nodes = cluster.domains_at(std::numeric_limits<double>::infinity()) *
                    platform.domain_of(cluster).nodes;
  int last = -1;
  for (const model::LoggedFault& fault : failures.logged) last = std::max(last, fault.server);
  if (last < nodes) return;
  problems.error(
      failures.log_where,
      "the log names server {}, but cluster '{}' has {} nodes, numbered from 0; replay it "
      "on a cluster of at least {}",
      last, cluster.name, nodes, last + 1);
}

}  // namespace

std::shared_ptr<scheduling::PluginProcess> add_policy_library(const PolicyLibrary& library,
                                                              Registries& registries,
                                                              base::Diagnostics& problems) {
  if (library.path.empty()) return nullptr;
  const auto timeout = base::parse_quantity(library.timeout, base::Dimension::kTime);
  if (!timeout || timeout.value <= 0.0) {
    problems.error({}, "--policy-timeout '{}': {}", library.timeout,
                   timeout ? "it must be above 0" : timeout.error);
    return nullptr;
  }
  std::string problem;
  std::shared_ptr<scheduling::PluginProcess> process =
      scheduling::PluginProcess::start(library.path, base::Seconds{timeout.value}, problem);
  if (process != nullptr && registries.queue_policies.has(process->spec().name)) {
    problem = fmt::format("{}: there is a built-in policy of that name; choose another",
                          process->title());
  }
  if (!problem.empty()) {
    problems.error({}, "{}", problem);
    return nullptr;
  }
  registries.queue_policies.add(process->spec(), [process](const base::Params& params) {
    return std::make_unique<scheduling::PluginPolicy>(process, params);
  });
  registries.chosen_policy = process->spec().name;
  return process;
}

std::optional<Load> load(const ScenarioChoice& choice, Registries& registries,
                         base::Diagnostics& problems) {
  auto plugin = add_policy_library(choice.policy, registries, problems);
  if (problems.has_errors()) return std::nullopt;
  auto scenario =
      input::read_scenario(choice.scenario, choice.overrides, registries.known(), problems);
  if (!scenario) return std::nullopt;
  if (plugin) {
    base::Hasher hasher;
    hasher.add(scenario->hash);
    hasher.add(std::string_view(plugin->sha256()));
    scenario->hash = hasher.digest();
  }
  if (choice.seed) scenario->seed = *choice.seed;
  if (choice.replicate) scenario->replicate = *choice.replicate;
  generator::read_logged_demand(*scenario, problems);
  read_failure_log(*scenario, problems);
  const base::RandomStreams streams(scenario->seed, scenario->replicate);
  auto jobs =
      generator::generate_jobs(*scenario, streams, registries.arrivals, registries.logs, problems);
  if (problems.has_errors()) return std::nullopt;
  return Load{std::move(*scenario), std::move(jobs), std::move(plugin)};
}

}  // namespace busbar::cli
