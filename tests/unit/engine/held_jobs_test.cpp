#include "sim/engine/held_jobs.h"

#include <gmock/gmock.h>

#include "sim/engine/simgrid_world.h"
#include "tests/unit/engine/in_child.h"

namespace busbar::engine {
namespace {

using record::Bound;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Jobs = std::vector<std::int32_t>;

// A clock, and what is let go and called off.
struct Desk {
  explicit Desk(std::vector<model::Job> of) : jobs(std::move(of)) {
    waited_for.assign(jobs.size(), Bound::kNone);
    model::TrainingStream stream;
    stream.name = "sweep";
    stream.array = model::JobArray{{}, 2};
    scenario.workload.streams.add(std::move(stream));
  }
  HeldJobs held() {
    return HeldJobs({scenario, clock, jobs, waited_for},
                    {[this](const Jobs& released) {
                       queued.insert(queued.end(), released.begin(), released.end());
                     },
                     [this](std::int32_t job) { cancelled.push_back(job); }});
  }
  SimgridWorld world{{}};
  Clock clock;
  model::Scenario scenario;
  std::vector<model::Job> jobs;
  std::vector<Bound> waited_for;
  Jobs queued, cancelled;
};

model::Job task(std::int32_t array) {
  model::Job job;
  job.stream = 0;
  job.array = array;
  return job;
}

model::Job follower(std::int32_t after, bool only_if_done, double think_s = 0.0) {
  model::Job job;
  job.after = after;
  job.only_if_done = only_if_done;
  job.think_s = think_s;
  return job;
}

// Two tasks of an array enter; each end lets the next in, in order. Another array is not affected.
TEST(HeldJobs, TasksEnterAsOthersEnd) {
  in_child([] {
    Desk desk({task(0), task(0), task(0), task(0), task(1)});
    HeldJobs held = desk.held();
    EXPECT_TRUE(held.arrive(0));
    EXPECT_TRUE(held.arrive(1));
    EXPECT_FALSE(held.arrive(2));
    EXPECT_FALSE(held.arrive(3));
    EXPECT_TRUE(held.arrive(4));
    EXPECT_THAT(held.held(), ElementsAre(2, 3));
    EXPECT_EQ(desk.waited_for[3], Bound::kArrayLimit);
    held.ended(4, true);
    EXPECT_THAT(desk.queued, IsEmpty());
    held.ended(1, false);
    held.rejected(0);
    EXPECT_THAT(desk.queued, ElementsAre(2, 3));
    EXPECT_TRUE(held.empty());
  });
}

// Job 1 needs job 0 done, which fails; 2 takes any end of 1, which never runs; 3 needs 2 done.
TEST(HeldJobs, AFailureReachesThoseThatNeedTheJobDone) {
  in_child([] {
    Desk desk({{}, follower(0, true), follower(1, false), follower(2, true)});
    HeldJobs held = desk.held();
    EXPECT_TRUE(held.arrive(0));
    for (const int job : {1, 2, 3}) EXPECT_FALSE(held.arrive(job));
    EXPECT_EQ(desk.waited_for[2], Bound::kPredecessor);
    held.ended(0, false);
    EXPECT_THAT(desk.cancelled, ElementsAre(1));
    EXPECT_THAT(desk.queued, ElementsAre(2));
    EXPECT_THAT(held.held(), ElementsAre(3));
    held.ended(2, true);
    EXPECT_THAT(desk.queued, ElementsAre(2, 3));
    EXPECT_TRUE(held.empty());
  });
}

// Ended at 10 s, with 5 s to think: submitted at 15 s, and until then the run goes on.
TEST(HeldJobs, ThinkTimeCountsFromTheEnd) {
  in_child([] {
    Desk desk({{}, follower(0, false, 5.0)});
    HeldJobs held = desk.held();
    held.arrive(0);
    held.arrive(1);
    desk.clock.at(10.0, Phase::kEnd, 0, [&] { held.ended(0, true); });
    desk.clock.run(14.0);
    EXPECT_TRUE(held.due());
    EXPECT_THAT(desk.queued, IsEmpty());
    desk.clock.run(20.0);
    EXPECT_FALSE(held.due());
    EXPECT_THAT(desk.queued, ElementsAre(1));
    EXPECT_EQ(desk.jobs[1].submit_s, 15.0);
  });
}

}  // namespace
}  // namespace busbar::engine
