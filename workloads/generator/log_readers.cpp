#include "workloads/generator/log_readers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "sim/base/error.h"
#include "sim/base/rows.h"
#include "sim/base/text.h"
#include "workloads/generator/log_rows.h"

namespace busbar::generator {

using base::Diagnostics;
using model::Job;

// ── Rigid CSV ────────────────────────────────────────────────────────────────────────────────────

bool RigidCsv::recognises(const std::string& path) const {
  return has_columns(path, {"submit", "nodes", "runtime", "walltime"});
}

std::vector<Job> RigidCsv::read(const std::string& path, Diagnostics& problems) const {
  std::vector<Job> jobs;
  base::CsvReader csv(path);
  const auto c =
      find_columns(csv, {"id", "submit", "nodes", "runtime", "walltime"}, path, problems);
  if (c.empty()) return jobs;
  RowProblems rows(path, problems);
  SubmitOrder order(path, problems);
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
    if (!fine) continue;
    order.check(where, job.submit_s);
    jobs.push_back(std::move(job));
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

namespace {

// Finds the jobs of a log that others follow.
class Preceding {
 public:
  explicit Preceding(Diagnostics& problems) : problems_(problems) {}
  ~Preceding() {
    if (unknown_ == 0) return;
    problems_.warning(first_,
                      "this job follows one that does not stand above it or never ran; {} in all: "
                      "submitted as logged",
                      unknown_);
  }
  // Reads fields 17 and 18 of a job; false if they are wrong.
  bool follow(std::string_view before, std::string_view think, const base::Location& where,
              RowProblems& rows, const std::vector<Job>& jobs, Job& job) {
    double number_before = 0.0, think_s = 0.0;
    const bool fine = number(before, "preceding job (field 17)", {-1.0, false, true}, where, rows,
                             number_before) &
                      number(think, "think time (field 18)", {-1.0}, where, rows, think_s);
    if (!fine || number_before <= 0.0) return fine;
    const auto found = by_number_.find(std::llround(number_before));
    if (found == by_number_.end()) {
      if (unknown_++ == 0) first_ = where;
      return true;
    }
    job.after = found->second;
    job.think_s = std::max(0.0, think_s);
    job.submit_s = jobs[static_cast<size_t>(job.after)].submit_s;
    return true;
  }
  void add(std::string_view text, size_t index) {
    if (const auto value = base::parse_number(text)) {
      by_number_[std::llround(*value)] = static_cast<std::int32_t>(index);
    }
  }

 private:
  Diagnostics& problems_;
  base::Location first_;
  size_t unknown_ = 0;
  std::unordered_map<long long, std::int32_t> by_number_;
};

}  // namespace

std::vector<Job> Swf::read(const std::string& path, Diagnostics& problems) const {
  constexpr size_t kFields = 18;
  std::vector<Job> jobs;
  base::LineReader lines(path);
  RowProblems rows(path, problems);
  SubmitOrder order(path, problems);
  Preceding preceding(problems);
  size_t left_out = 0, following = 0;
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
    order.check(where, job.submit_s);
    if (!dependencies_ && base::parse_number(words[16]).value_or(-1.0) > 0.0) ++following;
    if (dependencies_) {
      if (!preceding.follow(words[16], words[17], where, rows, jobs, job)) continue;
      preceding.add(words[0], jobs.size());
    }
    jobs.push_back(std::move(job));
  }
  warn_left_out(path, left_out, jobs.size() + left_out, problems);
  if (following > 0) {
    problems.warning(
        {path, 0, 0},
        "{} jobs name a preceding job and a think time (fields 17 and 18), which are not "
        "used: each is submitted at the time that the log gives; write dependencies=\"honour\" to "
        "let them follow it",
        following);
  }
  return jobs;
}

}  // namespace busbar::generator
