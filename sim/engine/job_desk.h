/// The way of jobs to their place: arrival, choice of a pool, queue.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "sim/engine/behaviours.h"
#include "sim/engine/clock.h"
#include "sim/engine/fleet.h"
#include "sim/engine/held_jobs.h"
#include "sim/engine/job_books.h"
#include "sim/engine/journal.h"
#include "sim/engine/later_starts.h"
#include "sim/engine/network.h"
#include "sim/engine/pool_options.h"
#include "sim/engine/ranking.h"
#include "sim/engine/relocation.h"
#include "sim/engine/resizing.h"
#include "sim/engine/round_desk.h"
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
  /// What hits a running job.
  struct Hit {
    std::int32_t part = -1;    // of its pool; -1: more than a domain
    std::int64_t at = 0;       // which of the whole domains that it holds there; -1: a shared one
    bool lost = false;         // the domain is out of service until it is repaired
    double detection_s = 0.0;  // until somebody knows
    bool announced = false;
    model::FailureUnit takes = model::FailureUnit::kJob;
    record::FaultCause cause = record::FaultCause::kHardware;
  };
  /// A failure hits a running job, which responds as its stream says; what it loses is booked by
  /// its cause. True: it gave its chips up, and waits for its requeue() once what failed is out of
  /// its pool.
  bool hit(std::int32_t job, const Hit& hit);
  /// A straggler slows a running job down, by a share of its speed, until it is replaced.
  void slow_down(std::int32_t job, double slowdown, double detection_s) {
    running_.slow_down(job, 1.0 - slowdown, detection_s);
  }
  /// Puts an interrupted job back to where it stood in its queue.
  void requeue(std::int32_t job);
  /// A running job has to leave its chips, which go or are due to others; the same then.
  void vacate(std::int32_t job, bool announced);
  /// A pool can offer at most so many chips from now on.
  void set_ceiling(std::int32_t pool, double chips) { options_.set_ceiling(pool, chips); }
  /// Waiting jobs that a pool can never hold any more ask the broker again, and go where another
  /// pool can.
  void broker_anew(std::int32_t pool);
  /// Starts so far, those of jobs that start again included.
  std::int64_t starts() const { return starts_; }
  /// The broker looks again at jobs that wait or run, or begins a round. Returns how many it moves.
  std::int64_t review() { return rounds_ ? rounds_->round() : relocation_.review(); }
  /// Routes between sites are others now.
  void routes_changed();
  /// Called before a pool's queue is looked at, so that services can take their share first.
  void before_decision(std::function<void(std::int32_t pool)> hook) { hook_ = std::move(hook); }
  /// Whether any job has yet to arrive, waits or runs.
  bool idle() const { return stuck() && waiting_ == 0 && held_.empty(); }
  /// Whether nothing arrives or runs, so that what waits will wait for ever.
  bool stuck() const {
    return next_arrival_ == jobs_.size() && running_.count() == 0 && later_starts_.empty() &&
           !relocation_.sending() && !held_.due();
  }
  /// Ends the run: closes the segments of running jobs and writes the rows of all that are left.
  void close();

  const JobBooks& books() const { return books_; }
  const RunningJobs& running() const { return running_; }
  const TenantBooks& tenants() const { return tenants_; }
  const Campaigns& campaigns() const { return held_.campaigns(); }
  std::int64_t waiting_jobs(std::int32_t index) const;
  std::int64_t waiting_chips(std::int32_t index) const;

 private:
  bool respond(std::int32_t job, const Hit& hit);
  void arrive();
  void admit(const std::vector<std::int32_t>& jobs);
  bool more_at_this_instant() const;
  void enqueue(std::int32_t job, std::int32_t index);
  scheduling::WaitingJob waiting_in(std::int32_t job, std::int32_t index);
  void withdraw(std::int32_t job, std::int32_t index);
  Relocation::Hooks moves();
  void decide(std::int32_t index);
  scheduling::Decisions decision_for(const Pool& pool, std::int32_t index);
  std::vector<std::int32_t> empty_queue(std::int32_t index);
  void broker_elsewhere(std::int32_t job, std::int32_t from);
  void come_back(std::int32_t job, std::int32_t pool);
  void stop(std::int32_t job, const RunningJobs::Stop& why);
  RunningJobs::Stop failure_of(const ActiveJob& active, const Hit& hit) const;
  bool all_still_fit(std::int32_t index) const;
  void start(const scheduling::WaitingJob& waiting, std::int32_t index,
             scheduling::Allocation allocation);
  void ended(const RunningJobs::Ended& end);
  void call_off(std::int32_t job);
  void set_islands();
  double requested_s(const model::Job& job, const Work& work) const;
  double requested_left_s(std::int32_t job, const Work& work) const;

  Parts parts_;
  std::vector<model::Job> jobs_;
  WorkModel works_;
  PoolOptions options_;
  JobBooks books_;
  RunningJobs running_;
  LaterStarts later_starts_;
  Pauses pauses_;
  Relocation relocation_;
  std::optional<RoundDesk> rounds_;  // of a broker that divides the fleet
  HeldJobs held_;
  TenantBooks tenants_;
  Resizing resizing_;
  Ranking ranking_;
  std::function<void(std::int32_t)> hook_;
  size_t next_arrival_ = 0;
  std::vector<std::int32_t> arrived_;  // at this instant, for a broker that sees them together
  std::int64_t waiting_ = 0, starts_ = 0;
  std::vector<record::Bound> waited_for_;  // by job
  std::vector<std::int32_t> pool_of_;      // by job, once admitted
  std::vector<double> largest_queued_;     // chips, by pool, of all jobs that ever queued
};

}  // namespace busbar::engine
