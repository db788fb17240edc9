#include "workloads/generator/job_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>
#include <unordered_map>

#include "sim/base/error.h"
#include "sim/base/rows.h"
#include "sim/base/text.h"
#include "workloads/generator/log_rows.h"

namespace busbar::generator {
namespace {

using model::Job;

const std::vector<std::string> kColumns = {"name",       "source", "submit_s",    "chips",
                                           "duration_s", "tokens", "requested_s", "request_factor",
                                           "ending",     "stop_s", "stage"};
// Written where a job follows another or is a task of an array.
const std::vector<std::string> kJoined = {"after", "think_s", "when", "array"};
constexpr std::array<const char*, 3> kEndings = {"completion", "failure", "cancellation"};

const std::string& source_of(const model::Scenario& scenario, const Job& job) {
  return job.stream >= 0 ? scenario.workload.streams[{job.stream}].name
                         : scenario.workload.traces[{job.trace}].name;
}

// Gives a job back what its stream or trace says of it; false if the mix has no such source.
bool resolve_source(const model::Scenario& scenario, const std::string& source, Job& job) {
  const auto stream = scenario.workload.streams.find(source);
  const auto trace = scenario.workload.traces.find(source);
  if (!stream && !trace) return false;
  if (stream) {
    job.stream = stream.index;
    job.kind = scenario.workload.streams[stream].kind;
    job.model = scenario.workload.streams[stream].model;
  } else {
    job.trace = trace.index;
  }
  return true;
}

// The stage of a campaign that a job belongs to, as campaign/stage; empty: none.
std::string stage_of(const model::Scenario& scenario, const Job& job) {
  if (job.campaign < 0) return {};
  const model::Campaign& campaign = scenario.workload.campaigns[{job.campaign}];
  return campaign.name + "/" + campaign.stages[static_cast<size_t>(job.stage)].name;
}

bool resolve_stage(const model::Scenario& scenario, const std::string& text, Job& job) {
  if (text.empty()) return true;
  for (const auto id : scenario.workload.campaigns.ids()) {
    const auto& stages = scenario.workload.campaigns[id].stages;
    for (size_t i = 0; i < stages.size(); ++i) {
      job.campaign = id.index;
      job.stage = static_cast<std::int32_t>(i);
      if (stage_of(scenario, job) == text) return true;
    }
  }
  return false;
}

bool read_ending(const std::string& text, Job& job) {
  for (size_t i = 0; i < kEndings.size(); ++i) {
    if (text != kEndings[i]) continue;
    job.ending = static_cast<model::Ending>(i);
    return true;
  }
  return false;
}

std::string joined_fields(const std::vector<Job>& jobs, const Job& job) {
  const bool follows = job.after >= 0;
  return fmt::format(",{},{},{},{}", follows ? jobs[static_cast<size_t>(job.after)].name : "",
                     job.think_s, follows ? (job.only_if_done ? "done" : "ended") : "",
                     job.array >= 0 ? fmt::format("{}", job.array) : "");
}

// Reads what joins jobs to others; a file without those columns says nothing.
class JoinedFields {
 public:
  JoinedFields(const base::CsvReader& csv, RowProblems& rows) : csv_(csv), rows_(rows) {
    for (const std::string& name : kJoined) columns_.push_back(csv.column(name));
  }

  // False if they are wrong. `jobs` are those of the rows above.
  bool read(const model::Scenario& scenario, const std::vector<Job>& jobs, Job& job) {
    return follow(jobs, job) & join_array(scenario, job);
  }
  void add(const Job& job, size_t index) {
    if (columns_[0] >= 0) by_name_[job.name] = static_cast<std::int32_t>(index);
  }

 private:
  std::string_view field(size_t i) const {
    return columns_[i] < 0 ? std::string_view{} : csv_.fields()[static_cast<size_t>(columns_[i])];
  }

