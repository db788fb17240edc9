#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>

#include "sim/base/calendar.h"
#include "sim/base/text.h"
#include "workloads/generator/log_readers.h"
#include "workloads/generator/log_rows.h"

namespace busbar::generator {
namespace {

using model::Ending;
using model::Job;

// FAILED, NODE_FAIL and TIMEOUT fail; CANCELLED, Killed and the like are cancelled.
Ending ending_of(std::string state) {
  std::transform(state.begin(), state.end(), state.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  const auto says = [&](std::string_view word) { return state.find(word) != std::string::npos; };
  if (says("fail") || says("timeout") || says("out_of_memory")) return Ending::kFailure;
  if (says("cancel") || says("kill") || says("preempt")) return Ending::kCancellation;
  return Ending::kCompletion;
}

// The run time, from its own column or as the difference of two; 0 if the job never began or ended.
bool run_time(const std::string& begin, const std::string& end, const GpuLogFormat& format,
              const base::Location& where, RowProblems& rows, double& run_s) {
  run_s = 0.0;
  if (format.begin.empty()) return number(end, format.end, {}, where, rows, run_s);
  if (base::trim(begin).empty() || base::trim(end).empty()) return true;
  double begin_s = 0.0, end_s = 0.0;
  if (!number(begin, format.begin, {}, where, rows, begin_s) ||
      !number(end, format.end, {}, where, rows, end_s)) {
    return false;
  }
  run_s = end_s - begin_s;
  if (run_s >= 0.0) return true;
  rows.report(where, fmt::format("{} must not be before {}", format.end, format.begin), end);
  return false;
}

}  // namespace

const std::vector<GpuLogFormat>& gpu_log_formats() {
  static const std::vector<GpuLogFormat> formats = {
      {.name = "philly",
       .summary = "CSV of Microsoft Philly: timestamp, duration, num_gpus",
       .submit = "timestamp",
       .chips = "num_gpus",
       .begin = "",
       .end = "duration",
       .state = "",
       .also = {},
       .dates = true},
      {.name = "acme",
       .summary = "CSV of Acme (Seren, Kalos) and Helios: submit_time, duration, gpu_num, state",
       .submit = "submit_time",
       .chips = "gpu_num",
       .begin = "",
       .end = "duration",
       .state = "state",
       .also = {},
       .dates = true},
      {.name = "openb",
       .summary = "CSV of Alibaba openb: creation_time, scheduled_time, deletion_time, num_gpu",
       .submit = "creation_time",
       .chips = "num_gpu",
       .begin = "scheduled_time",
       .end = "deletion_time",
       .state = "pod_phase",
       .also = {"gpu_milli"},
       .dates = false},
      {.name = "tiresias",
       .summary = "CSV of Tiresias: submit_time, duration, num_gpu",
       .submit = "submit_time",
       .chips = "num_gpu",
       .begin = "",
       .end = "duration",
       .state = "",
       .also = {"iterations"},
       .dates = false},
  };
  return formats;
}

bool GpuLog::recognises(const std::string& path) const {
  std::vector<std::string> columns = format_.also;
  for (const auto* name :
       {&format_.submit, &format_.chips, &format_.begin, &format_.end, &format_.state}) {
    if (!name->empty()) columns.push_back(*name);
  }
  return has_columns(path, columns);
}

std::vector<Job> GpuLog::read(const std::string& path, base::Diagnostics& problems) const {
  std::vector<Job> jobs;
  base::CsvReader csv(path);
  std::vector<std::string> names = {format_.submit, format_.chips, format_.end};
  if (!format_.begin.empty()) names.push_back(format_.begin);
  if (!format_.state.empty()) names.push_back(format_.state);
  const auto columns = find_columns(csv, names, path, problems);
  if (columns.empty()) return jobs;
  RowProblems rows(path, problems);
  SubmitOrder order(path, problems);
  size_t left_out = 0, row_number = 0;
  double first = std::numeric_limits<double>::infinity();
  static const std::string kNone;
  // The field of a column that the format may do without.
  const auto field = [&](int column) -> const std::string& {
    return column < 0 ? kNone : csv.fields()[static_cast<size_t>(column)];
  };
  const int begin = csv.column(format_.begin), state = csv.column(format_.state);
  while (csv.next(problems)) {
    ++row_number;
    const auto where = csv.where();
    Job job;
    job.name = fmt::format("{}", row_number);
    bool fine =
        number(field(columns[1]), format_.chips, {0.0, false, true}, where, rows, job.chips);
    const std::string& submit = field(columns[0]);
    if (!format_.dates) {
      fine &= number(submit, format_.submit, {}, where, rows, job.submit_s);
    } else if (const auto date = base::parse_date(submit)) {
      job.submit_s = *date;
    } else {
      rows.report(where, format_.submit + " must be like 2017-10-09 07:01:55", submit);
      fine = false;
    }
    fine &= run_time(field(begin), field(columns[2]), format_, where, rows, job.duration_s);
    if (!fine) continue;
    order.check(where, job.submit_s);
    if (job.chips <= 0.0 || job.duration_s <= 0.0) {
      ++left_out;
      continue;
    }
    job.requested_s = job.duration_s;
    job.ending = ending_of(field(state));
    if (job.ending != Ending::kCompletion) job.stop_s = job.duration_s;
    first = std::min(first, job.submit_s);
    jobs.push_back(std::move(job));
  }
  if (format_.dates) {
    for (Job& job : jobs) job.submit_s -= first;
  }
  warn_left_out(path, left_out, jobs.size() + left_out, problems);
  return jobs;
}

}  // namespace busbar::generator
