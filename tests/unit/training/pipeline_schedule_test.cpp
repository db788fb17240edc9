#include "sim/training/pipeline_schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

namespace busbar::training {
namespace {

using enum OperationKind;

// The rules that every schedule keeps, whatever its order.
void expect_legal(const Pipeline& pipeline, const PipelineRun& run) {
  std::map<std::tuple<OperationKind, int, int>, const Operation*> done;  // by kind, stage, batch
  std::vector<double> free_s(static_cast<size_t>(pipeline.ranks), 0.0);
  for (const Operation& op : run.operations) {
    const int stage = op.chunk * pipeline.ranks + op.rank;
    ASSERT_TRUE(done.emplace(std::tuple{op.kind, stage, op.micro_batch}, &op).second) << "twice";
    double& free = free_s[static_cast<size_t>(op.rank)];
    ASSERT_GE(op.begin_s, free) << "two operations of a rank at once";
    free = op.end_s;
    const auto needs = [&](OperationKind kind, int of, double delay) {
      const auto found = done.find({kind, of, op.micro_batch});
      ASSERT_NE(found, done.end()) << "runs before what it needs";
      ASSERT_GE(op.begin_s + 1e-12, found->second->end_s + delay);
    };
    const int last = pipeline.ranks * pipeline.chunks - 1;
    if (op.kind == kForward && stage > 0) needs(kForward, stage - 1, pipeline.transfer_s);
    if (op.kind == kBackward) needs(kForward, stage, 0.0);
    if (op.kind == kBackward && stage < last) needs(kBackward, stage + 1, pipeline.transfer_s);
    if (op.kind == kWeightGradient) needs(kBackward, stage, 0.0);
  }
  const size_t kinds = pipeline.schedule == Schedule::kZeroBubble ? 3 : 2;
  EXPECT_EQ(run.operations.size(), kinds * static_cast<size_t>(pipeline.ranks) *
                                       static_cast<size_t>(pipeline.chunks) *
                                       static_cast<size_t>(pipeline.micro_batches));
}

TEST(PipelineSchedule, EqualStagesTakeTheClosedForm) {
  for (const int p : {1, 2, 4, 8, 16}) {
    for (const int v : {1, 2, 5}) {
      for (const int groups : {1, 2, 7}) {
        Pipeline pipeline{
            .ranks = p, .chunks = v, .micro_batches = p * groups, .times = {{1.0, 1.1, 0.9}}};
        ASSERT_EQ(obstacle(pipeline), "");
        const PipelineRun run = run_pipeline(pipeline);
        expect_legal(pipeline, run);
        const double work = pipeline.micro_batches * v * 3.0;
        const double bubble = bubble_s(pipeline.schedule, p, pipeline.times[0]);
        EXPECT_NEAR(run.makespan_s, work + bubble, 1e-9 * work) << p << " " << v << " " << groups;
      }
    }
  }
}

TEST(PipelineSchedule, WeightGradientsFillTheBubble) {
  for (const int p : {2, 4, 8, 16}) {
    Pipeline pipeline{.schedule = Schedule::kZeroBubble,
                      .ranks = p,
                      .chunks = 1,
                      .micro_batches = 4 * p,
                      .times = {{1.0, 1.0, 1.0}}};
    const PipelineRun run = run_pipeline(pipeline);
    expect_legal(pipeline, run);
    const double work = 3.0 * pipeline.micro_batches;
    EXPECT_NEAR(run.makespan_s, work + bubble_s(pipeline.schedule, p, pipeline.times[0]), 1e-9);
    EXPECT_LE(*std::max_element(run.most_in_flight.begin(), run.most_in_flight.end()), p);
    pipeline.schedule = Schedule::kOneForwardOneBackward;
    EXPECT_LT(run.makespan_s, run_pipeline(pipeline).makespan_s);
  }
}

TEST(PipelineSchedule, RanksHoldTheActivationsOfThoseAfterThem) {
  const Pipeline pipeline{.ranks = 4, .micro_batches = 12, .times = {{1.0, 1.0, 1.0}}};
  EXPECT_EQ(run_pipeline(pipeline).most_in_flight, (std::vector<int>{4, 3, 2, 1}));
}

// Any times: legal, and never faster than the busiest rank or the way of one micro-batch.
TEST(PipelineSchedule, UnequalStagesKeepTheRulesAndTheBounds) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> time(0.1, 2.0);
  for (int n = 0; n < 300; ++n) {
    Pipeline pipeline;
    pipeline.schedule = n % 3 == 0 ? Schedule::kZeroBubble : Schedule::kOneForwardOneBackward;
    pipeline.ranks = 1 + static_cast<int>(random() % 6);
    pipeline.chunks = n % 3 == 2 ? 1 + static_cast<int>(random() % 3) : 1;
    pipeline.micro_batches = pipeline.ranks * (1 + static_cast<int>(random() % 4));
    if (pipeline.chunks == 1) pipeline.micro_batches = 1 + static_cast<int>(random() % 20);
    pipeline.transfer_s = n % 2 == 0 ? 0.0 : 0.3 * time(random);
    const int stages = pipeline.ranks * pipeline.chunks;
    std::vector<double> of_rank(static_cast<size_t>(pipeline.ranks), 0.0);
    double way = 2.0 * (stages - 1) * pipeline.transfer_s;
    for (int stage = 0; stage < stages; ++stage) {
      pipeline.times.push_back({time(random), time(random), time(random)});
      of_rank[static_cast<size_t>(stage % pipeline.ranks)] += pipeline.times.back().total_s();
      way += pipeline.times.back().forward_s + pipeline.times.back().backward_input_s;
    }
    ASSERT_EQ(obstacle(pipeline), "");
    const PipelineRun run = run_pipeline(pipeline);
    expect_legal(pipeline, run);
    const double busiest =
        pipeline.micro_batches * *std::max_element(of_rank.begin(), of_rank.end());
    EXPECT_GE(run.makespan_s, std::max(busiest, way) - 1e-9);
    EXPECT_GE(run.idle_share(), -1e-12);
  }
}

// From both ends: every dependency kept, the bubble of the report's closed form, two
// stages a rank, and at most one micro-batch more in flight than ranks.
TEST(PipelineSchedule, DualPipeMeetsItsClosedForm) {
  for (const int ranks : {4, 8, 16}) {
    Pipeline pipeline;
    pipeline.schedule = Schedule::kDualPipe;
    pipeline.ranks = ranks;
    pipeline.micro_batches = 8 * ranks;
    pipeline.times = {{1.0, 1.0, 1.0}};
    ASSERT_EQ(obstacle(pipeline), "");
    const PipelineRun run = run_pipeline(pipeline);
    const double busy = 3.0 * pipeline.micro_batches;
    EXPECT_DOUBLE_EQ(run.busy_s, busy * ranks);
    const double bubble = bubble_s(Schedule::kDualPipe, ranks, pipeline.times[0]);
    EXPECT_NEAR(run.makespan_s - busy, bubble, 1e-9) << ranks;
    EXPECT_LT(run.makespan_s - busy,
              bubble_s(Schedule::kOneForwardOneBackward, ranks, pipeline.times[0]));
    for (const int most : run.most_in_flight) EXPECT_LE(most, ranks + 1);
    // Forward passes of one micro-batch follow each other along its chain.
    std::map<std::pair<int, int>, std::vector<double>> begins;
    for (const Operation& o : run.operations) {
      if (o.kind == OperationKind::kForward) begins[{o.chunk, o.micro_batch}].push_back(o.begin_s);
    }
    EXPECT_EQ(begins.size(), static_cast<size_t>(pipeline.micro_batches));
    for (const auto& [key, times] : begins) {
      EXPECT_EQ(times.size(), static_cast<size_t>(ranks));
      for (size_t i = 1; i < times.size(); ++i) EXPECT_GE(times[i], times[i - 1] + 1.0);
    }
  }
}

TEST(PipelineSchedule, SaysWhyItCannotRun) {
  EXPECT_NE(obstacle({.ranks = 0, .times = {{}}}).find("at least one rank"), std::string::npos);
  EXPECT_NE(obstacle({.ranks = 4, .chunks = 2, .micro_batches = 6, .times = {{}}})
                .find("multiple of 4 micro-batches, not 6"),
            std::string::npos);
  EXPECT_NE(obstacle({.ranks = 4, .times = {{}, {}}}).find("1 or 4 chunks are needed, 2"),
            std::string::npos);
  EXPECT_NE(obstacle({.schedule = Schedule::kZeroBubble, .chunks = 2, .times = {{}}})
                .find("one chunk a rank"),
            std::string::npos);
}

}  // namespace
}  // namespace busbar::training
