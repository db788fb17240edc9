#include "sim/scheduling/reserving_backfill.h"

#include <algorithm>

#include "sim/scheduling/count_timeline.h"
#include "sim/scheduling/pass.h"
#include "sim/scheduling/pool_timeline.h"

namespace busbar::scheduling {
namespace {

using Place = WaitingQueue::Place;

// Only starts leave the pass, so only what can decide about one is planned: jobs before a later one
// that might still start, and of those the ones that end before the horizon.
template <class Timeline>
void plan(const PoolView& pool, PoolState& state, Place head, std::int64_t depth,
          Decisions& decisions) {
  Timeline timeline(pool, state);
  const std::set<RunningJob> started = just_started(pool, decisions);
  by_expected_end(pool.running, started, [&](const RunningJob& job) {
    timeline.release(job);
    return true;
  });
  timeline.complete();
  const auto next = [&](Place place) {
    return pool.queue.next_entering(place, pool.now_s, timeline.openings());
  };
  // The next job to plan, at most the candidate: with a limited depth all count; else only those
  // matter that end before the horizon.
  const bool all = depth >= static_cast<std::int64_t>(pool.queue.size());
  const auto after = [&](Place place, Place candidate) {
    if (!all) return pool.queue.after(place);
    const Opening reservable = timeline.reservable();
    const Place found = pool.queue.next_entering(place, pool.now_s, {&reservable, 1});
    return found == WaitingQueue::kEnd ? candidate : std::min(found, candidate);
  };
  Place at = head;  // the first job that is not planned yet
  std::int64_t reserved = 0;
  for (Place candidate = next(head); candidate != WaitingQueue::kEnd;) {
    while (at != candidate && reserved < depth && timeline.fits_now(pool.queue[candidate])) {
      timeline.reserve(pool.queue[at]);
      ++reserved;
      at = after(at, candidate);
    }
    const WaitingJob& job = pool.queue[candidate];
    Allocation found;
    if (timeline.fits_now(job) && timeline.find_now(job, found)) {
      if (at == candidate) at = pool.queue.after(at);
      state.take(found);
      timeline.start(job, found);
      decisions.starts.push_back({candidate, std::move(found)});
    }
    candidate = next(candidate);
  }
}

}  // namespace

Decisions ReservingBackfill::decide(const PoolView& pool) const {
  Decisions decisions;
  PoolState state = pool.state;
  const Place head = start_heads(pool, state, decisions);
  if (head == WaitingQueue::kEnd || pool.queue.after(head) == WaitingQueue::kEnd ||
      state.free_chips() == 0) {
    return decisions;
  }
  const auto depth = depth_ == kAll ? static_cast<std::int64_t>(pool.queue.size()) : depth_;
  if (CountTimeline::suffices(state)) {
    plan<CountTimeline>(pool, state, head, depth, decisions);
  } else {
    plan<PoolTimeline>(pool, state, head, depth, decisions);
  }
  return decisions;
}

}  // namespace busbar::scheduling
