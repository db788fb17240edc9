/// The way of jobs to their place: arrival, choice of a pool, queue.
#pragma once

#include <functional>
#include <vector>

#include "sim/engine/behaviours.h"
#include "sim/engine/clock.h"
#include "sim/engine/fleet.h"
#include "sim/engine/held_jobs.h"
#include "sim/engine/job_books.h"
#include "sim/engine/journal.h"
#include "sim/engine/network.h"
#include "sim/engine/pool_options.h"
#include "sim/engine/ranking.h"
#include "sim/engine/resizing.h"
#include "sim/engine/running_jobs.h"
#include "sim/engine/tenant_books.h"
#include "sim/engine/traffic_desk.h"
#include "sim/engine/work_model.h"
#include "sim/model/job.h"

namespace busbar::engine {

/// Leads the jobs of a scenario through the queues of its fleet's pools, and starts them.
class JobDesk {
 public:
  struct Parts {
    const model::Scenario& scenario;
    const Behaviours& behaviours;
    Clock& clock;
    Fleet& fleet;
    Network& network;
    TrafficDesk& traffic;
    Journal& journal;
  };
  JobDesk(Parts parts, std::vector<model::Job> jobs);

  /// Schedules the first arrival.
  void open();
  /// Asks for a scheduling pass of a pool at this instant.
  void request_decision(std::int32_t index);
  /// The capacity of a pool changed: deferred jobs may have become possible, queued ones not.
  void capacity_changed(std::int32_t index);
  /// A running job is interrupted by a failure that is known after `detection_s`, or was announced.
  /// It waits for its requeue() once what failed is out of its pool.
  void interrupt(std::int32_t job, double detection_s, bool announced);
  /// Puts an interrupted job back to where it stood in its queue.
  void requeue(std::int32_t job);
  /// Routes between sites are others now.
  void routes_changed();
  /// Called before a pool's queue is looked at, so that services can take their share first.
  void before_decision(std::function<void(std::int32_t pool)> hook) { hook_ = std::move(hook); }
  /// Whether any job has yet to arrive, waits or runs.
  bool idle() const { return stuck() && waiting_ == 0 && held_.empty(); }
  /// Whether nothing arrives or runs, so that what waits will wait for ever.
  bool stuck() const {
    return next_arrival_ == jobs_.size() && running_.count() == 0 && !held_.due();
  }
  /// Ends the run: closes the segments of running jobs and writes the rows of all that are left.
  void close();

  const JobBooks& books() const { return books_; }
  const Campaigns& campaigns() const { return held_.campaigns(); }
  std::int64_t waiting_jobs(std::int32_t index) const;
  std::int64_t waiting_chips(std::int32_t index) const;

 private:
  void arrive();
  void admit(const std::vector<std::int32_t>& jobs);
  bool more_at_this_instant() const;
  void enqueue(std::int32_t job, std::int32_t index);
  scheduling::Request request_for(std::int32_t job, const Work& work) const;
  void decide(std::int32_t index);
  scheduling::Decisions decision_for(const Pool& pool, std::int32_t index);
  void stop(std::int32_t job, const RunningJobs::Stop& why);
  double load_s(const ActiveJob& active) const;
  bool all_still_fit(std::int32_t index) const;
  void start(const scheduling::WaitingJob& waiting, std::int32_t index,
             scheduling::Allocation allocation);
  void ended(const RunningJobs::Ended& end);
  void call_off(std::int32_t job);
  void set_islands();
  double requested_s(const model::Job& job, const Work& work) const;

  Parts parts_;
  std::vector<model::Job> jobs_;
  WorkModel works_;
  PoolOptions options_;
  JobBooks books_;
  RunningJobs running_;
  HeldJobs held_;
  TenantBooks tenants_;
  Resizing resizing_;
  Ranking ranking_;
  std::function<void(std::int32_t)> hook_;
  size_t next_arrival_ = 0;
  std::vector<std::int32_t> arrived_;  // at this instant, for a broker that sees them together
  std::int64_t waiting_ = 0;
  std::vector<record::Bound> waited_for_;  // by job
  std::vector<std::int32_t> pool_of_;      // by job, once admitted
  std::vector<double> largest_queued_;     // chips, by pool, of all jobs that ever queued
};

}  // namespace busbar::engine
