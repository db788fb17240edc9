/// How problems and tables look on a terminal, for all subcommands.
#pragma once

#include <string>
#include <vector>

#include "sim/base/diagnostics.h"

namespace busbar::cli {

/// Prints all problems and their count to stderr. Returns the exit code for bad input.
int report(const base::Diagnostics& problems);

/// Prints rows in aligned columns to stdout: the first row is the head, the columns named in
/// `right` are flush right.
void print_table(const std::vector<std::vector<std::string>>& rows,
                 const std::vector<size_t>& right);

}  // namespace busbar::cli
