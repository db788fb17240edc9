#include "sim/engine/held_jobs.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace busbar::engine {

using record::Bound;

HeldJobs::HeldJobs(Parts parts, Hooks hooks)
    : parts_(parts), hooks_(std::move(hooks)), campaigns_(parts.scenario, parts.jobs) {
  join_followers();
  count_arrays();
}

// The followers of a job are a list in the order of their ids.
void HeldJobs::join_followers() {
  const auto& jobs = parts_.jobs;
  if (std::none_of(jobs.begin(), jobs.end(), [](const auto& job) { return job.after >= 0; })) {
    return;
  }
  first_follower_.assign(jobs.size(), -1);
  next_follower_.assign(jobs.size(), -1);
  ended_s_.assign(jobs.size(), std::nan(""));
  completed_.assign(jobs.size(), false);
  for (size_t i = jobs.size(); i-- > 0;) {
    if (jobs[i].after < 0) continue;
    std::int32_t& first = first_follower_[static_cast<size_t>(jobs[i].after)];
    next_follower_[i] = std::exchange(first, static_cast<std::int32_t>(i));
  }
}

void HeldJobs::count_arrays() {
  for (const model::Job& job : parts_.jobs) {
    if (job.array < 0) continue;
    const auto at = static_cast<size_t>(job.array);
    if (at >= arrays_.size()) arrays_.resize(at + 1);
    const auto& array = parts_.scenario.workload.streams[{job.stream}].array;
    if (array) arrays_[at].at_once = array->at_once;
  }
}

// ── Before the queue ─────────────────────────────────────────────────────────────────────────────

bool HeldJobs::arrive(std::int32_t job) {
  const model::Job& j = job_of(job);
  Bound& waited_for = parts_.waited_for[static_cast<size_t>(job)];
  if (campaigns_.waits(j)) {
    waited_for = Bound::kEarlierStage;
    campaigns_.hold(job, j);
    return false;
  }
  if (j.after < 0) return enter(job);
  waited_for = Bound::kPredecessor;
  following_.insert(job);
  if (!std::isnan(ended_s_[static_cast<size_t>(j.after)])) {
    Jobs released;
    follow(job, released);
    queue(std::move(released));
    settle_all();
  }
  return false;
}

// A job whose predecessor has ended: it is submitted after its think time, or never.
void HeldJobs::follow(std::int32_t job, Jobs& released) {
  const model::Job& j = job_of(job);
  const auto before = static_cast<size_t>(j.after);
  if (j.only_if_done && !completed_[before]) {
    following_.erase(job);
    hooks_.cancel(job);
    ends_.push_back({job, false, false});
    return;
  }
  const double at_s = ended_s_[before] + j.think_s;
  if (at_s <= parts_.clock.now()) return submit(job, released);
  ++thinking_;
  parts_.clock.at(at_s, Phase::kArrival, static_cast<std::uint64_t>(job), [this, job] {
    --thinking_;
    Jobs due;
    submit(job, due);
    queue(std::move(due));
  });
}

void HeldJobs::submit(std::int32_t job, Jobs& released) {
  following_.erase(job);
  job_of(job).submit_s = parts_.clock.now();
  parts_.waited_for[static_cast<size_t>(job)] = Bound::kNone;
  if (enter(job)) released.push_back(job);
}

// A task of an array enters if fewer than may be at once have entered and not ended.
bool HeldJobs::enter(std::int32_t job) {
  const std::int32_t index = job_of(job).array;
  if (index < 0) return true;
  Array& array = arrays_[static_cast<size_t>(index)];
  if (array.at_once == 0 || array.entered < array.at_once) {
    ++array.entered;
    return true;
  }
  array.held.push_back(job);
  ++tasks_held_;
  parts_.waited_for[static_cast<size_t>(job)] = Bound::kArrayLimit;
  return false;
}

void HeldJobs::leave(std::int32_t job, Jobs& released) {
  const std::int32_t index = job_of(job).array;
  if (index < 0) return;
  Array& array = arrays_[static_cast<size_t>(index)];
  --array.entered;
  if (array.held.empty()) return;
  released.push_back(array.held.front());
  array.held.pop_front();
  --tasks_held_;
  ++array.entered;
}

void HeldJobs::queue(Jobs released) {
  if (released.empty()) return;
  std::sort(released.begin(), released.end());
  hooks_.queue(released);
}

// ── Starts and ends ──────────────────────────────────────────────────────────────────────────────

void HeldJobs::started(std::int32_t job) { campaigns_.started(job_of(job), parts_.clock.now()); }

void HeldJobs::ended(std::int32_t job, bool completed) {
  Jobs stage = campaigns_.ended(job_of(job), parts_.clock.now());
  for (const std::int32_t next : stage) {
    job_of(next).submit_s = parts_.clock.now();
    parts_.waited_for[static_cast<size_t>(next)] = Bound::kNone;
  }
  queue(std::move(stage));
  ends_.push_back({job, completed, true});
  settle_all();
}

void HeldJobs::rejected(std::int32_t job) {
  ends_.push_back({job, false, true});
  settle_all();
}

// One end after the other: a queue that rejects a job ends it while another is being settled.
void HeldJobs::settle_all() {
  if (settling_) return;
  settling_ = true;
  while (!ends_.empty()) {
    const End end = ends_.front();
    ends_.pop_front();
    settle(end);
  }
  settling_ = false;
}

void HeldJobs::settle(const End& end) {
  Jobs released;
  if (end.entered) leave(end.job, released);
  if (!first_follower_.empty()) {
    const auto at = static_cast<size_t>(end.job);
    ended_s_[at] = parts_.clock.now();
    completed_[at] = end.completed;
    for (std::int32_t next = first_follower_[at]; next >= 0;
         next = next_follower_[static_cast<size_t>(next)]) {
      if (following_.contains(next)) follow(next, released);
    }
  }
  queue(std::move(released));
}

std::vector<std::int32_t> HeldJobs::held() const {
  Jobs all = campaigns_.held();
  all.insert(all.end(), following_.begin(), following_.end());
  for (const Array& array : arrays_) all.insert(all.end(), array.held.begin(), array.held.end());
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace busbar::engine
