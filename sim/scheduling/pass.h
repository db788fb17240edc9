/// What the passes of several queue policies have in common.
#pragma once

#include "sim/scheduling/policy.h"

namespace busbar::scheduling {

/// Starts jobs from the head of the queue while they fit. Returns the head that stays, or kEnd.
WaitingQueue::Place start_heads(const PoolView& pool, PoolState& state, Decisions& decisions);

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

}  // namespace busbar::scheduling
