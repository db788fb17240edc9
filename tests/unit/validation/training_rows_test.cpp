#include "sim/validation/training_rows.h"

#include <gmock/gmock.h>

#include <cstdio>
#include <fstream>

#include "tests/unit/validation/shipped_catalogue.h"

namespace busbar::validation {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr const char* kHead =
    "id,model,layers,hidden,heads,kv_heads,ffn,vocab,seq,gbs_seqs,mbs,TP,PP,VPP,CP,EP,DP_or_FSDP,"
    "precision,recompute,hardware,n_chips,scaleup_domain,step_s,step_kind,tok_s_chip,notes,stack,"
    "release,task,exclude\n";

class TrainingRows : public ::testing::Test {
 protected:
  std::vector<TrainingRow> read(const std::string& rows) {
    const std::string path = ::testing::TempDir() + "rows.csv";
    std::ofstream(path) << kHead << rows;
    auto result = read_training_rows(path, shipped_.view(), problems_);
    std::remove(path.c_str());
    return result;
  }
  TrainingRow one(const std::string& row) { return read(row + "\n").at(0); }
  const ShippedCatalogue shipped_;
  base::Diagnostics problems_;
};

TEST_F(TrainingRows, ABlankArchitectureComesFromTheCatalogue) {
  const TrainingRow row =
      one("x,LLAMA3_70B,,,,,,,8192,256,2,1,1,n/a,1,n/a,FSDP=64,FP8,,DGX-GB300,64,72,6.25,,5243,,"
          "megatron-bridge,26.04,pretrain,");
  ASSERT_TRUE(row.expressible()) << row.reason;
  EXPECT_EQ(row.model->name, "llama-3.1-70b");
  EXPECT_EQ(row.slice.accelerator->name, "gb300");
  EXPECT_EQ(row.task.precision, "fp8");
  EXPECT_EQ(row.task.plan.sharding, model::Sharding::kWeights);
  // Tokens a second are printed with more digits than the step.
  EXPECT_NEAR(row.measured_s, 256.0 * 8192 / (5243.0 * 64), 1e-9);
  // Without recomputation the activations of 80 layers do not fit: as many layers as need be.
  EXPECT_EQ(row.task.plan.recompute, model::Recompute::kFull);
  EXPECT_LT(row.task.plan.recomputed_share, 1.0);
  EXPECT_GT(row.task.plan.recomputed_share, 0.0);
  EXPECT_THAT(row.inferred, Contains(HasSubstr("of the layers")));
}

TEST_F(TrainingRows, AnArchitectureInTheRowIsTaken) {
  const TrainingRow row =
      one("x,GPT 7.5B,36,4096,32,32,16384,51200,2048,512,16,4,1,1,1,1,DP32,fp16,full,"
          "A100-80GB SXM,128,8,3.696,,,,megatron-lm-2021,2021-04,pretrain,");
  ASSERT_TRUE(row.expressible()) << row.reason;
  EXPECT_NEAR(row.model->parameters(), 7.5e9, 0.1e9);
  EXPECT_EQ(row.model->layers[0].feed_forward.activation, model::Activation::kGelu);
  EXPECT_EQ(row.measured_s, 3.696);
  EXPECT_FALSE(row.task.plan.sequence_parallel);
  EXPECT_TRUE(row.inferred.empty());
}

TEST_F(TrainingRows, ExpertsOfARowAreUnderstood) {
  const TrainingRow row =
      one("x,My MoE,36,2880,64,8,2880 x128+1 top4,201088,4096,1280,4,1,1,n/a,1,8,dist-opt,BF16,,"
          "B200,64,8,5.4,,,,megatron-bridge,26.04,pretrain,");
  ASSERT_TRUE(row.expressible()) << row.reason;
  const model::FeedForward& f = row.model->layers[0].feed_forward;
  EXPECT_EQ(f.experts, 128);
  EXPECT_EQ(f.experts_per_token, 4);
  EXPECT_EQ(f.shared_width, 2880);
}

TEST_F(TrainingRows, CoresOfAChipAreRanks) {
  const TrainingRow row =
      one("x,Llama2-7B,32,4096,32,32,11008,32000,4096,1024,1,8,1,,,,DP64 ZeRO-1,bf16,,"
          "trn1.32xlarge,256,16,12.64,,,,neuron,2.15.0,pretrain,");
  ASSERT_TRUE(row.expressible()) << row.reason;
  EXPECT_EQ(row.slice.ranks_per_chip, 2);
}

TEST_F(TrainingRows, ReasonsNameWhatIsMissing) {
  const auto reason = [&](const std::string& row) { return one(row).reason; };
  EXPECT_THAT(reason("x,LLAMA3_70B,,,,,,,8192,,2,1,1,1,1,1,,FP8,,DGX-GB300,64,72,6,,,,"
                     "megatron-bridge,26.04,pretrain,"),
              HasSubstr("global batch"));
  EXPECT_THAT(reason("x,Secret,,,,,,,8192,64,2,1,1,1,1,1,,FP8,,DGX-GB300,64,72,6,,,,"
                     "megatron-bridge,26.04,pretrain,"),
              HasSubstr("architecture of 'Secret'"));
  EXPECT_THAT(reason("x,LLAMA3_70B,,,,,,,8192,64,2,1,1,1,1,1,,FP8,,Abacus,64,72,6,,,,"
                     "megatron-bridge,26.04,pretrain,"),
              HasSubstr("no chip of the catalogue in 'Abacus'"));
  EXPECT_THAT(reason("x,LLAMA3_70B,,,,,,,8192,64,2,1,1,1,1,1,,FP8,,DGX-GB300,64,72,,,,,"
                     "megatron-bridge,26.04,pretrain,"),
              HasSubstr("neither tok_s_chip nor step_s"));
  EXPECT_THAT(reason("x,LLAMA3_70B,,,,,,,8192,64,1,3,1,1,1,1,,FP8,,DGX-GB300,64,72,6,,,,"
                     "megatron-bridge,26.04,pretrain,"),
              HasSubstr("3 does not divide the 64 heads"));
  EXPECT_THAT(reason("x,LLAMA3_70B,,,,,,,8192,64,2,1,1,1,1,1,,FP8,,DGX-GB300,64,72,6,,,,"
                     "megatron-bridge,26.04,pretrain,misprint"),
              HasSubstr("excluded: misprint"));
}

TEST_F(TrainingRows, MalformedTablesAreTold) {
  const auto rows = read("too,few,fields\n");
  EXPECT_TRUE(rows.empty());
  EXPECT_TRUE(problems_.has_errors());
}

}  // namespace
}  // namespace busbar::validation
