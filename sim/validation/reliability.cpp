#include "sim/validation/reliability.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <vector>

namespace busbar::validation {
namespace {

using faults::Failure;
using model::FailureMode;

// What one replicate counts.
struct Tally {
  explicit Tally(size_t modes) : interruptions(modes), lost_s(modes), stalled_s(modes) {}
  std::vector<double> interruptions, lost_s, stalled_s;
  double useful_s = 0.0;
  double worked_s = 0.0;  // time at work, also for what was lost later
};

double restart_s(const ReliabilityTask& task, const FailureMode& mode) {
  return task.restart.total().value + (task.detection_included ? 0.0 : mode.detection.value);
}

// Work of a run without failures: checkpoints at the end of each interval of work.
class Run {
 public:
  explicit Run(const faults::CheckpointPlan& plan)
      : plan_(plan), cycle_s_(plan.interval.value + plan.stall.value) {}
  /// Work after some time.
  double work_s(double time_s) const {
    if (std::isinf(cycle_s_)) return time_s;
    const double cycles = std::floor(time_s / cycle_s_);
    return cycles * plan_.interval.value +
           std::min(time_s - cycles * cycle_s_, plan_.interval.value);
  }
  /// Of it, what a failure at that time leaves.
  double safe_s(double time_s, bool copies_survive) const {
    if (std::isinf(cycle_s_)) return 0.0;
    const double settled_s = time_s - (plan_.lag.value - plan_.stall.value);
    const double safe_s = std::max(0.0, std::floor(settled_s / cycle_s_)) * plan_.interval.value;
    if (copies_survive) return safe_s;
    const double every_s = plan_.fallback_interval.value;
    return std::floor(safe_s / every_s) * every_s;
  }

 private:
  const faults::CheckpointPlan& plan_;
  double cycle_s_;
};

// Copies in memory stand on other nodes: what takes out more than a node takes them out too.
bool copies_survive(const ReliabilityTask& task, const FailureMode& mode) {
  return !task.plan.in_memory || mode.takes <= model::FailureUnit::kNode;
}

// Stop, restart from the last safe checkpoint; a failure during the restart begins it anew.
Tally stop_and_restart(const ReliabilityTask& task, faults::FailureProcess& process) {
  Tally tally(task.failures->modes.size());
  const Run run(task.plan);
  const double end_s = task.horizon.value;
  double up_s = 0.0;  // when the job runs, or will run again
  while (process.next_s() < end_s) {
    const Failure f = process.pop();
    const FailureMode& mode = task.failures->modes[f.mode];
    if (mode.slowdown > 0.0) {  // runs on, slower, until somebody knows
      tally.lost_s[f.mode] += mode.slowdown * mode.detection.value;
      tally.useful_s -= mode.slowdown * mode.detection.value;
      continue;
    }
    double down_s = restart_s(task, mode);
    if (f.time_s > up_s) {
      const bool survive = copies_survive(task, mode);
      const double ran_s = f.time_s - up_s;
      const double safe_s = run.safe_s(ran_s, survive);
      tally.useful_s += safe_s;
      tally.worked_s += run.work_s(ran_s);
      tally.lost_s[f.mode] += run.work_s(ran_s) - safe_s;
      if (!survive) down_s += (task.plan.fallback_restore - task.plan.restore).value;
    }
    const double again_s = std::max(up_s, f.time_s + down_s);
    tally.stalled_s[f.mode] += std::max(0.0, std::min(again_s, end_s) - std::max(f.time_s, up_s));
    tally.interruptions[f.mode] += 1.0;
    up_s = again_s;
  }
  if (up_s < end_s) {
    tally.useful_s += run.work_s(end_s - up_s);
    tally.worked_s += run.work_s(end_s - up_s);
  }
  return tally;
}

// Go on without the unit that failed. All stand still while units leave and join.
class ElasticRun {
 public:
  ElasticRun(const ReliabilityTask& task, base::RandomStream draws)
      : task_(task),
        elastic_(*task.elastic),
        run_(task.plan),
        draws_(draws),
        tally_(task.failures->modes.size()) {}

  Tally play(faults::FailureProcess& process) {
    const double end_s = task_.horizon.value;
    while (true) {
      const double failure_s = process.next_s();
      const double join_s = back_.empty() ? INFINITY : back_.begin()->first;
      const double next_s = std::min(failure_s, join_s);
      if (next_s >= end_s) break;
      go_to(next_s);
      if (join_s <= failure_s) {
        join();
      } else {
        fail(process.pop());
      }
    }
    go_to(end_s);
    keep_work(run_.work_s(ran_s_));
    return std::move(tally_);
  }

