/// From a scenario file to a scenario with its jobs: what `run` and `export` begin with.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/cli/registries.h"
#include "sim/model/job.h"
#include "sim/model/scenario.h"
#include "sim/scheduling/plugin_process.h"

namespace busbar::cli {

/// A queue policy in a shared library.
struct PolicyLibrary {
  std::string path;              // empty: none
  std::string timeout = "10 s";  // of each call
};

/// Starts the process of a policy library, if there is one, and adds its policy to the registries.
/// To be called before anything is simulated or written. Null, with the problem told, if it cannot
/// be used, and where there is none.
std::shared_ptr<scheduling::PluginProcess> add_policy_library(const PolicyLibrary& library,
                                                              Registries& registries,
                                                              base::Diagnostics& problems);

/// A scenario file and what the command line changes of it.
struct ScenarioChoice {
  PolicyLibrary policy;
  std::string scenario;
  std::vector<std::string> overrides;  // --set
  std::optional<std::uint64_t> seed, replicate;
};

struct Load {
  model::Scenario scenario;
  std::vector<model::Job> jobs;
  std::shared_ptr<scheduling::PluginProcess> plugin;  // of its queue policy; null: a built-in one
};

/// Reads a scenario and generates its jobs; nothing, with all problems told, if it cannot be run.
/// What its policy library holds is added to the registries.
std::optional<Load> load(const ScenarioChoice& choice, Registries& registries,
                         base::Diagnostics& problems);

}  // namespace busbar::cli
