#include <gmock/gmock.h>

#include <cmath>

#include "tests/unit/scheduling/pool_simulator.h"

namespace busbar::scheduling::test {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

WaitingJob job(double requested_s, double deadline_s, double ranked_s) {
  WaitingJob waiting{.id = 0, .request = {.chips = 1}, .requested_s = requested_s};
  waiting.deadline_s = deadline_s;
  waiting.ranked_s = ranked_s;
  return waiting;
}

// By deadline, then those without one, then those that are late already, by deadline too.
TEST(Deadline, RanksByWhatCanStillBeMet) {
  const auto policy = make_policy("deadline", {{"depth", 1}});
  const auto rank = [&](double requested_s, double deadline_s, double ranked_s) {
    return policy->rank(job(requested_s, deadline_s, ranked_s));
  };
  EXPECT_LT(rank(10, 100, 0), rank(10, 200, 0));
  EXPECT_LT(rank(10, 200, 0), rank(10, kNever, 0));
  EXPECT_LT(rank(10, kNever, 0), rank(150, 100, 0));
  EXPECT_LT(rank(150, 100, 0), rank(250, 200, 0));
  // It could start at 90 s at the latest.
  EXPECT_LT(rank(10, 100, 90.0), rank(10, kNever, 90.0));
  EXPECT_GT(rank(10, 100, 90.1), rank(10, kNever, 90.1));
}

// The rank is asked for again when the job has become late, and then never more.
TEST(Deadline, SaysWhenARankChanges) {
  const auto policy = make_policy("deadline", {{"depth", 1}});
  const double until_s = policy->rank_holds_until(job(10, 100, 0)).value;
  EXPECT_NEAR(until_s, 90.0, 1e-5);
  EXPECT_GT(policy->rank(job(10, 100, until_s)), policy->rank(job(10, kNever, until_s)));
  EXPECT_TRUE(std::isinf(policy->rank_holds_until(job(10, 100, until_s)).value));
  EXPECT_TRUE(std::isinf(policy->rank_holds_until(job(10, kNever, 0)).value));
  EXPECT_TRUE(
      std::isinf(make_policy("easy", {{"depth", 1}})->rank_holds_until(job(10, 100, 0)).value));
}

// A job that has been pushed is found by rank, submission and id, among others of its rank too.
TEST(Deadline, FindsJobsInTheirQueue) {
  WaitingQueue queue;
  std::vector<WaitingJob> jobs;
  for (std::int32_t id = 0; id < 300; ++id) {
    WaitingJob waiting = job(10, 100, 0);
    waiting.id = id;
    waiting.rank = (id * 7) % 5;
    waiting.submit_s = id / 10;
    queue.push(waiting);
    jobs.push_back(waiting);
  }
  for (const WaitingJob& waiting : jobs) {
    const auto place = queue.find(waiting);
    ASSERT_NE(place, WaitingQueue::kEnd);
    ASSERT_EQ(queue[place].id, waiting.id);
    if (waiting.id % 2 == 0) queue.erase(place);
  }
  for (const WaitingJob& waiting : jobs) {
    EXPECT_EQ(queue.find(waiting) == WaitingQueue::kEnd, waiting.id % 2 == 0);
  }
}

}  // namespace
}  // namespace busbar::scheduling::test
