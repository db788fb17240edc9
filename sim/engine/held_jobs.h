/// Jobs that wait for others before they go to their queues.
#pragma once

#include <deque>
#include <functional>
#include <set>
#include <vector>

#include "sim/engine/campaigns.h"
#include "sim/engine/clock.h"
#include "sim/model/job.h"
#include "sim/model/scenario.h"
#include "sim/record/rows.h"

namespace busbar::engine {

/// Holds jobs of later stages of campaigns, jobs that follow another, and the tasks of an array
/// that are more than may run or queue at once; lets them go as others end.
///
/// A job has ended when it has completed, was killed, failed, was cancelled or was rejected; one
/// that was preempted or interrupted has not. (A stage with a rejected job never ends.) A follower
/// is submitted its think time after that end; a task keeps the time of its array.
class HeldJobs {
 public:
  struct Parts {
    const model::Scenario& scenario;
    Clock& clock;
    std::vector<model::Job>& jobs;           // their submit times follow
    std::vector<record::Bound>& waited_for;  // by job
  };
  struct Hooks {
    std::function<void(const std::vector<std::int32_t>& jobs)> queue;  // in order
    std::function<void(std::int32_t job)> cancel;                      // never submitted
  };
  HeldJobs(Parts parts, Hooks hooks);

  /// A job is known from now. Returns whether it may go to its queue; else it is held.
  bool arrive(std::int32_t job);
  void started(std::int32_t job);
  /// A job has left: what waited for it goes to its queue or is cancelled.
  void ended(std::int32_t job, bool completed);
  /// A job is too large for every cluster.
  void rejected(std::int32_t job);

  /// All that are held, in order.
  std::vector<std::int32_t> held() const;
  bool empty() const { return campaigns_.empty() && following_.empty() && tasks_held_ == 0; }
  /// Whether a job will be submitted without any other's end: it is within its think time.
  bool due() const { return thinking_ > 0; }
  const Campaigns& campaigns() const { return campaigns_; }

 private:
  struct Array {
    int at_once = 0;  // 0: no limit
    int entered = 0;  // run or wait in queues
    std::deque<std::int32_t> held;
  };
  struct End {
    std::int32_t job;
    bool completed, entered;
  };
  using Jobs = std::vector<std::int32_t>;

  model::Job& job_of(std::int32_t job) { return parts_.jobs[static_cast<size_t>(job)]; }
  void join_followers();
  void count_arrays();
  void settle_all();
  void settle(const End& end);
  void follow(std::int32_t job, Jobs& released);
  void submit(std::int32_t job, Jobs& released);
  bool enter(std::int32_t job);
  void leave(std::int32_t job, Jobs& released);
  void queue(Jobs released);

  Parts parts_;
  Hooks hooks_;
  Campaigns campaigns_;
  // By job; empty where none follows another.
  std::vector<std::int32_t> first_follower_, next_follower_;
  std::vector<double> ended_s_;  // NaN: not yet
  std::vector<bool> completed_;
  std::set<std::int32_t> following_;  // known, not submitted
  std::vector<Array> arrays_;
  std::int64_t tasks_held_ = 0, thinking_ = 0;
  std::deque<End> ends_;  // to be settled
  bool settling_ = false;
};

}  // namespace busbar::engine
