/// Turns XML files into a checked, immutable Scenario.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/base/registry.h"
#include "sim/model/scenario.h"

namespace busbar::input {

/// Reads a scenario with its world and mix, applies overrides, validates against the schemas,
/// resolves references and cross-checks the files against each other.
///
/// @param known   behaviours that may be named (policies, processes, log readers).
/// @param problems  receives every problem found; warnings do not prevent a result.
/// @returns the scenario, or nothing if there was any error.
std::optional<model::Scenario> read_scenario(const std::string& path,
                                             const std::vector<std::string>& overrides,
                                             const base::KnownBehaviours& known,
                                             base::Diagnostics& problems);

/// Reads a world alone, for `list` and `show`.
std::optional<model::Platform> read_platform(const std::string& path,
                                             const std::vector<std::string>& overrides,
                                             base::Diagnostics& problems);

/// Reads a mix or a catalogue of models alone, for `list` and `check`.
std::optional<model::Workload> read_workload(const std::string& path,
                                             const std::vector<std::string>& overrides,
                                             const base::KnownBehaviours& known,
                                             base::Diagnostics& problems);

/// What a file is, by its root element: `platform`, `workload`, `scenario`, or empty (reported).
std::string kind_of(const std::string& path, base::Diagnostics& problems);

/// Reads any one file with the schema of its kind: what `busbar check` does with a catalogue or a
/// mix.
bool check_file(const std::string& path, const std::vector<std::string>& overrides,
                const base::KnownBehaviours& known, base::Diagnostics& problems,
                std::vector<model::Unused>* unused = nullptr);

}  // namespace busbar::input
