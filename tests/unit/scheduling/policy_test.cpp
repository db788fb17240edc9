#include "sim/scheduling/policy.h"

#include <gmock/gmock.h>

#include "sim/scheduling/easy_backfill.h"

namespace busbar::scheduling {
namespace {

using ::testing::ElementsAre;

// A cluster of single-chip nodes with running and waiting jobs, told as a table.
class Scene {
 public:
  explicit Scene(std::int64_t nodes) {
    state_.parts = {{.cluster = 0, .site = 0, .chips_per_domain = 1, .free_domains = nodes}};
    state_.headroom.resize(1);
    base::Registry<Placement> placements{"placement"};
    add_builtin(placements);
    placement_ = placements.make({"best-fit", {}});
  }
  void running(std::int32_t id, std::int64_t chips, double expected_end_s) {
    Obstacle why = Obstacle::kNone;
    held_.push_back(std::make_unique<Allocation>());
    ASSERT_TRUE(state_.find({.chips = chips}, *placement_, *held_.back(), why));
    state_.take(*held_.back());
    running_.insert({expected_end_s, chips, id, held_.back().get()});
  }
  void waiting(std::int32_t id, std::int64_t chips, double requested_s) {
    queue_.push({id, {.chips = chips}, requested_s});
  }
  std::vector<std::int32_t> starts(const QueuePolicy& policy) const {
    std::vector<std::int32_t> ids;
    for (const Start& start : policy.decide({0.0, state_, queue_, running_, *placement_}).starts) {
      ids.push_back(queue_[start.place].id);
    }
    return ids;
  }

 private:
  PoolState state_;
  WaitingQueue queue_;
  std::set<RunningJob> running_;
  std::vector<std::unique_ptr<Allocation>> held_;
  std::unique_ptr<Placement> placement_;
};

// 10 nodes, 6 busy until 100 s. The head wants 8 and waits for them.
Scene blocked_head() {
  Scene scene(10);
  scene.running(0, 6, 100.0);
  scene.waiting(1, 8, 500.0);
  return scene;
}

TEST(Fcfs, TheHeadBlocksTheRest) {
  Scene scene = blocked_head();
  scene.waiting(2, 1, 10.0);
  EXPECT_THAT(scene.starts(Fcfs{}), ElementsAre());
}

TEST(Fcfs, StartsInOrderWhileJobsFit) {
  Scene scene(10);
  scene.waiting(1, 4, 10.0);
  scene.waiting(2, 6, 10.0);
  scene.waiting(3, 1, 10.0);
  EXPECT_THAT(scene.starts(Fcfs{}), ElementsAre(1, 2));
}

// At 100 s all 10 are free and the head takes 8. A job of 3 that ends by then may pass; one that
// does not would need more than the 2 left beside the head.
TEST(EasyBackfill, AShortJobMayPass) {
  Scene scene = blocked_head();
  scene.waiting(2, 3, 101.0);  // too long, too wide
  scene.waiting(3, 3, 100.0);  // ends exactly at the shadow time
  EXPECT_THAT(scene.starts(EasyBackfill{}), ElementsAre(3));
}

// The 2 nodes beside the head can be used for long jobs, once.
TEST(EasyBackfill, ExtraNodesAreUsedUp) {
  Scene scene = blocked_head();
  scene.waiting(2, 1, 1000.0);
  scene.waiting(3, 2, 1000.0);
  scene.waiting(4, 1, 1000.0);
  scene.waiting(5, 1, 1000.0);
  EXPECT_THAT(scene.starts(EasyBackfill{}), ElementsAre(2, 4));
}

// Jobs started in the same pass count as running until their requested end.
TEST(EasyBackfill, TheReservationSeesThisPass) {
  Scene scene(10);
  scene.waiting(1, 9, 50.0);   // starts
  scene.waiting(2, 10, 50.0);  // head: waits for job 1, until 50 s
  scene.waiting(3, 1, 50.0);   // ends in time
  EXPECT_THAT(scene.starts(EasyBackfill{}), ElementsAre(1, 3));
}

}  // namespace
}  // namespace busbar::scheduling
