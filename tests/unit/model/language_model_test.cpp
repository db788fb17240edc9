#include <gtest/gtest.h>

#include "sim/model/workload.h"

namespace busbar::model {
namespace {

LanguageModel dense(int layers, int hidden, int heads, int kv_heads, double width) {
  LanguageModel m;
  m.hidden = hidden;
  m.vocabulary = 128256;
  LayerGroup group;
  group.count = layers;
  group.attention = {.heads = heads, .kv_heads = kv_heads, .head_dim = 128};
  group.feed_forward.width = width;
  m.layers = {group};
  return m;
}

// Published counts: 8.03, 70.6 and 405.9 billion.
TEST(LanguageModel, CountsTheWeightsOfLlama31) {
  EXPECT_NEAR(dense(32, 4096, 32, 8, 14336).parameters() / 8.03e9, 1.0, 0.005);
  EXPECT_NEAR(dense(80, 8192, 64, 8, 28672).parameters() / 70.6e9, 1.0, 0.005);
  EXPECT_NEAR(dense(126, 16384, 128, 8, 53248).parameters() / 405.9e9, 1.0, 0.005);
}

// DeepSeek-V3: 671 billion in all, 37 billion active with both embeddings (published).
TEST(LanguageModel, CountsLatentAttentionAndExperts) {
  LanguageModel m;
  m.hidden = 7168;
  m.vocabulary = 129280;
  LayerGroup dense_group;
  dense_group.count = 3;
  dense_group.attention = {.kind = AttentionKind::kLatent,
                           .heads = 128,
                           .q_rank = 1536,
                           .kv_rank = 512,
                           .nope_dim = 128,
                           .rope_dim = 64,
                           .value_dim = 128};
  dense_group.feed_forward.width = 18432;
  LayerGroup experts = dense_group;
  experts.count = 58;
  experts.feed_forward = {.kind = FeedForwardKind::kExperts,
                          .width = 2048,
                          .experts = 256,
                          .experts_per_token = 8,
                          .shared_width = 2048};
  m.layers = {dense_group, experts};
  EXPECT_NEAR(m.parameters() / 671e9, 1.0, 0.005);
  EXPECT_NEAR((m.active_parameters() + 1.0 * m.vocabulary * m.hidden) / 37.5e9, 1.0, 0.02);
  // A latent cache holds 512 + 64 numbers a layer, whatever the heads.
  EXPECT_DOUBLE_EQ(m.cache_bytes_per_token(2.0), 61.0 * 576 * 2);
}

// Published bytes per token in 16 bits: DeepSeek-V3 70.272 KB, Llama 3.1 405B 516.096 KB, Qwen2.5
// 72B (layers and heads as Llama 3.1 70B) 327.680 KB (Zhao et al., Insights into DeepSeek-V3, ISCA
// 2025, table 1); OPT-66B about 1.13 GB (GiB) after 512 tokens (Zhong et al., DistServe, OSDI
// 2024).
TEST(LanguageModel, CachesGrowAsPublished) {
  EXPECT_DOUBLE_EQ(dense(126, 16384, 128, 8, 53248).cache_bytes_per_token(2.0), 516096.0);
  EXPECT_DOUBLE_EQ(dense(80, 8192, 64, 8, 28672).cache_bytes_per_token(2.0), 327680.0);
  EXPECT_DOUBLE_EQ(dense(80, 8192, 64, 8, 28672).cache_bytes(1000.0, 2.0), 327.680e6);
  LanguageModel opt = dense(64, 9216, 72, 72, 36864);
  EXPECT_NEAR(opt.cache_bytes(512.0, 2.0) / (1.13 * 1073741824.0), 1.0, 0.005);
  opt.layers[0].attention = {
      .kind = AttentionKind::kLatent, .heads = 128, .kv_rank = 512, .rope_dim = 64};
  opt.layers[0].count = 61;
  EXPECT_DOUBLE_EQ(opt.cache_bytes(1.0, 2.0), 70272.0);
}

// A window of 4,096 tokens keeps that many, a state as much as it holds: 64 heads of 64 x 128, and
// three inputs of a convolution over 64 x 64 + 2 x 8 x 128 channels.
TEST(LanguageModel, WindowsAndStatesStopGrowing) {
  LanguageModel m = dense(2, 4096, 32, 8, 14336);
  m.layers[0].attention.kind = AttentionKind::kSlidingWindow;
  m.layers[0].attention.window = 4096;
  EXPECT_DOUBLE_EQ(m.cache_bytes(1000.0, 1.0), 2.0 * 1000 * 2048);
  EXPECT_DOUBLE_EQ(m.cache_bytes(100000.0, 1.0), 2.0 * 4096 * 2048);
  m.layers[0].attention = {.kind = AttentionKind::kStateSpace,
                           .heads = 64,
                           .head_dim = 64,
                           .state_dim = 128,
                           .state_groups = 8,
                           .convolution = 4};
  EXPECT_DOUBLE_EQ(m.cache_bytes(10.0, 2.0), 2.0 * 2.0 * (64 * 64 * 128 + 3 * (64 * 64 + 2048)));
  EXPECT_DOUBLE_EQ(m.cache_bytes(1e6, 2.0), m.cache_bytes(10.0, 2.0));
}

// Llama 3 70B at 8,192 tokens: 449.2 GFLOP a token in training, causal attention (published
// tables).
TEST(LanguageModel, CountsTrainingFlops) {
  EXPECT_NEAR(dense(80, 8192, 64, 8, 28672).training_flops_per_token(8192) / 449.2e9, 1.0, 0.01);
}

// A window of 128 in a sequence of 8,192 sees 127 tokens on average instead of 4,096.
TEST(LanguageModel, AWindowBoundsAttention) {
  LanguageModel m = dense(1, 2880, 64, 8, 1.0);
  const double full = m.forward_flops_per_token(8192) - 2.0 * m.active_parameters();
  m.layers[0].attention.kind = AttentionKind::kSlidingWindow;
  m.layers[0].attention.window = 128;
  const double window = m.forward_flops_per_token(8192) - 2.0 * m.active_parameters();
  EXPECT_NEAR(window / full, 127.0 / 4096.0, 0.0001);
}

}  // namespace
}  // namespace busbar::model
