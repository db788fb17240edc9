/// The options of each subcommand, bound to what the subcommand reads.
#pragma once

#include <string>
#include <vector>

#include "sim/cli/commands.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace busbar::cli {

void add_overrides(CLI::App* command, std::vector<std::string>& overrides);
void add_policy_library(CLI::App* command, PolicyLibrary& library);
void add_scenario(CLI::App* command, ScenarioChoice& choice);
void add_estimate(CLI::App* command, EstimateOptions& options);
void add_reliability(CLI::App* command, ReliabilityOptions& o);
void add_failure_log(CLI::App* command, FailureLogOptions& o);
void add_measured(CLI::App* command, ValidateOptions& options);
void add_validate(CLI::App* command, ValidateOptions& options);
void add_collective(CLI::App* command, CollectiveOptions& options);
void add_calibrate(CLI::App* command, CalibrateOptions& options);
void add_topology(CLI::App* command, TopologyChoice& choice);

}  // namespace busbar::cli
