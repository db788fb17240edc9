#include "sim/training/roofline_step.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace busbar::training {
namespace {

// An 8-GPU H100 node with 400 Gbit/s a GPU.
class RooflineStepTest : public ::testing::Test {
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
  StepEstimate estimate(double chips, double batch_tokens = 0.0) const {
    Task task;
    task.model = &model_;
    task.sequence = 8192;
    task.global_batch_tokens = batch_tokens;
    Slice slice;
    slice.accelerator = &gpu_;
    slice.node = &node_;
    slice.domain = &domain_;
    slice.nic = &nic_;
    slice.chips = chips;
    slice.domains = static_cast<int>((chips + 7) / 8);
    return RooflineStep().estimate(task, slice);
  }
  model::Accelerator gpu_;
  model::Nic nic_;
  model::Node node_;
  model::Domain domain_;
  model::LanguageModel model_;
};

// Llama 3.1 405B on 16,384 H100 with 16 M tokens a step: 400 TFLOP/s a GPU were published
// (arXiv 2407.21783). A null model of 40 % of peak gives 396.
TEST_F(RooflineStepTest, Llama405bIsInTheRightRange) {
  const StepEstimate e = estimate(16384, 16.8e6);
  ASSERT_TRUE(e.feasible) << e.reason;
  const double tflops = e.mfu * 989.0;
  fmt::print(
      "405B on 16,384 H100: {:.0f} TFLOP/s a GPU, published 400; step {:.2f} s, TP {} PP {}\n",
      tflops, e.step_s, e.plan.tensor, e.plan.pipeline);
  EXPECT_NEAR(tflops, 400.0, 100.0);
}

// No step beats the peak; communication and bubble only add.
TEST_F(RooflineStepTest, NeverBeatsThePeak) {
  for (double chips = 512; chips <= 1 << 20; chips *= 2) {
    const StepEstimate e = estimate(chips);
    ASSERT_TRUE(e.feasible) << e.reason;
    EXPECT_LT(e.mfu, 1.0);
    EXPECT_GE(e.step_s, e.compute_s);
    EXPECT_LE(e.memory_bytes, gpu_.memory.value);
  }
}

// 405 billion weights need 6.5 TB of state: eight GPUs of 80 GB do not hold them.
TEST_F(RooflineStepTest, SaysWhatDoesNotFit) {
  const StepEstimate e = estimate(8);
  EXPECT_FALSE(e.feasible);
  EXPECT_NE(e.reason.find("does not fit"), std::string::npos);
}

// A faster link never makes a step slower.
TEST_F(RooflineStepTest, MoreBandwidthNeverHurts) {
  double before = 1e300;
  for (double bandwidth = 1e9; bandwidth < 1e12; bandwidth *= 2) {
    nic_.bandwidth = base::BytesPerSecond{bandwidth};
    const double step_s = estimate(2048).step_s;
    EXPECT_LE(step_s, before * (1 + 1e-12));
    before = step_s;
  }
}

// Inside one domain nothing leaves it; across two, each sends what the other needs.
TEST_F(RooflineStepTest, TrafficLeavesDomainsOnlyWhereThereAreSeveral) {
  model_ = dense(32, 4096, 32, 8, 14336);
  EXPECT_EQ(estimate(8).domain_traffic_bytes, 0.0);
  const StepEstimate two = estimate(16);
  EXPECT_DOUBLE_EQ(two.domain_traffic_bytes, 2.0 * two.gradient_bytes);
}

}  // namespace
}  // namespace busbar::training
