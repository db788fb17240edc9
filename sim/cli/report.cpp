#include "sim/cli/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "sim/base/units.h"
#include "sim/cli/commands.h"

namespace busbar::cli {
namespace {

// Characters of UTF-8 text, so that columns with umlauts line up.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

std::string format_watts(double value) {
  if (std::isnan(value)) return "?";
  return std::isinf(value) ? "no limit" : base::format_power(base::Watts{value});
}

std::string format_in_unit(double value, std::string_view unit) {
  if (std::isnan(value)) return "not simulated";
  if (unit == "W") return format_watts(value);
  if (unit == "USD") return base::format_usd(base::Usd{value});
  return base::format_count(value);
}

std::string format_deviation(double public_value, double figure, std::string_view bound) {
  if (std::isnan(figure)) return "";
  const double relative = figure / public_value - 1.0;
  const bool within =
      (bound == "at most" && relative <= 0.0) || (bound == "at least" && relative >= 0.0);
  return fmt::format("{:+.1f} %{}", 100.0 * relative, within ? " (within)" : "");
}

int report(const base::Diagnostics& problems) {
  problems.print(std::cerr);
  fmt::print(stderr, "{} error{}\n", problems.errors(), problems.errors() == 1 ? "" : "s");
  return kBadInput;
}

void print_table(const std::vector<std::vector<std::string>>& rows,
                 const std::vector<size_t>& right) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string pad(widths[i] - width_of(row[i]), ' ');
      const bool flush_right = std::find(right.begin(), right.end(), i) != right.end();
      line += flush_right ? pad + row[i] : row[i] + pad;
      line += i + 1 < row.size() ? "  " : "";
    }
    while (line.ends_with(' ')) line.pop_back();
    fmt::print("{}\n", line);
  }
}

}  // namespace busbar::cli
