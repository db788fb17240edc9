#include "workloads/generator/log_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/base/text.h"

namespace busbar::generator {
namespace {

constexpr size_t kMostOfAKind = 5;

}  // namespace

void RowProblems::report(const base::Location& where, std::string_view kind,
                         std::string_view value) {
  size_t& count = counts_[std::string(kind)];
  if (++count <= kMostOfAKind) problems_.error(where, "{}, got '{}'", kind, value);
}

RowProblems::~RowProblems() {
  for (const auto& [kind, count] : counts_) {
    if (count > kMostOfAKind) problems_.error({path_}, "{}: {} rows in all", kind, count);
  }
}

void SubmitOrder::check(const base::Location& where, double submit_s) {
  if (submit_s < last_s_ && count_++ == 0) first_ = where;
  last_s_ = submit_s;
}

SubmitOrder::~SubmitOrder() {
  if (count_ == 0) return;
  problems_.warning(first_, "this job is submitted before the one above it; {} in all: sorted",
                    count_);
}

bool number(std::string_view field, std::string_view name, const Bounds& bounds,
            const base::Location& where, RowProblems& rows, double& value) {
  const auto parsed = base::parse_number(field);
  const bool fine = parsed && (bounds.above ? *parsed > bounds.least : *parsed >= bounds.least) &&
                    (!bounds.whole || *parsed == std::floor(*parsed));
  if (fine) {
    value = *parsed;
    return true;
  }
  rows.report(
      where,
      fmt::format("{} must be a{} {}{}", name, bounds.whole ? " whole" : "", "number ",
                  fmt::format("{} {:g}", bounds.above ? "above" : "of at least", bounds.least)),
      field);
  return false;
}

std::vector<int> find_columns(const base::CsvReader& csv, const std::vector<std::string>& names,
                              const std::string& path, base::Diagnostics& problems) {
  std::vector<int> columns;
  bool all = true;
  for (const std::string& name : names) {
    columns.push_back(csv.column(name));
    if (columns.back() < 0) {
      all = false;
      problems.error({path, 1, 1}, "no column '{}';{}", name, base::suggestion(name, csv.header()));
    }
  }
  if (!all) columns.clear();
  return columns;
}

bool has_columns(const std::string& path, const std::vector<std::string>& names) {
  try {
    const base::CsvReader csv(path);
    return std::all_of(names.begin(), names.end(),
                       [&](const auto& name) { return csv.column(name) >= 0; });
  } catch (const base::IoError&) {
    return false;  // said when it is read
  }
}

void warn_left_out(const std::string& path, size_t count, size_t total,
                   base::Diagnostics& problems) {
  if (count == 0) return;
  problems.warning({path}, "{} of {} jobs never ran (no processors or no run time): left out",
                   count, total);
}

}  // namespace busbar::generator
