#include "sim/validation/calibration.h"

#include <gtest/gtest.h>

#include <fstream>

#include "sim/validation/efficiency_file.h"
#include "tests/unit/validation/shipped_catalogue.h"

namespace busbar::validation {
namespace {

// Rows of one stack whose times are those of known constants.
class CalibrationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    truth_[model::Term::kGemm] = 1.3;
    truth_[model::Term::kMemory] = 1.6;
    truth_[model::Term::kTensor] = 0.5;
    truth_[model::Term::kData] = 1.1;
    const std::string path = ::testing::TempDir() + "calibration.csv";
    {
      std::ofstream file(path);
      file << "id,model,layers,hidden,heads,kv_heads,ffn,vocab,seq,gbs_seqs,mbs,TP,PP,VPP,CP,EP,"
              "DP_or_FSDP,precision,recompute,hardware,n_chips,scaleup_domain,step_s,stack,"
              "release\n";
      int n = 0;
      for (const auto& [layers, hidden, heads] :
           {std::tuple{24, 2048, 16}, {36, 4096, 32}, {48, 8192, 64}, {80, 12288, 96}}) {
        for (const int tensor : {1, 4, 8}) {
          for (const int pipeline : {1, 4}) {
            file << "r" << n++ << ",GPT " << hidden << ',' << layers << ',' << hidden << ','
                 << heads << ',' << heads << ',' << 4 * hidden << ",51200,2048,512,2," << tensor
                 << ',' << pipeline << ",1,1,1,ZeRO-1,fp16,full,A100-80GB SXM,64,8,1,"
                 << "megatron-lm-2023,2023\n";
          }
        }
      }
    }
    base::Diagnostics problems;
    rows_ = read_training_rows(path, shipped_.view(), problems);
    for (TrainingRow& row : rows_) {
      ASSERT_TRUE(row.expressible()) << row.reason;
      row.measured_s = predicted_s(row, training::step_work(row.task, row.slice), truth_);
      all_.push_back(&row);
    }
  }
  const ShippedCatalogue shipped_;
  std::vector<TrainingRow> rows_;
  std::vector<const TrainingRow*> all_;
  model::StepConstants truth_;
};

TEST_F(CalibrationTest, FindsTheConstantsThatMadeTheTimes) {
  const Calibration fitted = calibrate(all_);
  ASSERT_EQ(fitted.fits.size(), 1u);
  const model::StepConstants& c = fitted.fits.begin()->second;
  EXPECT_EQ(c.rows, 24);
  EXPECT_LT(c.error, 0.005);
  EXPECT_NEAR(c[model::Term::kGemm], 1.3, 0.03);
  EXPECT_NEAR(c[model::Term::kMemory], 1.6, 0.1);
  EXPECT_NEAR(c[model::Term::kTensor], 0.5, 0.05);
}

TEST_F(CalibrationTest, OneWrongRowDoesNotBendTheOthers) {
  rows_[3].measured_s *= 2.0;
  const Calibration fitted = calibrate(all_);
  EXPECT_NEAR(fitted.fits.begin()->second[model::Term::kGemm], 1.3, 0.06);
}

TEST_F(CalibrationTest, WhatIsWrittenIsWhatIsRead) {
  const Calibration fitted = calibrate(all_);
  const model::StepConstants& c = fitted.fits.begin()->second;
  const std::string path = ::testing::TempDir() + "efficiency.xml";
  model::Efficiency stack;
  stack.accelerator = "a100-sxm";
  stack.stack = "megatron-lm-2023";
  std::ofstream(path) << constants_xml(stack, {c}, "a test");
  const std::string world = ::testing::TempDir() + "world.xml";
  std::ofstream(world) << "<platform name=\"w\" xmlns:xi=\"http://www.w3.org/2001/XInclude\">"
                          "<catalog vendor=\"nvidia\"><accelerator id=\"a100-sxm\" source=\"s\">"
                          "<peak precision=\"bf16\" rate=\"312 TFLOP/s\"/><memory size=\"80 GB\" "
                          "bandwidth=\"2 TB/s\"/></accelerator>"
                          "<xi:include href=\"efficiency.xml\"/></catalog></platform>";
  base::Diagnostics problems;
  const auto platform = input::read_platform(world, {}, problems);
  ASSERT_TRUE(platform);
  ASSERT_EQ(platform->efficiencies.size(), 1u);
  const model::StepConstants& read = platform->efficiencies[0].steps.at(0);
  for (size_t i = 0; i < model::kTerms; ++i) EXPECT_NEAR(read.value[i], c.value[i], 1e-4);
  EXPECT_NEAR(read.null_mfu, c.null_mfu, 1e-4);
  EXPECT_EQ(read.rows, c.rows);
}

}  // namespace
}  // namespace busbar::validation
