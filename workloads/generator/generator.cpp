#include "workloads/generator/generator.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/rows.h"
#include "sim/base/text.h"
#include "workloads/generator/job_file.h"
#include "workloads/generator/job_stream.h"

namespace busbar::generator {

using model::Job;
using model::Scenario;

namespace {

// A stream without a horizon to end at would never end.
bool check_horizon(const Scenario& scenario, base::Diagnostics& problems) {
  if (scenario.horizon) return true;
  for (const model::TrainingStream& stream : scenario.workload.streams) {
    if (stream.arrivals.rate.value <= 0.0) continue;
    problems.error({}, "scenario '{}' runs until idle, but stream '{}' never ends: write a horizon",
                   scenario.name, stream.name);
    return false;
  }
  return true;
}

// The reader named, or the one that recognises the file.
std::unique_ptr<LogReader> reader_for(const model::ReplayedTrace& trace,
                                      const base::Registry<LogReader>& readers,
                                      base::Diagnostics& problems) {
  if (!trace.format.empty()) return readers.make({trace.format, {}});
  base::KnownBehaviours known;
  readers.describe(known);
  for (const std::string& name : known.names(readers.kind())) {
    auto reader = readers.make({name, {}});
    if (reader->recognises(trace.path)) return reader;
  }
  problems.error(trace.where, "'{}' is no log that this program reads; known formats: {}",
                 trace.path, base::join(known.names(readers.kind())));
  return nullptr;
}

void add_trace(const Scenario& scenario, std::int32_t index,
               const base::Registry<LogReader>& readers, std::vector<Job>& jobs,
               base::Diagnostics& problems) {
  const model::ReplayedTrace& trace = scenario.workload.traces[{index}];
  const size_t before = jobs.size();
  try {
    // Opening first tells a missing or truncated file from an unknown format.
    base::LineReader(trace.path).next();
    const auto reader = reader_for(trace, readers, problems);
    if (!reader) return;
    if (trace.dependencies && !reader->honour_dependencies()) {
      problems.error(trace.where,
                     "log '{}' cannot honour dependencies: its format does not say which job "
                     "follows which (swf does)",
                     trace.href);
      return;
    }
    std::vector<Job> read = reader->read(trace.path, problems);
    jobs.insert(jobs.end(), std::make_move_iterator(read.begin()),
                std::make_move_iterator(read.end()));
  } catch (const base::IoError& error) {
    problems.error(trace.where, "{}", error.what());
    return;
  }
  if (jobs.size() == before && !problems.has_errors()) {
    problems.error(trace.where, "log '{}' has no jobs", trace.href);
  }
  const bool several = scenario.workload.traces.size() > 1;
  for (size_t i = before; i < jobs.size(); ++i) {
    jobs[i].trace = index;
    if (jobs[i].after >= 0) jobs[i].after += static_cast<std::int32_t>(before);
    if (several) jobs[i].name = trace.name + "-" + jobs[i].name;
  }
}

// A job is left out with the one that it follows.
std::vector<Job> in_order(std::vector<Job> jobs, const Scenario& scenario) {
  const auto earlier = [](const Job& a, const Job& b) { return a.submit_s < b.submit_s; };
  const double until_s =
      scenario.horizon ? scenario.horizon->value : std::numeric_limits<double>::infinity();
  // Most logs are in order and replayed as a whole.
  if (std::is_sorted(jobs.begin(), jobs.end(), earlier) &&
      (jobs.empty() || jobs.back().submit_s < until_s)) {
    return jobs;
  }
  std::vector<size_t> order(jobs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return earlier(jobs[a], jobs[b]); });
  std::vector<std::int32_t> place(jobs.size(), -1);
  std::vector<Job> sorted;
  sorted.reserve(jobs.size());
  for (const size_t i : order) {
    Job& job = jobs[i];
    if (job.submit_s >= until_s) continue;
    if (job.after >= 0) {
      job.after = place[static_cast<size_t>(job.after)];
      if (job.after < 0) continue;
    }
    place[i] = static_cast<std::int32_t>(sorted.size());
    sorted.push_back(std::move(job));
  }
  return sorted;
}

// Streams after those that they follow; reading has told circles.
std::vector<std::int32_t> followers_in_order(const model::Workload& workload) {
  std::vector<std::int32_t> order;
  std::vector<char> drawn(workload.streams.size(), 0);
  for (const auto id : workload.streams.ids()) {
    drawn[static_cast<size_t>(id.index)] = !workload.streams[id].after;
  }
  for (bool more = true; std::exchange(more, false);) {
    for (const auto id : workload.streams.ids()) {
      const auto before = workload.streams[id].after;
      const auto at = static_cast<size_t>(id.index);
      if (drawn[at] || !drawn[static_cast<size_t>(before.index)]) continue;
      order.push_back(id.index);
      drawn[at] = 1;
      more = true;
    }
  }
  return order;
}

}  // namespace

std::vector<Job> generate_jobs(const Scenario& scenario, const base::RandomStreams& streams,
                               const base::Registry<ArrivalProcess>& processes,
                               const base::Registry<LogReader>& readers,
                               base::Diagnostics& problems) {
  std::vector<Job> jobs;
  if (!scenario.jobs_path.empty()) {
    try {
      jobs = read_jobs(scenario.jobs_path, scenario, problems);
    } catch (const base::IoError& error) {
      problems.error(scenario.jobs_where, "{}", error.what());
    }
    return in_order(std::move(jobs), scenario);
  }
  if (!check_horizon(scenario, problems)) return jobs;
  std::int32_t arrays = 0;
  const auto add = [&](std::vector<Job> drawn) {
    const std::int32_t first = arrays;
    for (Job& job : drawn) {
      if (job.array < 0) continue;
      job.array += first;
      arrays = std::max(arrays, job.array + 1);
    }
    jobs.insert(jobs.end(), std::make_move_iterator(drawn.begin()),
                std::make_move_iterator(drawn.end()));
  };
  for (const auto id : scenario.workload.streams.ids()) {
    if (scenario.workload.streams[id].arrivals.rate.value <= 0.0) continue;
    add(draw_jobs(scenario, id.index, streams, processes));
  }
  for (const auto id : scenario.workload.campaigns.ids()) {
    add(draw_campaign(scenario, id.index, streams));
  }
  for (const std::int32_t index : followers_in_order(scenario.workload)) {
    add(draw_followers(scenario, index, jobs, streams));
  }
  for (const auto id : scenario.workload.traces.ids()) {
    add_trace(scenario, id.index, readers, jobs, problems);
  }
  return in_order(std::move(jobs), scenario);
}

}  // namespace busbar::generator
