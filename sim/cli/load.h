/// From a scenario file to a scenario with its jobs: what `run` and `export` begin with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/cli/registries.h"
#include "sim/model/job.h"
#include "sim/model/scenario.h"

namespace busbar::cli {

/// A scenario file and what the command line changes of it.
struct ScenarioChoice {
  std::string scenario;
  std::vector<std::string> overrides;  // --set
  std::optional<std::uint64_t> seed, replicate;
};

struct Load {
  model::Scenario scenario;
  std::vector<model::Job> jobs;
};

/// Reads a scenario and generates its jobs; nothing, with all problems told, if it cannot be run.
std::optional<Load> load(const ScenarioChoice& choice, const Registries& registries,
                         base::Diagnostics& problems);

}  // namespace busbar::cli
