#include "sim/validation/families.h"

#include <algorithm>

namespace busbar::validation {

using model::ModelKind;
using model::Term;

namespace {

// The kernels of Blackwell's experts changed with release 26.06, all chips' with 26.02.01.
const char* const kFirstWindow = "26.02.01";
const char* const kSecondWindow = "26.06";

bool is_blackwell(const std::string& chip) {
  return chip.starts_with("b200") || chip.starts_with("b300") || chip.starts_with("gb");
}

}  // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> all = {
      // 0: Megatron-LM on A100, 2021 to 2024.
      {{"megatron-lm-2021", "megatron-lm-2022", "megatron-lm-2023"},
       ModelKind::kDense,
       {{Term::kGemm, 1.15, 0.5},
        {Term::kMemory, 1.2, 0.4},
        {Term::kTensor, 0.5, 0.5},
        {Term::kData, 1.2, 0.4}},
       {}},
      // 1: Megatron-Bridge, dense.
      {{"megatron-bridge"},
       ModelKind::kDense,
       {{Term::kGemm, 1.25, 0.3, 0.15},
        {Term::kAttention, 1.0, 0.25},
        {Term::kMemory, 1.4, 0.4},
        {Term::kTensor, 0.4, 0.5},
        {Term::kData, 1.2, 0.4},
        {Term::kTransfer, 0.5, 0.7}},
       {{"nvfp4", 0.9, 0.15}, {"mxfp8", 1.05, 0.15}}},
      // 2, 3: the same kernels in other hands.
      {{"mlperf-nvidia"},
       ModelKind::kDense,
       {{Term::kGemm, 1.0, 0.05, 0.08},
        {Term::kAttention, 1.0, 0.25},
        {Term::kMemory, 1.4, 0.4},
        {Term::kTensor, 0.4, 0.5}},
       {{"nvfp4", 0.85, 0.15}},
       1},
      {{"megatron-core-0.8"},
       ModelKind::kDense,
       {{Term::kGemm, 1.05, 0.15}, {Term::kMemory, 1.4, 0.4}, {Term::kTensor, 0.4, 0.5}},
       {},
       1},
      // 4, 5: experts and hybrids: the host launches many small kernels.
      {{"megatron-bridge"},
       ModelKind::kExperts,
       {{Term::kGemm, 1.0, 0.1},
        {Term::kAttention, 0.9, 0.4},
        {Term::kExperts, 1.6, 0.4, 0.0, 0.15},
        {Term::kMemory, 1.6, 0.4, 0.0, 0.6},
        {Term::kExpertTraffic, 0.3, 0.6, 0.0, 1.0},
        {Term::kLayerLaunch, 4e-3, 0.8, 0.1, 0.6},
        {Term::kExpertLaunch, 2e-4, 1.0, 0.0, 0.6}},
       {{"bf16", 1.2, 0.3}, {"mxfp8", 0.9, 0.12}},
       1,
       {"", kFirstWindow, kSecondWindow}},
      {{"megatron-bridge"},
       ModelKind::kHybrid,
       {{Term::kGemm, 1.0, 0.1},
        {Term::kAttention, 0.9, 0.2},
        {Term::kExperts, 1.6, 0.4},
        {Term::kMemory, 2.0, 0.4, 0.0, 0.2},
        {Term::kExpertTraffic, 0.5, 0.5, 0.0, 0.3},
        {Term::kLayerLaunch, 4e-3, 0.8, 0.0, 0.4},
        {Term::kExpertLaunch, 2e-4, 1.0, 0.0, 0.4}},
       {{"nvfp4", 0.85, 0.12}, {"mxfp8", 0.9, 0.12}},
       1,
       {"", kSecondWindow}},
      // 6, 7: XLA on TPU: one set of habits, products and the data-centre network by chip.
      {{"maxtext", "mlperf-google"},
       ModelKind::kDense,
       {{Term::kGemm, 1.1, 0.3, 0.15},
        {Term::kAttention, 1.0, 0.25, 0.1},
        {Term::kMemory, 1.5, 0.4, 0.4},
        {Term::kTensor, 0.4, 0.5},
        {Term::kData, 0.8, 0.4, 0.2},
        {Term::kSlices, 1.2, 0.5, 0.3}},
       // Gradients of weights stay in 16 bits: a third of the products at half the rate.
       {{"int8", 4.0 / 3.0, 0.2}, {"fp8", 1.0, 0.15}}},
      {{"maxtext"},
       ModelKind::kExperts,
       {{Term::kGemm, 1.0, 0.1},
        {Term::kExperts, 1.5, 0.5},
        {Term::kMemory, 1.5, 0.4},
        {Term::kData, 1.0, 0.4}},
       {{"fp8", 1.0, 0.15}},
       6},
      // 8: Trainium.
      {{"neuron"},
       ModelKind::kDense,
       {{Term::kGemm, 1.4, 0.5},
        {Term::kMemory, 1.4, 0.4},
        {Term::kTensor, 0.8, 0.5},
        {Term::kData, 1.2, 0.4}},
       {}},
      // 9, 10: vTrain's measurements: small models that the host holds up.
      {{"vtrain-single-node"},
       ModelKind::kDense,
       {{Term::kGemm, 1.15, 0.5},
        {Term::kAttention, 1.0, 0.25},
        {Term::kMemory, 1.4, 0.4},
        {Term::kTensor, 0.8, 0.5},
        {Term::kData, 1.2, 0.4},
        {Term::kLayerLaunch, 3e-3, 2.0}},
       {}},
      {{"vtrain-multi-node"},
       ModelKind::kDense,
       {{Term::kGemm, 1.15, 0.5},
        {Term::kAttention, 1.0, 0.25},
        {Term::kMemory, 1.4, 0.4},
        {Term::kTensor, 0.8, 0.5},
        {Term::kData, 1.2, 0.6},
        {Term::kTransfer, 1.5, 1.0},
        {Term::kLayerLaunch, 3e-3, 2.0}},
       {}},
  };
  return all;
}

const Family* family_of(const TrainingRow& row) {
  for (const Family& family : families()) {
    if (family.models == row.model->kind() &&
        std::find(family.stacks.begin(), family.stacks.end(), row.stack) != family.stacks.end()) {
      return &family;
    }
  }
  return nullptr;
}

std::string window_of(const TrainingRow& row) {
  const Family* family = family_of(row);
  std::string window;
  if (family == nullptr) return window;
  for (const std::string& from : family->windows) {
    if (from == kSecondWindow && !is_blackwell(row.slice.accelerator->name)) continue;
    if (from <= row.release) window = from;
  }
  return window;
}

}  // namespace busbar::validation
