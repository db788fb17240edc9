/// What holds in every run, whatever was simulated.
#pragma once

#include <string>
#include <vector>

#include "tests/property/random_run.h"

namespace busbar::property {

/// The rules that a trace breaks, each with the place; empty: none.
std::vector<std::string> broken_rules(const std::string& trace, const RunDraw& run);

}  // namespace busbar::property
