/// How long a training step takes, whether it fits, and why: the interface the engine asks.
#pragma once

#include <string>
#include <string_view>

#include "sim/base/registry.h"
#include "sim/model/platform.h"
#include "sim/model/workload.h"

namespace busbar::training {

/// What is trained and how.
struct Task {
  const model::LanguageModel* model = nullptr;
  double sequence = 0.0;             // tokens
  double global_batch_tokens = 0.0;  // 0: chosen by the step model
  std::string_view precision = "bf16";
  model::ParallelPlan plan;  // zeros: chosen by the step model
};

/// What it is trained on: chips of one kind of domain.
struct Slice {
  const model::Accelerator* accelerator = nullptr;
  const model::Node* node = nullptr;
  const model::Domain* domain = nullptr;
  const model::Nic* nic = nullptr;        // null: none
  const model::Fabric* fabric = nullptr;  // null: domains are not joined
  double chips = 1.0;
  int domains = 1;
  double efficiency = 1.0;  // of the model on this vendor, relative to the estimate
};

/// What limits a step.
enum class Bound { kCompute, kMemory, kNetwork, kPipeline, kBatch };

/// The answer. Times in seconds, for one step.
struct StepEstimate {
  bool feasible = false;
  std::string reason;  // why not
  double step_s = 0.0;
  double compute_s = 0.0, exposed_communication_s = 0.0, bubble_s = 0.0;
  double tokens = 0.0;                // of one step
  double mfu = 0.0;                   // model FLOPs over peak, causal attention counted as executed
  double memory_bytes = 0.0;          // of one chip
  model::ParallelPlan plan;           // as used
  double domain_traffic_bytes = 0.0;  // that leave all domains together, one direction
  double gradient_bytes = 0.0;        // of one whole replica
  double compute_fraction = 0.0, communication_fraction = 0.0;  // of the step, for power
  Bound bound = Bound::kCompute;
};

/// Estimates steps. Pure: equal questions have equal answers.
class StepModel {
 public:
  virtual ~StepModel() = default;
  virtual StepEstimate estimate(const Task& task, const Slice& slice) const = 0;
};

/// The first `chips` chips of a cluster, in as few domains as hold them. The slice refers into
/// `platform`.
Slice slice_of(const model::Platform& platform, const model::Cluster& cluster, double chips);

/// The first rule that the given parts of a plan break, in words; empty: none. Rules: the chip has
/// the precision, tensor parallelism divides the heads, every stage has a layer, tensor x pipeline
/// divides the chips, and replicas x micro-batch divide the batch.
std::string broken_rule(const Task& task, const Slice& slice);

void add_builtin(base::Registry<StepModel>& models);

}  // namespace busbar::training
