#include "sim/engine/ranking.h"

#include <algorithm>
#include <cmath>

namespace busbar::engine {

void Ranking::push(scheduling::WaitingJob waiting, std::int32_t pool) {
  waiting.ranked_s = clock_.now();
  waiting.rank = policy_.rank(waiting);
  fleet_.pools[static_cast<size_t>(pool)].queue.push(waiting);
  const double until_s = policy_.rank_holds_until(waiting).value;
  if (std::isinf(until_s)) return;
  changes_[waiting.id] =
      clock_.at(std::max(until_s, waiting.ranked_s), Phase::kArrival,
                static_cast<std::uint64_t>(waiting.id), [this, waiting, pool] {
                  erase(fleet_.pools[static_cast<size_t>(pool)].queue.find(waiting), pool);
                  push(waiting, pool);
                  look_at_(pool);
                });
}

void Ranking::erase(scheduling::WaitingQueue::Place place, std::int32_t pool) {
  scheduling::WaitingQueue& queue = fleet_.pools[static_cast<size_t>(pool)].queue;
  if (!changes_.empty()) {
    const auto at = changes_.find(queue[place].id);
    if (at != changes_.end()) {
      clock_.cancel(at->second);
      changes_.erase(at);
    }
  }
  queue.erase(place);
}

}  // namespace busbar::engine
