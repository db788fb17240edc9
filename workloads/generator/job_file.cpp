#include "workloads/generator/job_file.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

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

}  // namespace

void write_jobs(const std::string& path, const model::Scenario& scenario,
                const std::vector<Job>& jobs) {
  std::ofstream file(path);
  file << base::join(kColumns, ",") << '\n';
  for (const Job& job : jobs) {
    file << fmt::format("{},{},{},{},{},{},{},{},{},{},{}\n", job.name, source_of(scenario, job),
                        job.submit_s, job.chips, job.duration_s, job.tokens, job.requested_s,
                        job.request_factor, kEndings[static_cast<size_t>(job.ending)], job.stop_s,
                        stage_of(scenario, job));
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
    if (!fine) continue;
    order.check(where, job.submit_s);
    jobs.push_back(std::move(job));
  }
  return jobs;
}

}  // namespace busbar::generator
