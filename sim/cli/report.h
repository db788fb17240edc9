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

/// Power for people; infinity is `no limit`, not a number `?`.
std::string format_watts(double value);
/// A figure in the unit of its claim (`W`, `USD`, `chips`, `jobs`).
std::string format_in_unit(double value, std::string_view unit);
/// Deviation of a figure from the public one; within its bound (`at most`, `at least`) says so:
/// 195 MW is within "at most 245 MW".
std::string format_deviation(double public_value, double figure, std::string_view bound);

}  // namespace busbar::cli
