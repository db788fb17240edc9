/// Files that come with the program.
#pragma once

#include <string>
#include <vector>

namespace busbar::cli {

/// The folder that holds `platforms` and `workloads`: the working directory or one above it, else
/// above the program itself. Empty if there is none.
std::string shipped_folder();

/// The world of all chips without sites, and all catalogues of models. Empty where not found.
std::string shipped_chips();
std::vector<std::string> shipped_models();

}  // namespace busbar::cli
