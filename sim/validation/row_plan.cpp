#include "sim/validation/row_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/training/plan.h"

namespace busbar::validation {

using model::Recompute;
using model::Sharding;

namespace {

Recompute recompute_of(const std::string& text) {
  if (contains(text, "full") || contains(text, "custom")) return Recompute::kFull;
  if (contains(text, "none")) return Recompute::kNone;
  if (contains(text, "selective") || contains(text, "minimal")) return Recompute::kSelective;
  return Recompute::kChosen;
}

}  // namespace

std::string precision_of(const Fields& row) {
  // The first that is named; a row may say that another is implied.
  std::string word = plain(row.text("precision"));
  if (const size_t implied = word.find("implies"); implied != std::string::npos) {
    word = word.substr(implied);
  }
  std::string first = "bf16";
  size_t place = std::string::npos;
  for (const char* name : {"nvfp4", "mxfp8", "fp8", "int8", "fp4", "fp16", "fp32", "bf16"}) {
    const size_t at = word.find(name);
    if (at < place) {
      place = at;
      first = name;
    }
  }
  return first;
}

void read_plan(const Fields& row, TrainingRow& r) {
  model::ParallelPlan& p = r.task.plan;
  p.tensor = row.count("TP");
  p.pipeline = row.count("PP");
  p.virtual_pipeline = row.count("VPP");
  p.context = row.count("CP");
  p.expert = row.count("EP");
  p.micro_batch = row.count("mbs");
  const std::string recompute = row.text("recompute");
  p.recompute = recompute_of(recompute);
  p.offload = contains(recompute, "offload");
  p.sequence_parallel = !contains(recompute, "no SP") && r.stack != "megatron-lm-2021";
  const std::string data = row.text("DP_or_FSDP");
  p.slices = static_cast<int>(number_after(data, "DP(\\d+) DCN").value_or(0.0));
  const auto fsdp = number_after(data, "FSDP=?(\\d+)");
  const bool sharded = contains(data, "FSDP") && fsdp.value_or(1.0) > 0.0;
  if (sharded || contains(data, "ZeRO-3")) {
    p.sharding = Sharding::kWeights;
  } else if (contains(data, "ZeRO") || contains(data, "dist-opt") || contains(data, "FSDP=0")) {
    p.sharding = Sharding::kOptimizer;
  } else if (data.starts_with("DP") && r.release < "2023") {
    p.sharding = Sharding::kReplicated;
  }
}

void complete(TrainingRow& r) {
  const bool xla = r.slice.stack != nullptr && r.slice.stack->style == model::StackStyle::kXla;
  model::ParallelPlan& p = r.task.plan;
  if (xla) {
    // One program a slice: no micro-batches, weights sharded over all of it.
    p.tensor = std::max(1, p.tensor);
    p.pipeline = 1;
    p.virtual_pipeline = 1;
    p.expert = 1;
    p.context = 0;
    p.micro_batch = 0;
    p.sharding = Sharding::kWeights;
    if (p.slices == 0) {
      p.slices = std::max(1, static_cast<int>(std::lround(r.slice.chips / r.slice.domain_chips())));
    }
  }
  const model::ParallelPlan given = p;
  // With neutral constants, so that what a blank means depends on no fit.
  training::Slice neutral = r.slice;
  neutral.constants = {};
  const auto best = training::best_plan(r.task, neutral);
  if (!best) {
    r.reason = "no legal plan: replicas x micro-batch do not divide the batch";
    return;
  }
  p = best->plan;
  const auto note = [&](const char* name, int was, int now) {
    if (was == 0) r.inferred.push_back(fmt::format("{} {}", name, now));
  };
  note("tensor", given.tensor, p.tensor);
  note("pipeline", given.pipeline, p.pipeline);
  note("chunks", given.virtual_pipeline, p.virtual_pipeline);
  note("context", given.context, p.context);
  note("micro-batch", given.micro_batch, p.micro_batch);
  if (given.recompute == Recompute::kChosen) {
    constexpr const char* kNames[] = {"", "none", "selective", "full"};
    r.inferred.push_back(fmt::format("recompute {}", kNames[static_cast<size_t>(p.recompute)]));
    if (p.recomputed_share < 1.0) {
      r.inferred.push_back(fmt::format("of {:.0f} % of the layers", 100.0 * p.recomputed_share));
    }
  }
  if (p.offload_optimizer && !given.offload_optimizer)
    r.inferred.push_back("optimizer in host memory");
  if (p.offload && !given.offload) r.inferred.push_back("activations in host memory");
  if (!best->fits) {
    r.inferred.push_back(fmt::format("does not fit: {:.0f} GB of {:.0f}",
                                     best->memory.total() / 1e9,
                                     training::usable_memory(r.slice) / 1e9));
  }
}

}  // namespace busbar::validation
