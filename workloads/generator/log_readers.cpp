#include "workloads/generator/log_readers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "sim/base/calendar.h"
#include "sim/base/error.h"
#include "sim/base/rows.h"
#include "sim/base/text.h"

namespace busbar::generator {

using base::Diagnostics;
using model::Job;

namespace {

constexpr size_t kMostOfAKind = 5;

// Problems of rows, a handful of each kind in full and the rest counted.
class RowProblems {
 public:
  RowProblems(std::string path, Diagnostics& problems)
      : path_(std::move(path)), problems_(problems) {}
  void report(const base::Location& where, std::string_view kind, std::string_view value) {
    size_t& count = counts_[std::string(kind)];
    if (++count <= kMostOfAKind) problems_.error(where, "{}, got '{}'", kind, value);
  }
  ~RowProblems() {
    for (const auto& [kind, count] : counts_) {
      if (count > kMostOfAKind) {
        problems_.error({path_}, "{}: {} rows in all", kind, count);
      }
    }
  }

 private:
  std::string path_;
  Diagnostics& problems_;
  std::map<std::string, size_t> counts_;
};

// Reads a number of a field that must be at least (or above) a bound.
struct Bounds {
  double least = 0.0;
  bool above = false;  // strictly
  bool whole = false;
};
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
                              const std::string& path, Diagnostics& problems) {
  std::vector<int> columns;
  for (const std::string& name : names) {
    columns.push_back(csv.column(name));
    if (columns.back() < 0) {
      problems.error({path, 1, 1}, "no column '{}';{}", name, base::suggestion(name, csv.header()));
    }
  }
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

void warn_left_out(const std::string& path, size_t count, size_t total, Diagnostics& problems) {
  if (count == 0) return;
  problems.warning({path}, "{} of {} jobs never ran (no processors or no run time): left out",
                   count, total);
}

}  // namespace

// ── Rigid CSV ────────────────────────────────────────────────────────────────────────────────────

bool RigidCsv::recognises(const std::string& path) const {
  return has_columns(path, {"submit", "nodes", "runtime", "walltime"});
}

std::vector<Job> RigidCsv::read(const std::string& path, Diagnostics& problems) const {
  std::vector<Job> jobs;
  base::CsvReader csv(path);
  const auto c =
      find_columns(csv, {"id", "submit", "nodes", "runtime", "walltime"}, path, problems);
  if (*std::min_element(c.begin(), c.end()) < 0) return jobs;
  RowProblems rows(path, problems);
  while (csv.next(problems)) {
    const auto& f = csv.fields();
    const auto field = [&](size_t i) -> const std::string& { return f[static_cast<size_t>(c[i])]; };
    Job job;
    job.name = field(0);
    const auto where = csv.where();
    const bool fine = number(field(1), "submit", {}, where, rows, job.submit_s) &
                      number(field(2), "nodes", {1.0, false, true}, where, rows, job.chips) &
                      number(field(3), "runtime", {0.0, true}, where, rows, job.duration_s) &
                      number(field(4), "walltime", {0.0, true}, where, rows, job.requested_s);
    if (fine) jobs.push_back(std::move(job));
  }
  return jobs;
}

// ── SWF ──────────────────────────────────────────────────────────────────────────────────────────

bool Swf::recognises(const std::string& path) const {
  try {
    base::LineReader lines(path);
    while (const auto line = lines.next()) {
      const std::string_view text = base::trim(*line);
      if (text.empty() || text.starts_with(';')) continue;
      const auto words = base::split_words(text);
      return words.size() == 18 && base::parse_number(words[0]).has_value();
    }
  } catch (const base::IoError&) {
  }
  return false;
}

std::vector<Job> Swf::read(const std::string& path, Diagnostics& problems) const {
  constexpr size_t kFields = 18;
  std::vector<Job> jobs;
  base::LineReader lines(path);
  RowProblems rows(path, problems);
  size_t left_out = 0;
  while (const auto line = lines.next()) {
    const std::string_view text = base::trim(*line);
    if (text.empty() || text.starts_with(';')) continue;
    const auto words = base::split_words(text);
    if (words.size() != kFields) {
      rows.report(lines.where(), "an SWF line has 18 fields", fmt::format("{}", words.size()));
      continue;
    }
    double run_s = 0, allocated = 0, requested = 0, requested_s = 0;
    Job job;
    job.name = words[0];
    const auto where = lines.where();
    const Bounds or_unknown{-1.0};
    const bool fine =
        number(words[1], "submit (field 2)", {}, where, rows, job.submit_s) &
        number(words[3], "run time (field 4)", or_unknown, where, rows, run_s) &
        number(words[4], "processors (field 5)", or_unknown, where, rows, allocated) &
        number(words[7], "requested processors (field 8)", or_unknown, where, rows, requested) &
        number(words[8], "requested time (field 9)", or_unknown, where, rows, requested_s);
    if (!fine) continue;
    job.chips = allocated > 0.0 ? allocated : requested;
    job.duration_s = run_s;
    job.requested_s = requested_s > 0.0 ? requested_s : run_s;
    if (job.chips <= 0.0 || job.duration_s <= 0.0) {
      ++left_out;
      continue;
    }
    jobs.push_back(std::move(job));
  }
  warn_left_out(path, left_out, jobs.size() + left_out, problems);
  return jobs;
}

// ── Philly ───────────────────────────────────────────────────────────────────────────────────────

bool Philly::recognises(const std::string& path) const {
  return has_columns(path, {"timestamp", "duration", "num_gpus"});
}

std::vector<Job> Philly::read(const std::string& path, Diagnostics& problems) const {
  std::vector<Job> jobs;
  base::CsvReader csv(path);
  const auto c = find_columns(csv, {"timestamp", "duration", "num_gpus"}, path, problems);
  if (*std::min_element(c.begin(), c.end()) < 0) return jobs;
  RowProblems rows(path, problems);
  size_t left_out = 0, row_number = 0;
  double first = std::numeric_limits<double>::infinity();
  while (csv.next(problems)) {
    ++row_number;
    const auto& f = csv.fields();
    const auto field = [&](size_t i) -> const std::string& { return f[static_cast<size_t>(c[i])]; };
    const auto where = csv.where();
    Job job;
    job.name = fmt::format("{}", row_number);
    const auto submitted = base::parse_date(field(0));
    if (!submitted) rows.report(where, "timestamp must be like 2017-10-09 07:01:55", field(0));
    const bool fine = number(field(1), "duration", {}, where, rows, job.duration_s) &
                      number(field(2), "num_gpus", {0.0, false, true}, where, rows, job.chips);
    if (!submitted || !fine) continue;
    if (job.chips <= 0.0 || job.duration_s <= 0.0) {
      ++left_out;
      continue;
    }
    job.submit_s = *submitted;
    job.requested_s = job.duration_s;
    first = std::min(first, job.submit_s);
    jobs.push_back(std::move(job));
  }
  for (Job& job : jobs) job.submit_s -= first;
  warn_left_out(path, left_out, jobs.size() + left_out, problems);
  return jobs;
}

}  // namespace busbar::generator