  bool follow(const std::vector<Job>& jobs, Job& job) {
    if (field(0).empty()) return true;
    const auto found = by_name_.find(std::string(field(0)));
    const std::string_view when = field(2);
    bool fine = true;
    if (found == by_name_.end() ||
        jobs[static_cast<size_t>(found->second)].submit_s > job.submit_s) {
      rows_.report(csv_.where(), "after must name a job above that is submitted no later",
                   field(0));
      fine = false;
    } else {
      job.after = found->second;
    }
    if (when != "done" && when != "ended") {
      rows_.report(csv_.where(), "when must be done or ended", when);
      fine = false;
    }
    job.only_if_done = when == "done";
    return fine & number(field(1), kJoined[1], {}, csv_.where(), rows_, job.think_s);
  }

  bool join_array(const model::Scenario& scenario, Job& job) {
    constexpr double kMost = 1e8;
    if (field(3).empty()) return true;
    double array = 0.0;
    if (!number(field(3), kJoined[3], {0.0, false, true}, csv_.where(), rows_, array)) return false;
    if (job.stream < 0 || !scenario.workload.streams[{job.stream}].array || array > kMost) {
      rows_.report(csv_.where(), "array must be a number, of a stream that submits arrays",
                   field(3));
      return false;
    }
    job.array = static_cast<std::int32_t>(array);
    return true;
  }

  const base::CsvReader& csv_;
  RowProblems& rows_;
  std::vector<int> columns_;
  std::unordered_map<std::string, std::int32_t> by_name_;
};

}  // namespace

void write_jobs(const std::string& path, const model::Scenario& scenario,
                const std::vector<Job>& jobs) {
  std::ofstream file(path);
  const bool joined = std::any_of(jobs.begin(), jobs.end(),
                                  [](const Job& job) { return job.after >= 0 || job.array >= 0; });
  file << base::join(kColumns, ",") << (joined ? "," + base::join(kJoined, ",") : "") << '\n';
  for (const Job& job : jobs) {
    file << fmt::format("{},{},{},{},{},{},{},{},{},{},{}", job.name, source_of(scenario, job),
                        job.submit_s, job.chips, job.duration_s, job.tokens, job.requested_s,
                        job.request_factor, kEndings[static_cast<size_t>(job.ending)], job.stop_s,
                        stage_of(scenario, job));
    if (joined) file << joined_fields(jobs, job);
    file << '\n';
  }
  file.close();
  if (!file) throw base::IoError(fmt::format("cannot write '{}': {}", path, std::strerror(errno)));
}

std::vector<Job> read_jobs(const std::string& path, const model::Scenario& scenario,
                           base::Diagnostics& problems) {
  std::vector<Job> jobs;
  base::CsvReader csv(path);
  const auto columns = find_columns(csv, kColumns, path, problems);
  if (columns.empty()) return jobs;
  RowProblems rows(path, problems);
  JoinedFields joined(csv, rows);
  SubmitOrder order(path, problems);
  while (csv.next(problems)) {
    const auto where = csv.where();
    const auto field = [&](size_t i) -> const std::string& {
      return csv.fields()[static_cast<size_t>(columns[i])];
    };
    const auto read = [&](size_t i, const Bounds& bounds, double& value) {
      return number(field(i), kColumns[i], bounds, where, rows, value);
    };
    Job job;
    job.name = field(0);
    bool fine = read(2, {}, job.submit_s) & read(3, {0.0, true, true}, job.chips) &
                read(4, {}, job.duration_s) & read(5, {}, job.tokens) &
                read(6, {}, job.requested_s) & read(7, {1.0}, job.request_factor) &
                read(9, {}, job.stop_s);
    if (!resolve_source(scenario, field(1), job)) {
      rows.report(where, "source must be a stream or trace of the mix", field(1));
      fine = false;
    }
    if (!resolve_stage(scenario, field(10), job)) {
      rows.report(where, "stage must be campaign/stage of the mix, or empty", field(10));
      fine = false;
    }
    if (!read_ending(field(8), job)) {
      rows.report(where, "ending must be completion, failure or cancellation", field(8));
      fine = false;
    }
    fine = fine && joined.read(scenario, jobs, job);
    if (!fine) continue;
    order.check(where, job.submit_s);
    joined.add(job, jobs.size());
    jobs.push_back(std::move(job));
  }
  return jobs;
}

}  // namespace busbar::generator
