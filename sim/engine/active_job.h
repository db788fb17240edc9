/// A running job: where, since when, how fast, and what it has used so far.
#pragma once

#include <vector>

#include "sim/engine/clock.h"
#include "sim/engine/work_model.h"
#include "sim/scheduling/policy.h"

namespace busbar::engine {

/// Traffic of a job over one shared path.
struct JobFlow {
  std::int32_t id = -1;
  double bytes_per_step = 0.0;
  double rate_Bps = 0.0;
};

/// A chain of segments of constant step time.
struct ActiveJob {
  std::int32_t job = -1;  // -1: none
  std::int32_t pool = -1;
  scheduling::Allocation allocation;
  Work work;
  double start_s = 0.0, segment_start_s = 0.0, kill_s = 0.0, expected_end_s = 0.0;
  double stop_s = 0.0;  // when it fails or is cancelled; never: infinity
  double steps_left = 0.0;
  double step_s = 1.0;     // with the present shares
  double latency_s = 0.0;  // of its WAN paths, in every step
  // Since it started for the last time:
  double stint_start_s = 0.0;
  double restart_left_s = 0.0;         // of the restart, before it goes on with its work
  double worked_s = 0.0;               // of work
  double saved_s = 0.0;                // of that until its last checkpoint
  double saved_steps_left = 0.0;       // at that checkpoint
  double checkpoint_interval_s = 0.0;  // of work; 0: it saves nothing
  // Before that:
  double kept_s = 0.0;  // run time whose work is kept
  double lost_s = 0.0;  // run time whose work was lost, and that of restarts
  double energy_j = 0.0, carbon_g = 0.0, cost_usd = 0.0;
  std::vector<JobFlow> flows;
  Clock::Handle end = 0;

  double done_s() const { return segment_start_s + restart_left_s + steps_left * step_s; }
  /// Goes on for so long.
  void work_on(double seconds);
  /// Gives its chips up: goes back to its last checkpoint.
  void give_way();
  /// Starts, anew or from its last checkpoint.
  void begin(double now_s, double restart_s);
  /// IT power of a chip above idle. A step that waits for a link leaves its chips idle meanwhile:
  /// the same work draws less power.
  double busy_w_per_chip() const { return work.busy_w_per_chip * work.step_s / step_s; }
};

}  // namespace busbar::engine
