#include "sim/cli/load.h"

#include "sim/input/reader.h"
#include "workloads/generator/logged_demand.h"

namespace busbar::cli {

std::optional<Load> load(const ScenarioChoice& choice, const Registries& registries,
                         base::Diagnostics& problems) {
  auto scenario =
      input::read_scenario(choice.scenario, choice.overrides, registries.known(), problems);
  if (!scenario) return std::nullopt;
  if (choice.seed) scenario->seed = *choice.seed;
  if (choice.replicate) scenario->replicate = *choice.replicate;
  generator::read_logged_demand(*scenario, problems);
  const base::RandomStreams streams(scenario->seed, scenario->replicate);
  auto jobs =
      generator::generate_jobs(*scenario, streams, registries.arrivals, registries.logs, problems);
  if (problems.has_errors()) return std::nullopt;
  return Load{std::move(*scenario), std::move(jobs)};
}

}  // namespace busbar::cli
