/// What the passes of several queue policies have in common.
#pragma once

#include "sim/scheduling/policy.h"

namespace busbar::scheduling {

/// Starts jobs from the head of the queue while they fit. Returns the head that stays, or kEnd.
WaitingQueue::Place start_heads(const PoolView& pool, PoolState& state, Decisions& decisions);

/// The same where windows hold chips back: a job starts if it fits until its requested end.
Decisions start_heads_around_windows(const PoolView& pool);

/// Takes back starts that would run into a window, which a policy that does not look at windows may
/// decide; and after one, all others that share a domain.
void drop_starts_into_windows(const PoolView& pool, Decisions& decisions);

/// Tells the obstacle of the first job that stays, after all starts.
void say_what_the_head_waits_for(const PoolView& pool, const PoolState& state,
                                 Decisions& decisions);

/// The jobs just decided as those already running, by expected end. They point into `decisions`.
std::set<RunningJob> just_started(const PoolView& pool, const Decisions& decisions);

/// Calls `visit` for each running job and each just started, by expected end, until it says no.
template <class Visit>
void by_expected_end(const std::set<RunningJob>& running, const std::set<RunningJob>& started,
                     const Visit& visit) {
  auto old_job = running.begin();
  auto new_job = started.begin();
  while (old_job != running.end() || new_job != started.end()) {
    const bool take_old =
        new_job == started.end() || (old_job != running.end() && *old_job < *new_job);
    if (!visit(take_old ? *old_job++ : *new_job++)) return;
  }
}

/// A timeline of the pool with its running jobs and those just decided.
template <class Timeline>
Timeline timeline_of(const PoolView& pool, const PoolState& state, const Decisions& decisions) {
  Timeline timeline(pool, state);
  const std::set<RunningJob> started = just_started(pool, decisions);
  by_expected_end(pool.running, started, [&](const RunningJob& job) {
    timeline.release(job);
    return true;
  });
  timeline.complete();
  return timeline;
}

}  // namespace busbar::scheduling
