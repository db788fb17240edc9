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

// Draws the size and length of one job after another, each from a random stream of its own.
class JobDraw {
 public:
  JobDraw(const model::Scenario& scenario, std::int32_t stream, const std::string& name,
          const base::RandomStreams& random)
      : index_(stream),
        stream_(scenario.workload.streams[{stream}]),
        name_(name),
        sizes_(random.get("generator/sizes", name)),
        lengths_(random.get("generator/lengths", name)),
        factors_(random.get("generator/requests", name)) {}

  double size() { return std::max(1.0, std::round(quantile(stream_.chips, sizes_.uniform()))); }
  Job next(double submit_s) { return next(submit_s, size()); }
  Job next(double submit_s, double chips) {
    Job job;
    job.name = fmt::format("{}-{}", name_, count_++);
    job.kind = stream_.kind;
    job.stream = index_;
    job.model = stream_.model;
    job.submit_s = submit_s;
    job.chips = chips;
    const double u = lengths_.uniform();
    if (stream_.tokens.location > 0.0) {
      job.tokens = quantile(stream_.tokens, u);
    } else {
      job.duration_s = quantile(stream_.duration_s, u);
    }
    job.request_factor = quantile(stream_.request_factor, factors_.uniform());
    return job;
  }

 private:
  std::int32_t index_;
  const model::TrainingStream& stream_;
  std::string name_;
  base::RandomStream sizes_, lengths_, factors_;
  size_t count_ = 0;
};

// Draws what a stream submits at a time: a job, or an array of like ones. They may fail or be
// cancelled.
class Submissions {
 public:
  Submissions(const model::Scenario& scenario, std::int32_t index,
              const base::RandomStreams& random)
      : stream_(scenario.workload.streams[{index}]),
        draw_(scenario, index, stream_.name, random),
        endings_(random.get("generator/endings", stream_.name)),
        stops_(random.get("generator/stops", stream_.name)),
        tasks_(random.get("generator/arrays", stream_.name)) {}

  // Adds those of one time to `jobs`.
  void add(double submit_s, std::vector<Job>& jobs) {
    if (!stream_.array) return jobs.push_back(ending(draw_.next(submit_s)));
    const auto tasks = std::llround(quantile(stream_.array->tasks, tasks_.uniform()));
    const double chips = draw_.size();
    for (long long task = 0; task < tasks; ++task) {
      Job job = ending(draw_.next(submit_s, chips));
      job.name = fmt::format("{}-{}.{}", stream_.name, arrays_, task);
      job.array = arrays_;
      jobs.push_back(std::move(job));
    }
    ++arrays_;
  }

 private:
  Job ending(Job job) {
    const double ending = endings_.uniform(), stop = stops_.uniform();
    if (ending < stream_.failure.share) {
      end_early(job, Ending::kFailure, quantile(stream_.failure.after_s, stop));
    } else if (ending < stream_.failure.share + stream_.cancellation.share) {
      end_early(job, Ending::kCancellation, quantile(stream_.cancellation.after_s, stop));
    }
    return job;
  }

  const model::TrainingStream& stream_;
  JobDraw draw_;
  base::RandomStream endings_, stops_, tasks_;
  std::int32_t arrays_ = 0;
};

}  // namespace

std::vector<Job> draw_jobs(const model::Scenario& scenario, std::int32_t index,
                           const base::RandomStreams& random,
                           const base::Registry<ArrivalProcess>& processes) {
  const model::TrainingStream& stream = scenario.workload.streams[{index}];
  const auto process = processes.make({stream.arrivals.process, {}});
  Submissions submissions(scenario, index, random);
  std::vector<Job> jobs;
  for (const double time : in_batches(stream, *process, scenario, random)) {
    submissions.add(time, jobs);
  }
  return jobs;
}

std::vector<Job> draw_followers(const model::Scenario& scenario, std::int32_t index,
                                const std::vector<Job>& jobs, const base::RandomStreams& random) {
  const model::TrainingStream& stream = scenario.workload.streams[{index}];
  Submissions submissions(scenario, index, random);
  std::vector<Job> drawn;
  for (size_t i = 0; i < jobs.size(); ++i) {
    if (jobs[i].stream != stream.after.index) continue;
    const size_t first = drawn.size();
    submissions.add(jobs[i].submit_s, drawn);
    for (size_t n = first; n < drawn.size(); ++n) {
      drawn[n].after = static_cast<std::int32_t>(i);
      drawn[n].only_if_done = stream.only_if_done;
    }
  }
  return drawn;
}

std::vector<Job> draw_campaign(const model::Scenario& scenario, std::int32_t index,
                               const base::RandomStreams& random) {
  const model::Campaign& campaign = scenario.workload.campaigns[{index}];
  const double start_s = campaign.start_s(scenario.start_unix_s);
  std::vector<Job> jobs;
  for (size_t i = 0; i < campaign.stages.size(); ++i) {
    const model::CampaignStage& stage = campaign.stages[i];
    const auto stream = scenario.workload.streams.find(stage.stream);
    JobDraw draw(scenario, stream.index, campaign.name + "-" + stage.name, random);
    for (int n = 0; n < stage.jobs; ++n) {
      Job job = draw.next(start_s);
      job.campaign = index;
      job.stage = static_cast<std::int32_t>(i);
      jobs.push_back(std::move(job));
    }
  }
  return jobs;
}

}  // namespace busbar::generator
