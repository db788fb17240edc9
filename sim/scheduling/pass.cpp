#include "sim/scheduling/pass.h"

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

std::set<RunningJob> just_started(const PoolView& pool, const Decisions& decisions) {
  std::set<RunningJob> jobs;
  for (const Start& start : decisions.starts) {
    const WaitingJob& job = pool.queue[start.place];
    jobs.insert({pool.now_s + job.requested_s, job.request.chips, job.id, &start.allocation});
  }
  return jobs;
}

}  // namespace busbar::scheduling
