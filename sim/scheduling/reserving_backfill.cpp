#include "sim/scheduling/reserving_backfill.h"

#include <algorithm>

#include "sim/scheduling/count_timeline.h"
#include "sim/scheduling/pass.h"
#include "sim/scheduling/pool_timeline.h"

namespace busbar::scheduling {
namespace {

using Place = WaitingQueue::Place;

// Only starts leave the pass, so only what can decide about one is planned: jobs before a later one
// that might still start, and of those the ones that end before the horizon. The jobs before `head`
// are decided; it is the first to be planned, and those after `last` may start.
template <class Timeline>
void plan(const PoolView& pool, PoolState& state, Place head, Place last, std::int64_t depth,
          Decisions& decisions) {
  auto timeline = timeline_of<Timeline>(pool, state, decisions);
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
  for (Place candidate = next(last); candidate != WaitingQueue::kEnd;) {
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
  const auto depth = depth_ == kAll ? static_cast<std::int64_t>(pool.queue.size()) : depth_;
  if (!pool.windows.empty()) {  // the head, too, may have to wait for one
    plan<PoolTimeline>(pool, state, pool.queue.front(), WaitingQueue::kEnd, depth, decisions);
    say_what_the_head_waits_for(pool, state, decisions);
    return decisions;
  }
  const Place head = start_heads(pool, state, decisions);
  if (head == WaitingQueue::kEnd || pool.queue.after(head) == WaitingQueue::kEnd ||
      state.free_chips() == 0) {
    return decisions;
  }
  if (CountTimeline::suffices(state)) {
    plan<CountTimeline>(pool, state, head, head, depth, decisions);
  } else {
    plan<PoolTimeline>(pool, state, head, head, depth, decisions);
  }
  return decisions;
}

}  // namespace busbar::scheduling
