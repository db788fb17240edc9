/// The life of jobs: arrival, queue, start, segments, end.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "sim/engine/behaviours.h"
#include "sim/engine/clock.h"
#include "sim/engine/fleet.h"
#include "sim/engine/journal.h"
#include "sim/engine/network.h"
#include "sim/engine/rate_solver.h"
#include "sim/engine/work_model.h"
#include "sim/model/job.h"

namespace busbar::engine {

/// Counts of what became of the jobs, by cause of waiting where they waited.
struct JobCounts {
  std::int64_t submitted = 0, started = 0, completed = 0, killed = 0, failed = 0, cancelled = 0,
               rejected = 0, running = 0, waiting = 0;
  double chip_seconds = 0.0;        // of started jobs
  double large_chip_seconds = 0.0;  // of those, in jobs of 256 chips and more
  std::map<record::Bound, std::int64_t> waited_for;
};

/// Runs the jobs of a scenario through the pools of its fleet.
///
/// A running job is a chain of segments of constant step time: one timer, and one flow per path
/// where its traffic shares a link. Work, energy, carbon and cost are integrated at every edge.
class JobDesk {
 public:
  struct Parts {
    const model::Scenario& scenario;
    const Behaviours& behaviours;
    Clock& clock;
    Fleet& fleet;
    Network& network;
    RateSolver& solver;
    Journal& journal;
  };
  JobDesk(Parts parts, std::vector<model::Job> jobs);

  /// Schedules the first arrival.
  void open();
  /// Asks for a scheduling pass of a pool at this instant.
  void request_decision(std::int32_t index);
  /// The capacity of a pool changed: deferred jobs may have become possible, queued ones not.
  void capacity_changed(std::int32_t index);
  /// Called before a pool's queue is looked at, so that services can take their share first.
  void before_decision(std::function<void(std::int32_t pool)> hook) { hook_ = std::move(hook); }
  /// Whether any job has yet to arrive, waits or runs.
  bool idle() const { return next_arrival_ == jobs_.size() && active_count_ == 0 && waiting_ == 0; }
  /// Whether nothing arrives or runs, so that what waits will wait for ever.
  bool stuck() const { return next_arrival_ == jobs_.size() && active_count_ == 0; }
  /// Ends the run: closes the segments of running jobs and writes the rows of all that are left.
  void close();

  const JobCounts& counts() const { return counts_; }
  std::int64_t waiting_jobs(std::int32_t index) const;
  std::int64_t waiting_chips(std::int32_t index) const;
  /// Chips of running jobs, by cluster index.
  const std::vector<double>& allocated_chips() const { return allocated_; }
  /// Chip-seconds of jobs until the last edge, by cluster index.
  const std::vector<double>& chip_seconds() const { return chip_seconds_; }
  /// As above, with the segments that are open at `now_s`.
  double chip_seconds_until(double now_s, size_t cluster) const {
    return chip_seconds_[cluster] + allocated_[cluster] * now_s - open_chip_start_[cluster];
  }
  const std::vector<std::int64_t>& started_in() const { return started_in_; }

 private:
  struct Flow {
    std::int32_t id = -1;
    double bytes_per_step = 0.0;
    double rate_Bps = 0.0;
  };
  // A running job.
  struct Active {
    std::int32_t job = -1;
    std::int32_t pool = -1;
    scheduling::Allocation allocation;
    Work work;
    double start_s = 0.0, segment_start_s = 0.0, kill_s = 0.0, expected_end_s = 0.0;
    double stop_s = 0.0;  // when it fails or is cancelled; never: infinity
    double steps_left = 0.0;
    double step_s = 1.0;     // with the present shares
    double latency_s = 0.0;  // of its WAN paths, in every step
    double energy_j = 0.0, carbon_g = 0.0, cost_usd = 0.0;
    std::vector<Flow> flows;
    Clock::Handle end = 0;
  };

  void arrive();
  void admit(std::int32_t job);
  void enqueue(std::int32_t job, std::int32_t index);
  scheduling::Request request_for(std::int32_t job, const Work& work) const;
  void decide(std::int32_t index);
  void start(std::int32_t job, std::int32_t index, scheduling::Allocation allocation,
             const Work& work);
  void open_flows(std::int32_t slot);
  void plan_end(std::int32_t slot);
  void shares_changed(std::span<const Share> shares);
  void close_segment(Active& active, record::EndReason reason);
  void end(std::int32_t slot);
  struct Farewell {
    record::EndReason reason;
    record::EventKind event;
    record::JobState state;
    std::int64_t JobCounts::*count;
  };
  static const Farewell& farewell_of(const Active& active, model::Ending ending, double done_s);
  void write_row(std::int32_t job, const Active* active, record::JobState state, double end_s);
  double requested_s(const model::Job& job, const Work& work) const;
  void hold(const Active& active, double sign);
  void add_power(const Active& active, double sign);
  double busy_w_per_chip(const Active& active) const;

  Parts parts_;
  std::vector<model::Job> jobs_;
  WorkModel works_;
  std::function<void(std::int32_t)> hook_;
  size_t next_arrival_ = 0;
  std::int64_t waiting_ = 0, active_count_ = 0;
  std::deque<Active> active_;  // slots
  std::vector<std::int32_t> free_slots_;
  std::vector<std::int32_t> flow_owner_;   // slot by flow id
  std::vector<record::Bound> waited_for_;  // by job
  std::vector<std::int32_t> pool_of_;      // by job, once admitted
  std::vector<double> allocated_, chip_seconds_;
  std::vector<double> open_chip_start_;  // by cluster: sum of chips × begin of their open segment
  std::vector<std::int64_t> started_in_;
  JobCounts counts_;
};

}  // namespace busbar::engine
