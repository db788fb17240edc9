#include "workloads/generator/job_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace busbar::generator {
namespace {

using model::Ending;
using model::Job;

// Batches: each arrival of the process brings itself and, with probability `share` each time, one
// more. The process runs slower by the mean size of a batch, so that the rate of jobs stays.
std::vector<double> in_batches(const model::TrainingStream& stream, const ArrivalProcess& process,
                               const model::Scenario& scenario, const base::RandomStreams& random) {
  base::RandomStream arrivals = random.get("generator/arrivals", stream.name);
  model::Arrivals batches = stream.arrivals;
  const double share = batches.batch_share;
  batches.rate = base::Hertz{batches.rate.value * (1.0 - share)};
  std::vector<double> times =
      process.draw(batches, scenario.start_unix_s, scenario.horizon->value, arrivals);
  if (share <= 0.0) return times;
  base::RandomStream sizes = random.get("generator/batches", stream.name);
  std::vector<double> all;
  for (const double time : times) {
    const auto more = static_cast<size_t>(std::log(sizes.uniform()) / std::log(share));
    all.insert(all.end(), 1 + more, time);
  }
  return all;
}

// A job that fails or is cancelled after some time had at least that much to do.
void end_early(Job& job, Ending ending, double after_s) {
  job.ending = ending;
  job.stop_s = after_s;
  if (job.duration_s > 0.0) job.duration_s = std::max(job.duration_s, after_s);
}

}  // namespace

std::vector<Job> draw_jobs(const model::Scenario& scenario, std::int32_t index,
                           const base::RandomStreams& random,
                           const base::Registry<ArrivalProcess>& processes) {
  const model::TrainingStream& stream = scenario.workload.streams[{index}];
  const auto process = processes.make({stream.arrivals.process, {}});
  base::RandomStream sizes = random.get("generator/sizes", stream.name);
  base::RandomStream lengths = random.get("generator/lengths", stream.name);
  base::RandomStream factors = random.get("generator/requests", stream.name);
  base::RandomStream endings = random.get("generator/endings", stream.name);
  base::RandomStream stops = random.get("generator/stops", stream.name);
  std::vector<Job> jobs;
  for (const double time : in_batches(stream, *process, scenario, random)) {
    Job job;
    job.name = fmt::format("{}-{}", stream.name, jobs.size());
    job.kind = stream.kind;
    job.stream = index;
    job.model = stream.model;
    job.submit_s = time;
    job.chips = std::max(1.0, std::round(quantile(stream.chips, sizes.uniform())));
    const double u = lengths.uniform();
    if (stream.tokens.location > 0.0) {
      job.tokens = quantile(stream.tokens, u);
    } else {
      job.duration_s = quantile(stream.duration_s, u);
    }
    job.request_factor = quantile(stream.request_factor, factors.uniform());
    const double ending = endings.uniform(), stop = stops.uniform();
    if (ending < stream.failure.share) {
      end_early(job, Ending::kFailure, quantile(stream.failure.after_s, stop));
    } else if (ending < stream.failure.share + stream.cancellation.share) {
      end_early(job, Ending::kCancellation, quantile(stream.cancellation.after_s, stop));
    }
    jobs.push_back(std::move(job));
  }
  return jobs;
}

}  // namespace busbar::generator
