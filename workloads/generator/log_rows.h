/// What the readers of logs share: columns, numbers with bounds, and problems told by row.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/base/rows.h"

namespace busbar::generator {

/// Problems of rows, a handful of each kind in full and the rest counted.
class RowProblems {
 public:
  RowProblems(std::string path, base::Diagnostics& problems)
      : path_(std::move(path)), problems_(problems) {}
  ~RowProblems();
  void report(const base::Location& where, std::string_view kind, std::string_view value);

 private:
  std::string path_;
  base::Diagnostics& problems_;
  std::map<std::string, size_t> counts_;
};

/// Warns, with its row, of a job submitted before the one above it: jobs are sorted by submission.
class SubmitOrder {
 public:
  SubmitOrder(std::string path, base::Diagnostics& problems)
      : path_(std::move(path)), problems_(problems) {}
  ~SubmitOrder();
  void check(const base::Location& where, double submit_s);

 private:
  std::string path_;
  base::Diagnostics& problems_;
  base::Location first_;
  double last_s_ = -1e300;
  size_t count_ = 0;
};

/// What a number must be.
struct Bounds {
  double least = 0.0;
  bool above = false;  // strictly
  bool whole = false;
};

/// Reads a number of a field; reports it and returns false if it is none or out of bounds.
bool number(std::string_view field, std::string_view name, const Bounds& bounds,
            const base::Location& where, RowProblems& rows, double& value);

/// Indices of columns by name; empty, and told, if one is missing.
std::vector<int> find_columns(const base::CsvReader& csv, const std::vector<std::string>& names,
                              const std::string& path, base::Diagnostics& problems);

/// True if a file is a CSV with these columns.
bool has_columns(const std::string& path, const std::vector<std::string>& names);

/// Warns of jobs that never ran.
void warn_left_out(const std::string& path, size_t count, size_t total,
                   base::Diagnostics& problems);

}  // namespace busbar::generator
