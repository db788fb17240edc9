#include "sim/training/calibrated_step.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "sim/training/layer_work.h"
#include "sim/training/memory.h"
#include "sim/training/pipeline_schedule.h"
#include "sim/training/plan.h"

namespace busbar::training {
namespace {

// An 8-GPU H100 node with 400 Gbit/s a GPU.
class CalibratedStepTest : public ::testing::Test {
 protected:
  void SetUp() override {
    gpu_.name = "h100";
    gpu_.peak_flops = {{"bf16", 989e12}};
    gpu_.memory = base::Bytes{80e9};
    gpu_.memory_bandwidth = base::BytesPerSecond{3.35e12};
    nic_.bandwidth = base::BytesPerSecond{50e9};
    node_.accelerators = 8;
    node_.nics = 8;
    domain_.nodes = 1;
    domain_.chips_installed = domain_.chips_usable = domain_.chips_used = 8;
    domain_.link_bandwidth = base::BytesPerSecond{25e9};
    domain_.links_per_chip = 18;
    domain_.link_latency = base::Seconds{1e-6};
    model_ = dense(126, 16384, 128, 8, 53248);
  }
  static model::LanguageModel dense(int layers, int hidden, int heads, int kv, double width) {
    model::LanguageModel m;
    m.name = "dense";
    m.hidden = hidden;
    m.vocabulary = 128256;
    m.context = 8192;
    model::LayerGroup group;
    group.count = layers;
    group.attention = {.heads = heads, .kv_heads = kv, .head_dim = 128};
    group.feed_forward.width = width;
    m.layers = {group};
    return m;
  }
  Slice slice_of_chips(double chips) const {
    Slice slice;
    slice.accelerator = &gpu_;
    slice.node = &node_;
    slice.domain = &domain_;
    slice.nic = &nic_;
    slice.chips = chips;
    slice.domains = static_cast<int>((chips + 7) / 8);
    // About what large published runs on H100 show in 16 bits.
    slice.constants[model::Term::kGemm] = 1.2;
    slice.constants[model::Term::kMemory] = 1.4;
    return slice;
  }
  Task task_of(double batch_tokens = 0.0) const {
    Task task;
    task.model = &model_;
    task.sequence = 8192;
    task.global_batch_tokens = batch_tokens;
    return task;
  }
  StepEstimate estimate(double chips, double batch_tokens = 0.0) const {
    return CalibratedStep().estimate(task_of(batch_tokens), slice_of_chips(chips));
  }
  model::Accelerator gpu_;
  model::Nic nic_;
  model::Node node_;
  model::Domain domain_;
  model::LanguageModel model_;
};

// Llama 3.1 405B on 16,384 H100 with 16 M tokens a step: 400 TFLOP/s a GPU were published
// (arXiv 2407.21783). A null model of 40 % of peak gives 396.
TEST_F(CalibratedStepTest, Llama405bIsInTheRightRange) {
  const StepEstimate e = estimate(16384, 16.8e6);
  ASSERT_TRUE(e.feasible) << e.reason;
  const double tflops = e.mfu * 989.0;
  fmt::print(
      "405B on 16,384 H100: {:.0f} TFLOP/s a GPU, published 400; step {:.2f} s, TP {} PP {}\n",
      tflops, e.step_s, e.plan.tensor, e.plan.pipeline);
  EXPECT_NEAR(tflops, 400.0, 100.0);
}

// No step beats the peak, and its parts add up to it.
TEST_F(CalibratedStepTest, NeverBeatsThePeak) {
  for (int chips = 512; chips <= 1 << 20; chips *= 2) {
    const StepEstimate e = estimate(chips);
    ASSERT_TRUE(e.feasible) << e.reason;
    EXPECT_LT(e.mfu, 1.0);
    EXPECT_LT(e.hfu, 1.0);
    EXPECT_NEAR(e.step_s, e.time.sum(), 1e-9 * e.step_s);
    EXPECT_LE(e.memory_bytes, gpu_.memory.value);
  }
}

// 405 billion weights need 6.5 TB of state: eight GPUs of 80 GB do not hold them.
TEST_F(CalibratedStepTest, SaysWhatDoesNotFit) {
  const StepEstimate e = estimate(8);
  EXPECT_FALSE(e.feasible);
  EXPECT_NE(e.reason.find("does not fit"), std::string::npos);
}

// Inside one domain nothing leaves it; across two, each sends what the other needs.
TEST_F(CalibratedStepTest, TrafficLeavesDomainsOnlyWhereThereAreSeveral) {
  model_ = dense(32, 4096, 32, 8, 14336);
  EXPECT_EQ(estimate(8).domain_traffic_bytes, 0.0);
  const StepEstimate two = estimate(16);
  EXPECT_DOUBLE_EQ(two.domain_traffic_bytes, 2.0 * two.gradient_bytes);
}

// Any plan on any of these machines: faster parts never make a step slower, and no step is shorter
// than its arithmetic at peak or its traffic at link speed.
TEST_F(CalibratedStepTest, RandomPlansKeepTheBounds) {
  std::mt19937 random(7);
  const auto one_of = [&](std::initializer_list<int> values) {
    return *(values.begin() + random() % values.size());
  };
  int looked_at = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    const int heads = one_of({16, 32, 64});
    model_ = dense(one_of({24, 32, 64}), heads * 128, heads, one_of({4, 8, 16}),
                   128.0 * heads * one_of({3, 4}));
    if (random() % 3 == 0) {
      model_.layers[0].feed_forward.kind = model::FeedForwardKind::kExperts;
      model_.layers[0].feed_forward.experts = 64;
      model_.layers[0].feed_forward.experts_per_token = 4;
      model_.layers[0].feed_forward.width = 128.0 * heads;
    }
    Task task = task_of(512.0 * 8192);
    task.plan = {.tensor = one_of({1, 2, 4, 8}),
                 .pipeline = one_of({1, 2, 4, 8}),
                 .virtual_pipeline = 1,
                 .context = one_of({1, 2}),
                 .expert = 1,
                 .micro_batch = one_of({1, 2, 4}),
                 .slices = 1};
    if (task.plan.pipeline > 1) task.plan.virtual_pipeline = one_of({1, 2});
    if (model_.layers[0].feed_forward.kind == model::FeedForwardKind::kExperts) {
      task.plan.expert = one_of({1, 8, 16});
    }
    task.plan.sharding =
        random() % 2 == 0 ? model::Sharding::kOptimizer : model::Sharding::kWeights;
    task.plan.recompute = random() % 2 == 0 ? model::Recompute::kNone : model::Recompute::kFull;
    Slice slice = slice_of_chips(one_of({128, 256, 512}));
    const PlannedStep step = planned(task, slice, task.plan);
    ++looked_at;
    const double peak = 989e12 * slice.chips;
    EXPECT_GE(step.time.step_s, step.work.model_flops / peak);
    EXPECT_GE(step.time.step_s, step.work.executed_flops / peak * (1.0 - 1e-9));
    // Each of the rates doubled in turn.
    const auto with = [&](double& rate) {
      rate *= 2.0;
      const double faster = planned(task, slice, task.plan).time.step_s;
      rate /= 2.0;
      EXPECT_LE(faster, step.time.step_s * (1.0 + 1e-9));
    };
    with(gpu_.peak_flops["bf16"]);
    with(gpu_.memory_bandwidth.value);
    with(nic_.bandwidth.value);
    with(domain_.link_bandwidth.value);
  }
  EXPECT_EQ(looked_at, 2000);
}

// A little more sequence or width takes a little more time: no jumps.
TEST_F(CalibratedStepTest, GrowsSmoothlyWithSize) {
  Task task = task_of(256.0 * 8192);
  task.plan = {.tensor = 8,
               .pipeline = 4,
               .virtual_pipeline = 1,
               .context = 1,
               .expert = 1,
               .micro_batch = 1,
               .slices = 1,
               .sharding = model::Sharding::kOptimizer,
               .recompute = model::Recompute::kNone};
  const Slice slice = slice_of_chips(128);
  model_ = dense(32, 8192, 64, 8, 16384);
  double before = planned(task, slice, task.plan).time.step_s;
  for (int width = 16512; width < 32768; width += 128) {
    model_.layers[0].feed_forward.width = width;
    const double now = planned(task, slice, task.plan).time.step_s;
    EXPECT_GE(now, before);
    EXPECT_LT(now, before * 1.01);
    before = now;
  }
}

// The bubble of equal stages is that of the schedule run operation by operation.
TEST_F(CalibratedStepTest, BubbleIsThatOfTheSchedule) {
  model_ = dense(32, 8192, 64, 8, 28672);
  model_.vocabulary = 8;  // so that the stages are equal
  for (const int pipeline : {2, 4, 8}) {
    for (const int chunks : {1, 2, 4}) {
      Task task = task_of(512.0 * 8192);
      task.plan = {.tensor = 8,
                   .pipeline = pipeline,
                   .virtual_pipeline = chunks,
                   .context = 1,
                   .expert = 1,
                   .micro_batch = 1,
                   .slices = 1,
                   .sharding = model::Sharding::kOptimizer,
                   .recompute = model::Recompute::kNone};
      const PlannedStep step = planned(task, slice_of_chips(128), task.plan);
      const double compute = step.time.step_s - step.time.bubble_s - step.time.transfer_s -
                             step.time.data_s - step.time.optimizer_s;
      const double chunk = compute / step.work.micro_batches / chunks;
      Pipeline run{.ranks = pipeline,
                   .chunks = chunks,
                   .micro_batches = static_cast<int>(step.work.micro_batches),
                   .times = {{chunk / 3, chunk / 3, chunk / 3}}};
      ASSERT_EQ(obstacle(run), "");
      EXPECT_NEAR(run_pipeline(run).makespan_s - compute, step.time.bubble_s,
                  0.01 * step.time.bubble_s);
    }
  }
}

// Each stage of ZeRO leaves less on a rank; recomputation trades time for memory.
TEST_F(CalibratedStepTest, SharingOutAndRecomputingSaveMemory) {
  model_ = dense(32, 4096, 32, 8, 14336);
  Task task = task_of(64.0 * 8192);
  task.plan = {.tensor = 1,
               .pipeline = 1,
               .virtual_pipeline = 1,
               .context = 1,
               .expert = 1,
               .micro_batch = 1,
               .slices = 1,
               .recompute = model::Recompute::kNone};
  const Slice slice = slice_of_chips(64);
  double before = 1e300;
  for (const auto sharding : {model::Sharding::kReplicated, model::Sharding::kOptimizer,
                              model::Sharding::kGradients, model::Sharding::kWeights}) {
    task.plan.sharding = sharding;
    const double now = memory_of(task, slice).total();
    EXPECT_LT(now, before);
    before = now;
  }
  const PlannedStep none = planned(task, slice, task.plan);
  task.plan.recompute = model::Recompute::kFull;
  const PlannedStep full = planned(task, slice, task.plan);
  EXPECT_LT(full.memory.activations, 0.5 * none.memory.activations);
  EXPECT_NEAR(full.time.compute_s / none.time.compute_s, 4.0 / 3.0, 0.05);
  EXPECT_GT(full.work.executed_flops, 1.25 * none.work.executed_flops);
}

// Korthikanti et al. (2022), table 2, publish what a layer of the GPT models of 22, 175, 530 and
// 1,000 billion parameters keeps of a micro-batch: s b h / t (34 + 5 a s / h) bytes with tensor and
// sequence parallelism, s b h / t 34 where the scores are recomputed, 2 s b h where all is.
TEST_F(CalibratedStepTest, ActivationsAreThoseThatMegatronPublished) {
  struct Published {
    int hidden, heads, micro_batch;
  };
  for (const auto& [hidden, heads, micro] : {Published{6144, 64, 4}, Published{12288, 96, 1},
                                             Published{20480, 128, 1}, Published{25600, 160, 1}}) {
    model_ = dense(1, hidden, heads, heads, 4.0 * hidden);
    model_.layers[0].attention.head_dim = hidden / heads;
    model_.layers[0].feed_forward.activation = model::Activation::kGelu;
    Task task = task_of(64.0 * 2048);
    task.sequence = 2048;
    task.plan = {.tensor = 8,
                 .pipeline = 1,
                 .virtual_pipeline = 1,
                 .context = 1,
                 .expert = 1,
                 .micro_batch = micro};
    model::Efficiency unfused;
    unfused.fused_attention = false;
    Slice slice = slice_of_chips(8);
    slice.stack = &unfused;
    const LayerWork layer = layer_work(task, model_.layers[0], rank_of(slice, "bf16"));
    const double sbh = 2048.0 * micro * hidden;
    EXPECT_NEAR(layer.saved_bytes / (sbh / 8 * (34.0 + 5.0 * heads * 2048.0 / hidden)), 1.0, 0.1);
    EXPECT_NEAR((layer.saved_bytes - layer.scores_bytes) / (sbh / 8 * 34.0), 1.0, 0.1);
    EXPECT_NEAR(layer.input_bytes / (sbh / 8 * 2.0), 1.0, 0.1);
  }
}

// Small layers wait for their host; large ones do not notice it.
TEST_F(CalibratedStepTest, SmallLayersWaitForTheHost) {
  Task task = task_of(64.0 * 8192);
  task.plan = {.tensor = 1,
               .pipeline = 1,
               .virtual_pipeline = 1,
               .context = 1,
               .expert = 1,
               .micro_batch = 1,
               .slices = 1,
               .sharding = model::Sharding::kOptimizer,
               .recompute = model::Recompute::kNone};
  Slice slice = slice_of_chips(8);
  slice.constants[model::Term::kLayerLaunch] = 4e-3;
  model_ = dense(32, 1024, 8, 8, 4096);
  task.sequence = 1024;
  const StepTime small = planned(task, slice, task.plan).time;
  EXPECT_GT(small.launch_s, 0.5 * small.step_s);
  model_ = dense(32, 8192, 64, 8, 28672);
  task.sequence = 8192;
  const StepTime large = planned(task, slice, task.plan).time;
  EXPECT_LT(large.launch_s, 0.001 * large.step_s);
}

// The search finds nothing slower than the quick choice, and only what fits and is legal.
TEST_F(CalibratedStepTest, SearchBeatsTheQuickChoice) {
  model_ = dense(80, 8192, 64, 8, 28672);
  const Task task = task_of(256.0 * 8192);
  const Slice slice = slice_of_chips(256);
  const auto quick = quick_plan(task, slice);
  const SearchResult found = search_plans(task, slice, 5);
  ASSERT_TRUE(quick && quick->fits);
  ASSERT_EQ(found.best.size(), 5u);
  EXPECT_LE(found.best[0].time.step_s, quick->time.step_s * (1.0 + 1e-9));
  EXPECT_LT(quick->time.step_s, 1.3 * found.best[0].time.step_s);
  for (size_t i = 0; i < found.best.size(); ++i) {
    const PlannedStep& step = found.best[i];
    EXPECT_TRUE(step.fits);
    Task with = task;
    with.plan = step.plan;
    EXPECT_EQ(broken_rule(with, slice), "");
    if (i > 0) {
      EXPECT_GE(step.time.step_s, found.best[i - 1].time.step_s);
    }
  }
  EXPECT_GT(found.legal, found.fitting);
}

// A chip that was measured takes its own constants, by release and kind of model; one that was not
// takes medians and says so.
TEST_F(CalibratedStepTest, ConstantsComeFromTheNearestMeasurement) {
  model::Platform platform;
  for (const char* name : {"a", "b", "c"}) {
    model::Accelerator chip = gpu_;
    chip.name = name;
    chip.vendor = "v";
    platform.accelerators.add(chip);
  }
  const auto stack = [](const char* chip, const char* name,
                        const std::vector<std::pair<const char*, double>>& fits) {
    model::Efficiency e;
    e.accelerator = chip;
    e.stack = name;
    for (const auto& [release, gemm] : fits) {
      model::StepConstants c;
      c.release = release;
      c[model::Term::kGemm] = gemm;
      e.steps.push_back(c);
    }
    return e;
  };
  platform.efficiencies = {stack("a", "new", {{"1.0", 1.1}, {"2.0", 1.2}}),
                           stack("a", "old", {{"", 1.5}}), stack("b", "new", {{"", 1.4}})};
  const auto gemm = [&](int chip, const char* name, const char* release,
                        model::ModelKind kind = model::ModelKind::kDense) {
    Slice slice;
    slice.accelerator = &platform.accelerators[{chip}];
    use_stack(platform, name, release, kind, "bf16", slice);
    return std::pair{slice.constants[model::Term::kGemm], slice.caution.empty()};
  };
  EXPECT_EQ(gemm(0, "", ""), std::pair(1.2, true));
  EXPECT_EQ(gemm(0, "new", "1.5"), std::pair(1.1, true));
  EXPECT_EQ(gemm(0, "new", "0.1"), std::pair(1.1, true));
  EXPECT_EQ(gemm(0, "old", "9"), std::pair(1.5, true));
  EXPECT_EQ(gemm(2, "new", ""), std::pair(1.4, false));  // the upper of two
  EXPECT_FALSE(gemm(0, "", "", model::ModelKind::kExperts).second);
}

}  // namespace
}  // namespace busbar::training
