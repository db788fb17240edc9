/// Pictures, drawn by the analysis package: it has the plotting library (decision 0006).
#pragma once

#include <string>
#include <vector>

#include "sim/base/json.h"

namespace busbar::cli {

/// Runs `python -m module arguments…` and returns its exit code. BUSBAR_PYTHON names the program;
/// without it, that of `.venv` where there is one.
int draw(const std::string& module, const std::vector<std::string>& arguments);

/// The same for data that no file holds: writes them to a temporary file, which becomes the first
/// argument, then `-o picture`.
int draw(const std::string& module, const base::Json& data, const std::string& picture);

}  // namespace busbar::cli
