#include "sim/engine/pauses.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace busbar::engine {

using scheduling::PoolOption;
using scheduling::WaitingQueue;

// In the order of the queue, as they fit by number. They take what is free first.
Pauses::Takers Pauses::takers(const Pool& pool, const ActiveJob& active) const {
  constexpr double kAnyTime = std::numeric_limits<double>::infinity();
  Takers takers;
  const auto mine = static_cast<std::int64_t>(active.chips);
  const std::int64_t free = std::max<std::int64_t>(pool.state.free_chips(), 0);
  std::int64_t left = free + mine;
  for (auto at = pool.queue.front(); at != WaitingQueue::kEnd && left > 0;
       at = pool.queue.next_candidate(at, left, kAnyTime, left)) {
    const scheduling::WaitingJob& waiting = pool.queue[at];
    if (waiting.request.chips > left) continue;
    const std::int64_t of_mine = std::min(
        waiting.request.chips, std::max<std::int64_t>(0, mine + waiting.request.chips - left));
    left -= waiting.request.chips;
    takers.chip_s += static_cast<double>(of_mine) * waiting.requested_s;
    takers.longest_s = std::max(takers.longest_s, waiting.requested_s);
  }
  return takers;
}

// One that stops at some time and goes on at another, both from now.
PoolOption Pauses::until(const Pausing& pausing, const Takers& takers, double pause_s,
                         double resume_s, double rest_s) const {
  const double now = parts_.clock.now();
  PoolOption option = parts_.options.at(
      pausing.job, pausing.work, pausing.active.pool,
      {.run_time_s = rest_s, .not_before_s = resume_s, .place = PoolOptions::Rest::Place::kRuns},
      now);
  option.lent_chip_s = takers.chip_s;
  parts_.options.add_idling(pausing.work, option, now + pause_s, now + resume_s);
  option.not_before_s = resume_s - pause_s;
  return option;
}

void Pauses::add(const Pausing& pausing, const PoolOption* until_next_look,
                 scheduling::Choices& choices) const {
  const double now = parts_.clock.now();
  const double look_s = parts_.terms.review.value;
  const ActiveJob& active = pausing.active;
  const Takers takers = this->takers(parts_.fleet.pools[static_cast<size_t>(active.pool)], active);
  for (double hour_s = (std::floor(now / base::kHour) + 1.0) * base::kHour;
       hour_s - now <= parts_.terms.pause.value; hour_s += base::kHour) {
    const double resume_s = hour_s - now;
    if (resume_s < takers.longest_s) continue;
    // Its own chips are counted as taken until its expected end.
    const double mine = active.expected_end_s > hour_s ? active.chips : 0.0;
    if (!parts_.later_starts.has_room(active.pool, active.chips - mine, hour_s,
                                      hour_s + pausing.rest_s)) {
      continue;
    }
    choices.pause.push_back(until(pausing, takers, 0.0, resume_s, pausing.rest_s));
    if (until_next_look == nullptr || resume_s <= look_s + takers.longest_s) continue;
    choices.pause_later.push_back(scheduling::in_turn(
        *until_next_look, until(pausing, takers, look_s, resume_s, pausing.rest_s - look_s)));
  }
}

}  // namespace busbar::engine
