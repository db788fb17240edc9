#include "sim/cli/load.h"

#include <algorithm>
#include <limits>

#include "sim/faults/fault_log.h"
#include "sim/input/reader.h"
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

std::optional<Load> load(const ScenarioChoice& choice, const Registries& registries,
                         base::Diagnostics& problems) {
  auto scenario =
      input::read_scenario(choice.scenario, choice.overrides, registries.known(), problems);
  if (!scenario) return std::nullopt;
  if (choice.seed) scenario->seed = *choice.seed;
  if (choice.replicate) scenario->replicate = *choice.replicate;
  generator::read_logged_demand(*scenario, problems);
  read_failure_log(*scenario, problems);
  const base::RandomStreams streams(scenario->seed, scenario->replicate);
  auto jobs =
      generator::generate_jobs(*scenario, streams, registries.arrivals, registries.logs, problems);
  if (problems.has_errors()) return std::nullopt;
  return Load{std::move(*scenario), std::move(jobs)};
}

}  // namespace busbar::cli
