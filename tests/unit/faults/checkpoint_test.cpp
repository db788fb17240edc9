#include "sim/faults/checkpoint.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/faults/effective_time.h"

namespace busbar::faults {
namespace {

using base::Seconds;

CheckpointPlan plan_of(const std::string& policy, const CheckpointTask& task,
                       const base::Params& params = {}) {
  CheckpointPolicies policies{"checkpoint policy"};
  add_builtin(policies);
  return policies.make({policy, params})->plan(task);
}

// 6 TB at 2 TB/s stall for 3 s; with one failure in 3 h that pays every 255 s.
const CheckpointTask kTask{
    base::Bytes{6e12},          base::BytesPerSecond{2e12},   base::BytesPerSecond{3e12},
    base::BytesPerSecond{6e13}, base::BytesPerSecond{1.2e13}, Seconds{10'800.0}};

TEST(Checkpoint, YoungAndDalyBalanceStallsAndLosses) {
  const CheckpointPlan young = plan_of("young", kTask), daly = plan_of("daly", kTask);
  EXPECT_NEAR(young.interval.value, std::sqrt(2.0 * 3.0 * 10'800.0), 1e-9);
  EXPECT_NEAR(young.stall.value, 3.0, 1e-12);
  EXPECT_NEAR(young.restore.value, 2.0, 1e-12);
  EXPECT_NEAR(daly.interval.value / young.interval.value, 1.0, 0.02);
  EXPECT_EQ(daly_interval(Seconds{10.0}, Seconds{4.0}).value, 4.0);
}

// No interval does better than Daly's by more than 0.01 points, over stalls from 1 s to a tenth of
// the time to failure.
TEST(Checkpoint, DalysIntervalIsNearlyBest) {
  for (const double stall_s : {1.0, 10.0, 100.0, 1000.0}) {
    CheckpointPlan plan;
    plan.stall = plan.lag = Seconds{stall_s};
    plan.interval = daly_interval(plan.stall, kTask.mttf);
    const double of_daly = effective_time(plan, Seconds{300.0}, kTask.mttf);
    double best = 0.0;
    for (double tau = 1.0; tau < 40'000.0; tau *= 1.01) {
      plan.interval = Seconds{tau};
      best = std::max(best, effective_time(plan, Seconds{300.0}, kTask.mttf));
    }
    EXPECT_NEAR(of_daly, best, 1e-4) << stall_s;
  }
}

// Behind the work a checkpoint costs its snapshot only, 0.1 s, but storage bounds how often.
TEST(Checkpoint, AsynchronousWaitsForStorage) {
  const CheckpointPlan plan = plan_of("asynchronous", kTask);
  EXPECT_NEAR(plan.stall.value, 0.1, 1e-12);
  EXPECT_NEAR(plan.lag.value, 3.1, 1e-12);
  CheckpointTask slow = kTask;
  slow.write = base::BytesPerSecond{1e10};
  EXPECT_NEAR(plan_of("asynchronous", slow).interval.value, 600.0, 1e-9);
}

TEST(Checkpoint, InMemoryCopiesSpareStorage) {
  base::Params params;
  params.set("fallback", 3600.0);
  const CheckpointPlan plan = plan_of("in-memory", kTask, params);
  EXPECT_TRUE(plan.in_memory);
  EXPECT_NEAR(plan.restore.value, 0.5, 1e-12);
  EXPECT_NEAR(plan.storage_traffic.value, 6e12 / 3600.0, 1.0);
  params.set("interval", 60.0);
  EXPECT_EQ(plan_of("fixed", kTask, params).interval.value, 60.0);
}

// Six times the GPUs initialise in twelve times the time, arXiv 2602.00277.
TEST(Restart, InitialisationGrowsWithScale) {
  const RestartModel model;
  const Restart small = restart_of(model, 16'384, Seconds{30.0}, Seconds{3.0});
  const Restart large = restart_of(model, 98'304, Seconds{30.0}, Seconds{3.0});
  EXPECT_NEAR(large.init / small.init, 12.0, 1e-9);
  EXPECT_NEAR(large.total().value, 30.0 + 120.0 + 3.0 + 480.0, 1e-9);
}

TEST(EffectiveTime, WithoutFailuresOnlyStallsCost) {
  CheckpointPlan plan;
  plan.interval = Seconds{90.0};
  plan.stall = Seconds{10.0};
  EXPECT_NEAR(effective_time(plan, Seconds{1.0}, Seconds{INFINITY}), 0.9, 1e-12);
}

// 32 slices, each away for a tenth of the time it runs: ten elevenths of the throughput; nobody
// stands still when leaving and joining cost nothing.
TEST(EffectiveTime, ElasticJobsLoseTheirAbsentUnits) {
  ElasticModel elastic{32, {}, {}, Seconds{3200.0}, 0.0};
  CheckpointPlan plan;
  plan.interval = Seconds{INFINITY};
  const TimeShares shares = elastic_time(elastic, plan, {}, Seconds{1000.0});
  EXPECT_NEAR(shares.effective, 10.0 / 11.0, 1e-12);
  EXPECT_NEAR(shares.stalled, 0.0, 1e-12);
  EXPECT_NEAR(degraded_throughput(elastic, 1), 31.0 / 32.0, 1e-12);
  elastic.reconfigure = Seconds{40.0};
  const TimeShares with = elastic_time(elastic, plan, {}, Seconds{1000.0});
  EXPECT_NEAR(with.effective + with.degraded + with.stalled, 1.0, 1e-12);
  EXPECT_NEAR(with.stalled, 1.0 - std::pow(1.0 - 40.0 / 35'200.0, 32), 1e-12);
}

}  // namespace
}  // namespace busbar::faults
