/// What running jobs hold, draw and use, and the rows that they leave in the trace.
#pragma once

#include <map>
#include <vector>

#include "sim/engine/active_job.h"
#include "sim/engine/fleet.h"
#include "sim/engine/journal.h"
#include "sim/model/job.h"

namespace busbar::engine {

/// Counts of what became of the jobs, by cause of waiting where they waited.
struct JobCounts {
  std::int64_t submitted = 0, started = 0, completed = 0, killed = 0, failed = 0, cancelled = 0,
               rejected = 0, running = 0, waiting = 0, preempted = 0, interrupted = 0, resized = 0;
  std::int64_t never_submitted = 0;  // of the cancelled: what they follow did not complete
  std::int64_t rebrokered = 0;       // times, of jobs that their pool could never hold any more
  std::int64_t stranded = 0;         // wait at the end in a pool that can never hold them
  std::int64_t moved = 0;            // times, of jobs that ran or waited
  double moved_bytes = 0.0;          // of state, over the WAN
  std::int64_t rounds = 0;           // of a fleet that is divided, and how long it was, …
  double divided_s = 0.0;
  double planned_least_s = 0.0;         // … times the least throughput that its shares promise
  std::int64_t held_back = 0;           // jobs, by the broker
  double held_back_chip_seconds = 0.0;  // of those
  std::int64_t paused = 0;              // times that the broker stopped a running job, …
  double paused_chip_seconds = 0.0;     // … and what its chips could have done until its hour
  std::int64_t deadlines_met = 0;       // completed in time
  std::int64_t deadlines_missed = 0;    // not completed by then, whatever became of the job
  double chip_seconds = 0.0;            // of started jobs
  double large_chip_seconds = 0.0;      // of those, in jobs of 256 chips and more
  double lost_chip_seconds = 0.0;       // of work since the last checkpoint, when a job was stopped
  double restart_chip_seconds = 0.0;
  double degraded_chip_seconds = 0.0;  // held, yet without work: replicas or sites that were out
  std::int64_t degraded = 0;           // times that a job went on without a replica
  std::int64_t swapped = 0;            // hot spares that took a place in a job
  std::map<record::Bound, std::int64_t> waited_for;
  std::int64_t assigned_together = 0;               // jobs
  double batch_cost = 0.0, batch_cost_bound = 0.0;  // of those, in the broker's unit
};

/// What jobs use of one cluster.
struct ClusterUse {
  double chips = 0.0;         // held now
  double watts = 0.0;         // above idle, now
  double chip_seconds = 0.0;  // until the last edge of each job
  double open_since = 0.0;    // sum of chips × begin of their open segment
  std::int64_t started = 0;   // jobs
  /// Chip-seconds with the segments that are open at `now_s`.
  double chip_seconds_until(double now_s) const {
    return chip_seconds + chips * now_s - open_since;
  }
};

/// Integrates work, energy, carbon and cost at every edge of a job's life.
class JobBooks {
 public:
  JobBooks(const model::Scenario& scenario, Fleet& fleet, const Clock& clock, Journal& journal);

  /// A job takes its chips and power, or gives them back.
  void take(const ActiveJob& active);
  void give_back(const ActiveJob& active);
  /// Closes the segment that ends now and writes it.
  void close_segment(ActiveJob& active, record::EndReason reason);
  /// Goes on with another step time; power follows.
  void change_step(ActiveJob& active, double step_s);
  /// Counts a job's power out, lets `change` alter it, and counts it in again.
  template <class Change>
  void change(ActiveJob& active, Change change) {
    add_power(active, -1.0);
    change(active);
    add_power(active, 1.0);
  }
  /// The same for what it holds.
  template <class Change>
  void change_holding(ActiveJob& active, Change change_it) {
    hold(active, -1.0);
    change(active, change_it);
    hold(active, 1.0);
  }

  /// The row of a job that ran (until `end_s`; NaN: it still runs).
  void write_row(const ActiveJob& active, const model::Job& job, record::JobState state,
                 double end_s);
  /// The row of a job that never started; `pool` -1: none was chosen. `asked_steps` are its work
  /// there.
  void write_row(std::int32_t id, const model::Job& job, std::int32_t pool, record::JobState state,
                 record::Bound waited_for, double asked_steps = 0.0);

  /// Writes by what a job lost chip-seconds of its work, and adds them up by cause.
  void blame(std::int32_t job, record::FaultCause cause, double chip_s);
  const std::map<record::FaultCause, double>& lost_by_cause() const { return lost_chip_s_; }

  /// A job is sent to another pool, where so many bytes of it come over the WAN later.
  void count_move(std::int32_t job);
  void count_arrival(std::int32_t job, double wan_bytes);

  JobCounts counts;
  /// By cluster index.
  const std::vector<ClusterUse>& use() const { return use_; }

 private:
  void hold(const ActiveJob& active, double sign);
  void add_power(const ActiveJob& active, double sign);
  void add_row(const record::JobRow& row);
  record::JobRow row_of(std::int32_t id, const model::Job& job, record::JobState state) const;
  const scheduling::Part& part_of(std::int32_t pool, const scheduling::Share& share) const;

  const model::Scenario& scenario_;
  Fleet& fleet_;
  const Clock& clock_;
  Journal& journal_;
  std::vector<ClusterUse> use_;
  struct Moves {
    std::int32_t times = 0;
    double wan_bytes = 0.0;
  };
  std::map<record::FaultCause, double> lost_chip_s_;
  std::map<std::int32_t, Moves> moves_;  // by job, of those that were moved
};

}  // namespace busbar::engine
