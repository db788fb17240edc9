#include "sim/scheduling/easy_backfill.h"

#include <limits>

#include "sim/scheduling/pass.h"
#include "sim/scheduling/reserving_backfill.h"

namespace busbar::scheduling {
namespace {

// The pool's state at the shadow time with the head in its reservation, and that time.
struct Shadow {
  double time_s = std::numeric_limits<double>::infinity();
  PoolState state;
};

Shadow reserve(const PoolView& pool, const PoolState& now, const Decisions& decisions,
               const Request& head) {
  Shadow shadow;
  shadow.state = now;
  Obstacle why = Obstacle::kNone;
  Allocation found;
  // The head cannot fit before as many chips are free as it asks for: ask only from then on.
  std::int64_t free = shadow.state.free_chips();
  by_expected_end(pool.running, just_started(pool, decisions), [&](const RunningJob& next) {
    shadow.state.give_back(*next.allocation);
    free += next.chips;
    if (free < head.chips || !shadow.state.find(head, pool.placement, found, why)) return true;
    shadow.time_s = next.expected_end_s;
    shadow.state.take(found);
    return false;
  });
  return shadow;
}

}  // namespace

Decisions Fcfs::decide(const PoolView& pool) const {
  if (!pool.windows.empty()) return start_heads_around_windows(pool);
  Decisions decisions;
  PoolState state = pool.state;
  start_heads(pool, state, decisions);
  return decisions;
}

Decisions EasyBackfill::decide(const PoolView& pool) const {
  if (!pool.windows.empty()) return ReservingBackfill(1).decide(pool);
  Decisions decisions;
  PoolState state = pool.state;
  const WaitingQueue::Place head = start_heads(pool, state, decisions);
  if (head == WaitingQueue::kEnd) return decisions;
  std::int64_t free = state.free_chips();
  if (free == 0 || pool.queue.after(head) == WaitingQueue::kEnd) return decisions;

  Shadow shadow = reserve(pool, state, decisions, pool.queue[head].request);
  const double window_s = shadow.time_s - pool.now_s;
  std::int64_t extra = shadow.state.free_chips();
  Obstacle why = Obstacle::kNone;
  Allocation found, beside_head;
  // The window is rounded: ask a hair generously, then by the rule itself.
  const double generous_s = window_s + 1e-6 * (1.0 + pool.now_s);
  for (WaitingQueue::Place at = head;;) {
    at = pool.queue.next_candidate(at, free, generous_s, std::min(free, extra));
    if (at == WaitingQueue::kEnd) break;
    const WaitingJob& job = pool.queue[at];
    const bool ends_in_time = pool.now_s + job.requested_s <= shadow.time_s;
    if (!ends_in_time && job.request.chips > extra) continue;
    if (!state.find(job.request, pool.placement, found, why)) continue;
    if (!ends_in_time) {
      if (!shadow.state.find(job.request, pool.placement, beside_head, why)) continue;
      shadow.state.take(beside_head);
      extra -= job.request.chips;
    }
    state.take(found);
    free -= job.request.chips;
    decisions.starts.push_back({at, found});
    if (free == 0) break;
  }
  return decisions;
}

}  // namespace busbar::scheduling
