/// A running job: where, since when, how fast, and what it has used so far.
#pragma once

#include <algorithm>
#include <vector>

#include "sim/engine/clock.h"
#include "sim/engine/copies.h"
#include "sim/engine/work_model.h"
#include "sim/scheduling/policy.h"

namespace busbar::engine {

/// What a job has at one site.
struct SitePart {
  std::int32_t site = -1;
  double batch_share = 1.0;  // of every step
  bool on = true;            // takes part; else it is cut off, or fetches what it has missed
};

/// A replica that does not take part: something in it failed, or it fetches what it has missed.
struct OutReplica {
  std::int64_t number = 0;  // counted within its job
  std::int32_t part = -1;
  std::int64_t domains = 0;        // when it is whole
  std::int64_t missing = 0;        // of them, out of service; the others wait
  std::vector<std::int32_t> pods;  // of those out of service, where pods are known
  Clock::Handle joins = 0;         // 0: not whole yet
};

/// What a start after a stop begins with.
struct RestartCost {
  double before_s = 0.0;    // until it loads: detection, replacement
  double load_s = 0.0;      // if it loads alone
  double load_bytes = 0.0;  // from storage, where others may load too
  double after_s = 0.0;     // from then until it works: initialisation
  double total_s() const { return before_s + load_s + after_s; }
};

/// A chain of segments of constant step time.
struct ActiveJob {
  std::int32_t job = -1;  // -1: none
  std::int32_t pool = -1;
  scheduling::Allocation allocation;
  double chips = 0.0;
  const scheduling::JobSizes* sizes = nullptr;  // of an elastic job that the policy sizes
  std::int32_t resizes = 0;                     // since it was submitted
  double sized_s = 0.0;                         // when it got its present size
  Work work;
  double start_s = 0.0, segment_start_s = 0.0, kill_s = 0.0, expected_end_s = 0.0;
  double begun_s = 0.0;      // when it started for the last time
  std::int32_t tenant = -1;  // its organisation
  double stop_s = 0.0;       // when it fails or is cancelled; never: infinity
  double steps_left = 0.0;
  double local_s = 1.0;      // of a step, without shared links
  double step_s = 1.0;       // with the present shares
  double batch_share = 1.0;  // of each step that the sites which take part do
  double slow = 1.0;         // times its local step time, for the slowest of its stragglers
  double slow_until_s = 0.0;
  Clock::Handle replaced = 0;  // when the last of them is
  std::vector<OutReplica> out;
  double missed_s = 0.0;     // work of replicas that were out, not yet taken off its limits
  double rejoin_s = 0.0;     // for which all stand still when one is back
  std::int64_t dropped = 0;  // replicas, since it started for the last time
  double updates = 0.0;      // steps since it started for the last time, whoever took part
  double lost_steps = 0.0;   // whole ones, done and lost again
  double more_steps = 1.0;   // times those at one site, for the way in which its sites exchange
  std::vector<SitePart> sites;
  std::int32_t catching_up = 0;  // transfer to the sites that join again; 0: none
  record::Bound waited_for = record::Bound::kNone;
  double requested_s = 0.0;  // run time that it may take, or is expected to
  bool limited = false;      // may take
  // Since it started for the last time:
  double restart_left_s = 0.0;  // of the restart, before it goes on with its work
  double worked_s = 0.0;        // of work
  double useful_s = 0.0;        // the same work at full speed, with the whole batch
  Copies copies, stored;        // stored: on storage, of a job that keeps copies in memory
  // Before that:
  double kept_s = 0.0;         // run time whose work is kept
  double kept_useful_s = 0.0;  // of that, at full speed
  double lost_s = 0.0;         // run time whose work was lost, and that of restarts
  double restart_s = 0.0;      // of that, restarts and stalls
  RestartCost restart_due;     // that its next start begins with
  std::int32_t interruptions = 0, degradations = 0;
  std::int64_t stay =
      0;  // number of its last start, over all jobs; goes on through restarts in place
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
  SavePoint here() const { return {worked_s, useful_s, steps_left}; }
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
  /// Loses the step that was under way, and the time that it took. Returns that at full speed.
  double lose_step();
  /// Saves what it has done, as a job does that is told in time; no job that never saves can.
  void save();
  /// What it could go back to: its last checkpoint, or where copies in memory are lost, that on
  /// storage.
  const SavePoint& safe(bool copies_lost) const {
    return (copies_lost && work.saves.stored_every > 0.0 ? stored : copies).safe();
  }
  /// Goes back to its last checkpoint, or where copies in memory are lost, to that on storage.
  /// Returns the work that is lost, in seconds at full speed.
  double give_way(bool copies_lost);
  /// Time of a step if no link holds it up.
  double compute_s() const { return local_s * slow + work.saves.stall_s; }
  /// Domains at a part that it holds and that do not take part.
  std::int64_t idle_domains(std::int32_t part) const {
    std::int64_t idle = 0;
    for (const OutReplica& replica : out) {
      if (replica.part == part) idle += replica.domains - replica.missing;
    }
    return idle;
  }
  /// Its limits move by a time that is not its own fault.
  void delay(double seconds) { expected_end_s += seconds, kill_s += seconds, stop_s += seconds; }
  /// Whether the part of the job at a site takes part.
  bool on(std::int32_t site) const {
    return std::none_of(sites.begin(), sites.end(),
                        [&](const SitePart& part) { return part.site == site && !part.on; });
  }
  /// IT power of a chip above idle. A step that waits for a link leaves its chips idle meanwhile:
  /// the same work draws less power.
  double busy_w_per_chip() const { return work.busy_w_per_chip * local_s / step_s; }
  /// The same when nothing holds it up.
  double most_w_per_chip() const {
    return work.busy_w_per_chip * local_s / (local_s + work.saves.stall_s);
  }
};

}  // namespace busbar::engine
