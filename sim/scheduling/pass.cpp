#include "sim/scheduling/pass.h"

#include <algorithm>

#include "sim/scheduling/pool_timeline.h"

namespace busbar::scheduling {

WaitingQueue::Place start_heads(const PoolView& pool, PoolState& state, Decisions& decisions) {
  WaitingQueue::Place head = pool.queue.front();
  for (; head != WaitingQueue::kEnd; head = pool.queue.after(head)) {
    Allocation found;
    if (!state.find(pool.queue[head].request, pool.placement, found, decisions.head_waits_for)) {
      break;
    }
    state.take(found);
    decisions.starts.push_back({head, std::move(found)});
  }
  return head;
}

Decisions start_heads_around_windows(const PoolView& pool) {
  Decisions decisions;
  PoolState state = pool.state;
  PoolTimeline timeline = timeline_of<PoolTimeline>(pool, state, decisions);
  for (WaitingQueue::Place at = pool.queue.front(); at != WaitingQueue::kEnd;
       at = pool.queue.after(at)) {
    const WaitingJob& job = pool.queue[at];
    Allocation found;
    if (!timeline.find_now(job, found)) break;
    state.take(found);
    timeline.start(job, found);
    decisions.starts.push_back({at, std::move(found)});
  }
  say_what_the_head_waits_for(pool, state, decisions);
  return decisions;
}

void drop_starts_into_windows(const PoolView& pool, Decisions& decisions) {
  if (decisions.starts.empty()) return;
  const auto gives_way = [&](const RunningJob& job) {
    return std::binary_search(decisions.preempted.begin(), decisions.preempted.end(), job.id);
  };
  PoolState state = pool.state;
  for (const RunningJob& job : pool.running) {
    if (gives_way(job)) state.give_back(*job.allocation);
  }
  PoolTimeline timeline(pool, state);
  for (const RunningJob& job : pool.running) {
    if (!gives_way(job)) timeline.release(job);
  }
  timeline.complete();
  bool dropped = false;
  std::erase_if(decisions.starts, [&](Start& start) {
    const WaitingJob& job = pool.queue[start.place];
    const auto& shares = start.allocation.shares;
    const bool shared = std::any_of(shares.begin(), shares.end(),
                                    [](const Share& share) { return share.shared_chips > 0; });
    if ((dropped && shared) || !timeline.holds_now(job, start.allocation)) {
      dropped = true;
      return true;
    }
    timeline.start(job, start.allocation);
    return false;
  });
}

void say_what_the_head_waits_for(const PoolView& pool, const PoolState& state,
                                 Decisions& decisions) {
  for (WaitingQueue::Place at = pool.queue.front(); at != WaitingQueue::kEnd;
       at = pool.queue.after(at)) {
    const auto here = [&](const Start& start) { return start.place == at; };
    if (std::any_of(decisions.starts.begin(), decisions.starts.end(), here)) continue;
    Allocation found;
    if (state.find(pool.queue[at].request, pool.placement, found, decisions.head_waits_for) &&
        !pool.windows.empty()) {
      decisions.head_waits_for = Obstacle::kWindow;
    }
    return;
  }
}

std::set<RunningJob> just_started(const PoolView& pool, const Decisions& decisions) {
  std::set<RunningJob> jobs;
  for (const Start& start : decisions.starts) {
    const WaitingJob& job = pool.queue[start.place];
    jobs.insert({pool.now_s + job.requested_s, job.request.chips, job.id, &start.allocation,
                 pool.now_s, job.tenant});
  }
  return jobs;
}

}  // namespace busbar::scheduling
