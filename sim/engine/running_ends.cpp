// How a running job stops for a while, and how it ends.
#include <algorithm>
#include <cmath>

#include "sim/engine/running_jobs.h"

namespace busbar::engine {

using record::EndReason;
using record::EventKind;

namespace {

constexpr double kRounding_s = 1e-6;  // of steps times step time

}  // namespace

std::vector<std::int32_t> RunningJobs::stop(std::int32_t job, const Stop& why) {
  const std::int32_t slot = slot_of(job);
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  const model::Job& j = job_of(active);
  JobCounts& counts = parts_.books.counts;
  parts_.clock.cancel(active.end);
  parts_.books.close_segment(active, why.reason);
  // Moves and pauses are counted by who decides them.
  const bool moves = why.reason == EndReason::kMove || why.reason == EndReason::kPause;
  const bool interrupted = !moves && why.reason != EndReason::kPreemption;
  if (!moves) {
    ++(interrupted ? counts.interrupted : counts.preempted);
    parts_.journal.note(interrupted ? EventKind::kInterrupt : EventKind::kPreempt, job,
                        active.chips);
  }
  // It is kept as it asks to start again.
  ActiveJob kept = active;
  if (kept.sizes != nullptr) {
    const Work asked = parts_.works.evaluate(j, kept.pool);
    if (kept.chips != asked.chips) {
      if (std::isinf(kept.restart_left_s)) {  // it loads: what was expected of that
        kept.restart_left_s = kept.restart_due.total_s() - (parts_.clock.now() - kept.begun_s);
      }
      kept.change_size(parts_.clock.now(), asked, asked.chips, 0.0);
    }
  }
  counts.lost_chip_seconds += active.chips * go_back(kept, why);
  if (interrupted) ++kept.interruptions;
  preempted_[job] = std::move(kept);
  return leave(slot);
}

// A limit in run time follows the speed of the chips: the user's slack stays the same part of it.
void RunningJobs::carry_over(std::int32_t job, const Work& work, const RestartCost& restart) {
  const auto at = preempted_.find(job);
  if (at == preempted_.end()) return;
  ActiveJob& before = at->second;
  const double steps = work.steps / before.work.steps;
  const double time = work.run_time_s() / before.work.run_time_s();
  const double requested_left_s = before.requested_left_s() * time;
  before.requested_s =
      before.limited ? before.kept_s + requested_left_s : before.requested_s * time;
  before.steps_left *= steps;
  before.lost_steps *= steps;
  before.work = work;
  before.restart_due = restart;
}

const ActiveJob* RunningJobs::preempted(std::int32_t job) const {
  const auto at = preempted_.find(job);
  return at == preempted_.end() ? nullptr : &at->second;
}

// ── End ──────────────────────────────────────────────────────────────────────────────────────────

// What an end is called in each table. A job that reaches its own failure or cancellation ends by
// it, even at the second at which its work would have been done.
const RunningJobs::Farewell& RunningJobs::farewell_of(const ActiveJob& active, model::Ending ending,
                                                      double done_s) {
  using record::JobState;
  static constexpr Farewell kDone{EndReason::kDone, EventKind::kEnd, JobState::kCompleted,
                                  &JobCounts::completed};
  static constexpr Farewell kKilled{EndReason::kKilled, EventKind::kKill, JobState::kKilled,
                                    &JobCounts::killed};
  static constexpr Farewell kFailed{EndReason::kFailure, EventKind::kFail, JobState::kFailed,
                                    &JobCounts::failed};
  static constexpr Farewell kCancelled{EndReason::kCancelled, EventKind::kCancel,
                                       JobState::kCancelled, &JobCounts::cancelled};
  if (active.stop_s <= std::min(done_s, active.kill_s) + kRounding_s) {
    return ending == model::Ending::kFailure ? kFailed : kCancelled;
  }
  return done_s > active.kill_s ? kKilled : kDone;
}

void RunningJobs::end(std::int32_t slot) {
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  const std::int32_t job = active.job;
  const model::Job& j = job_of(active);
  const Farewell& farewell = farewell_of(active, j.ending, active.done_s());
  parts_.books.close_segment(active, farewell.reason);
  // Exactly, whatever the rounding of seconds over step time.
  if (farewell.state == record::JobState::kCompleted) active.steps_left = 0.0;
  parts_.journal.note(farewell.event, job, active.chips);
  ++(parts_.books.counts.*farewell.count);
  parts_.books.write_row(active, j, farewell.state, parts_.clock.now());
  const double chips = active.chips;
  listener_({job, farewell.state == record::JobState::kCompleted, chips, leave(slot)});
}

// Gives back all that a running job holds, and its slot. Returns the pools that may use it.
std::vector<std::int32_t> RunningJobs::leave(std::int32_t slot) {
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  parts_.books.give_back(active);
  for (const OutReplica& replica : active.out) parts_.clock.cancel(replica.joins);
  degraded_.erase({active.job, slot});
  parts_.clock.cancel(active.replaced);
  loads_.cancel(slot);
  parts_.traffic.cancel(active.catching_up);
  parts_.traffic.close(slot);
  delist(active);
  resizable_.erase(active.job);
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(active.pool)];
  pool.state.give_back(active.allocation);
  // Power that is free again may start jobs of every pool at these sites.
  std::vector<std::int32_t> wake{active.pool};
  for (const scheduling::Share& share : active.allocation.shares) {
    const auto site = pool.state.parts[static_cast<size_t>(share.part)].site;
    for (const std::int32_t other : parts_.fleet.pools_at({site})) wake.push_back(other);
  }
  --count_;
  active.job = -1;
  free_slots_.push_back(slot);
  return wake;
}

}  // namespace busbar::engine
