/// A running job: where, since when, how fast, and what it has used so far.
#pragma once

#include <algorithm>
#include <vector>

#include "sim/engine/clock.h"
#include "sim/engine/work_model.h"
#include "sim/scheduling/policy.h"

namespace busbar::engine {

/// What a job has at one site.
struct SitePart {
  std::int32_t site = -1;
  double batch_share = 1.0;  // of every step
  bool on = true;            // takes part; else it is cut off, or fetches what it has missed
};

/// A chain of segments of constant step time.
struct ActiveJob {
  std::int32_t job = -1;  // -1: none
  std::int32_t pool = -1;
  scheduling::Allocation allocation;
  double chips = 0.0;
  const scheduling::JobSizes* sizes = nullptr;  // of an elastic job that the policy sizes
  std::int32_t resizes = 0;                     // since it was submitted
  Work work;
  double start_s = 0.0, segment_start_s = 0.0, kill_s = 0.0, expected_end_s = 0.0;
  double stop_s = 0.0;  // when it fails or is cancelled; never: infinity
  double steps_left = 0.0;
  double local_s = 1.0;      // of a step, without shared links
  double step_s = 1.0;       // with the present shares
  double batch_share = 1.0;  // of each step that the sites which take part do
  double updates = 0.0;      // steps since it started for the last time, whoever took part
  double lost_steps = 0.0;   // whole ones, done and lost again
  double more_steps = 1.0;   // times those at one site, for the way in which its sites exchange
  std::vector<SitePart> sites;
  std::int32_t catching_up = 0;  // transfer to the sites that join again; 0: none
  record::Bound waited_for = record::Bound::kNone;
  double requested_s = 0.0;  // run time that it may take, or is expected to
  bool limited = false;      // may take
  // Since it started for the last time:
  double restart_left_s = 0.0;    // of the restart, before it goes on with its work
  double worked_s = 0.0;          // of work
  double saved_s = 0.0;           // of that until its last checkpoint
  double steps_since_save = 0.0;  // whoever took part
  double saved_steps_left = 0.0;  // at that checkpoint
  // Before that:
  double kept_s = 0.0;         // run time whose work is kept
  double lost_s = 0.0;         // run time whose work was lost, and that of restarts
  double restart_due_s = 0.0;  // that its next start begins with
  double energy_j = 0.0, carbon_g = 0.0, cost_usd = 0.0;
  Clock::Handle end = 0;

  double done_s() const {
    return segment_start_s + restart_left_s + steps_left * step_s / batch_share;
  }
  /// What is left of its request: less by the run time whose work is kept. Where it is only an
  /// estimate, less by the work that is kept.
  double requested_left_s() const {
    if (limited || kept_s <= 0.0) return requested_s - kept_s;
    return requested_s * (steps_left / work.steps);
  }
  /// Starts, anew or from its last checkpoint.
  void begin(double now_s, double restart_s);
  /// Goes on for so long: pays its restart, then does steps and saves them at every checkpoint.
  void work_on(double seconds);
  /// Goes on with other chips, after a time in which it stands still: the same tokens in steps of
  /// the new size. What it may or is expected to take changes with what its work takes.
  void change_size(double now_s, const Work& size, double new_chips, double reshard_s);
  /// What is left at a time in its present segment: of its restart, and of its work in tokens.
  double restart_left_at(double now_s) const;
  double tokens_left_at(double now_s) const;
  /// Loses steps of its work. What it has lost it cannot have saved.
  void lose(double steps);
  /// Saves what it has done, as a job does that is told in time; no job that never saves can.
  void save();
  /// Gives its chips up: goes back to its last checkpoint.
  void give_way();
  /// Whether the part of the job at a site takes part.
  bool on(std::int32_t site) const {
    return std::none_of(sites.begin(), sites.end(),
                        [&](const SitePart& part) { return part.site == site && !part.on; });
  }
  /// IT power of a chip above idle. A step that waits for a link leaves its chips idle meanwhile:
  /// the same work draws less power.
  double busy_w_per_chip() const { return work.busy_w_per_chip * local_s / step_s; }
};

}  // namespace busbar::engine
