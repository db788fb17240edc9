#include "sim/scheduling/waiting_queue.h"

#include <gmock/gmock.h>

#include <list>

namespace busbar::scheduling {
namespace {

// The searched queue finds the same candidate as a walk over a list, through thousands of random
// arrivals and departures.
TEST(WaitingQueue, FindsWhatAWalkFinds) {
  WaitingQueue queue;
  std::list<WaitingJob> plain;
  std::uint32_t seed = 7;
  const auto draw = [&](std::uint32_t below) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 12) % below;
  };
  std::int32_t next_id = 0;
  for (int step = 0; step < 20000; ++step) {
    if (plain.empty() || draw(100) < 52) {
      WaitingJob job{next_id++, {.chips = 1 + draw(64)}, 1.0 + draw(1000)};
      queue.push(job);
      plain.push_back(job);
    } else {
      // Remove the job at a random position, found by walking both.
      const auto position = draw(static_cast<std::uint32_t>(plain.size()));
      auto it = plain.begin();
      auto place = queue.front();
      for (std::uint32_t i = 0; i < position; ++i, ++it) place = queue.after(place);
      ASSERT_EQ(queue[place].id, it->id);
      queue.erase(place);
      plain.erase(it);
    }
    ASSERT_EQ(queue.size(), plain.size());
    const std::int64_t chips = draw(70), chips_long = draw(20);
    const double window = draw(1100);
    auto it = plain.begin();
    if (it != plain.end()) ++it;
    while (it != plain.end() && !(it->request.chips <= chips_long ||
                                  (it->request.chips <= chips && it->requested_s <= window))) {
      ++it;
    }
    const auto found = plain.empty()
                           ? WaitingQueue::kEnd
                           : queue.next_candidate(queue.front(), chips, window, chips_long);
    // The tree may offer a subtree's place only if that very job qualifies.
    ASSERT_EQ(found == WaitingQueue::kEnd ? -1 : queue[found].id, it == plain.end() ? -1 : it->id);
  }
}

TEST(WaitingQueue, CountsChips) {
  WaitingQueue queue;
  queue.push({1, {.chips = 3}, 10.0});
  queue.push({2, {.chips = 4}, 10.0});
  EXPECT_EQ(queue.chips(), 7);
  queue.erase(queue.front());
  EXPECT_EQ(queue.chips(), 4);
  EXPECT_EQ(queue[queue.front()].id, 2);
  queue.erase(queue.front());
  EXPECT_EQ(queue.front(), WaitingQueue::kEnd);
}

}  // namespace
}  // namespace busbar::scheduling