 private:
  void go_to(double to_s) {
    const double from_s = std::max(now_s_, still_until_s_);
    if (to_s > from_s) {
      ran_s_ += to_s - from_s;
      weighted_s_ +=
          (to_s - from_s) * faults::degraded_throughput(elastic_, static_cast<int>(out_.size()));
    }
    now_s_ = to_s;
  }
  void stand_still(double time_s, size_t mode) {
    const double until_s = std::max(still_until_s_, now_s_ + time_s);
    tally_.stalled_s[mode] += until_s - std::max(now_s_, still_until_s_);
    still_until_s_ = until_s;
  }
  // Counts work of the run so far at its mean throughput, and begins a new run.
  void keep_work(double work_s) {
    tally_.worked_s += run_.work_s(ran_s_);
    if (ran_s_ > 0.0) tally_.useful_s += work_s * weighted_s_ / ran_s_;
    ran_s_ = weighted_s_ = 0.0;
  }
  void join() {
    const size_t mode = out_.at(back_.begin()->second);
    out_.erase(back_.begin()->second);
    back_.erase(back_.begin());
    stand_still(elastic_.rejoin.value, mode);
  }
  void fail(const Failure& f) {
    const FailureMode& mode = task_.failures->modes[f.mode];
    const std::int64_t all = task_.population[mode.per];
    const auto unit = static_cast<int>(f.unit * elastic_.units / std::max<std::int64_t>(all, 1));
    const double u = draws_.uniform();
    if (mode.slowdown > 0.0 || out_.contains(unit)) return;
    tally_.interruptions[f.mode] += 1.0;
    if (u < elastic_.failed_share) {
      const double safe_s = run_.safe_s(ran_s_, copies_survive(task_, mode));
      tally_.lost_s[f.mode] += run_.work_s(ran_s_) - safe_s;
      keep_work(safe_s);
      stand_still(restart_s(task_, mode), f.mode);
      return;
    }
    stand_still(elastic_.reconfigure.value, f.mode);
    out_[unit] = f.mode;
    back_.emplace(now_s_ + elastic_.absence.value, unit);
  }

  const ReliabilityTask& task_;
  const faults::ElasticModel& elastic_;
  Run run_;
  base::RandomStream draws_;
  Tally tally_;
  double now_s_ = 0.0, still_until_s_ = 0.0, ran_s_ = 0.0, weighted_s_ = 0.0;
  std::map<int, size_t> out_;  // unit -> the mode that took it out
  std::multimap<double, int> back_;
};

double sum(const std::vector<double>& values) {
  double total = 0.0;
  for (const double v : values) total += v;
  return total;
}

}  // namespace

Band band_of(std::vector<double> values) {
  Band band;
  if (values.empty()) return band;
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  band.mean = sum(values) / n;
  double squares = 0.0;
  for (const double v : values) squares += (v - band.mean) * (v - band.mean);
  band.error = n > 1.0 ? std::sqrt(squares / (n - 1.0) / n) : 0.0;
  const auto at = [&](double share) {
    return values[static_cast<size_t>(std::lround(share * (n - 1.0)))];
  };
  band.low = at(0.025);
  band.high = at(0.975);
  return band;
}

ReliabilityFigures simulate(const ReliabilityTask& task) {
  const size_t modes = task.failures->modes.size();
  std::vector<double> interruptions, effective, working, lost, mttf;
  std::vector<std::array<std::vector<double>, 4>> by_mode(modes);
  for (int r = 0; r < task.replicates; ++r) {
    const base::RandomStreams streams(task.seed, static_cast<std::uint64_t>(r));
    faults::FailureProcess process(*task.failures, task.population, streams, "job",
                                   base::Seconds{0.0});
    const Tally tally =
        task.elastic ? ElasticRun(task, streams.get("validation/elastic", "job")).play(process)
                     : stop_and_restart(task, process);
    const double all = sum(tally.interruptions);
    interruptions.push_back(all);
    effective.push_back(tally.useful_s / task.horizon.value);
    working.push_back(tally.worked_s / task.horizon.value);
    lost.push_back(sum(tally.lost_s));
    if (all > 0.0) mttf.push_back(task.horizon.value / all);
    for (size_t m = 0; m < modes; ++m) {
      by_mode[m][0].push_back(tally.interruptions[m]);
      by_mode[m][1].push_back(all > 0.0 ? tally.interruptions[m] / all : 0.0);
      by_mode[m][2].push_back(tally.lost_s[m]);
      by_mode[m][3].push_back(tally.stalled_s[m]);
    }
  }
  ReliabilityFigures figures{band_of(interruptions), band_of(effective), band_of(working),
                             band_of(lost),          band_of(mttf),      {}};
  for (auto& of_mode : by_mode) {
    figures.causes.push_back(
        {band_of(of_mode[0]), band_of(of_mode[1]), band_of(of_mode[2]), band_of(of_mode[3])});
  }
  return figures;
}

ReliabilityEstimate estimate(const ReliabilityTask& task) {
  ReliabilityEstimate e;
  double rate = 0.0, weighted = 0.0, slowed = 0.0;
  for (const FailureMode& mode : task.failures->modes) {
    const double of_mode = faults::rate_of(mode, task.population).value;
    if (mode.slowdown > 0.0) {
      slowed += of_mode * mode.slowdown * mode.detection.value;
      continue;
    }
    rate += of_mode;
    weighted += of_mode * restart_s(task, mode);
  }
  e.mttf = base::Seconds{rate > 0.0 ? 1.0 / rate : INFINITY};
  e.restart = base::Seconds{rate > 0.0 ? weighted / rate : 0.0};
  e.effective = task.elastic
                    ? faults::elastic_time(*task.elastic, task.plan, e.restart, e.mttf).effective
                    : faults::effective_time(task.plan, e.restart, e.mttf);
  e.effective -= slowed;
  const double pause_s = task.elastic ? task.elastic->reconfigure.value : e.restart.value;
  e.null = std::isinf(e.mttf.value) ? 1.0 : e.mttf.value / (e.mttf.value + pause_s);
  return e;
}

}  // namespace busbar::validation
