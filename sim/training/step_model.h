/// How long a training step takes, whether it fits, and why: the interface the engine asks.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/registry.h"
#include "sim/model/platform.h"
#include "sim/model/workload.h"

namespace busbar::training {

/// Whether all weights are trained, or low-rank adapters beside frozen weights.
enum class Tuning { kAll, kLowRank };

/// What is trained and how.
struct Task {
  const model::LanguageModel* model = nullptr;
  double sequence = 0.0;             // tokens
  double global_batch_tokens = 0.0;  // 0: chosen by the step model
  std::string precision = "bf16";
  model::ParallelPlan plan;  // zeros: chosen by the step model
  Tuning tuning = Tuning::kAll;
  int sync_every = 1;             // steps between exchanges of gradients between slices
  double expert_imbalance = 1.0;  // rows of the busiest expert rank over the mean
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
  int ranks_per_chip = 1;
  int domain_size = 0;  // chips that the scale-up network joins; 0: as the domain says
  const model::Efficiency* kernels = nullptr;  // curves of the chip; null: none measured
  const model::Efficiency* stack = nullptr;    // how its software runs a step; null: unknown
  model::StepConstants constants;              // of its release
  std::string caution;                         // what the constants stand in for; empty: nothing
  bool screened = false;                       // slow machines were left out, as published runs do
  double domain_chips() const { return domain_size > 0 ? domain_size : domain->chips_usable; }
};

/// What limits a step.
enum class Bound { kCompute, kMemory, kNetwork, kPipeline, kBatch, kHost };

/// The parts of the step time, in seconds; they add up to `step_s`.
struct StepTime {
  double step_s = 0.0;
  double compute_s = 0.0;                   // matrix products, attention, scans
  double memory_s = 0.0;                    // what memory bandwidth bounds
  double tensor_s = 0.0;                    // exposed traffic of tensor and context parallelism
  double expert_traffic_s = 0.0;            // exposed all-to-all
  double data_s = 0.0;                      // exposed gradients and sharded weights
  double bubble_s = 0.0, transfer_s = 0.0;  // of the pipeline
  double optimizer_s = 0.0;
  double launch_s = 0.0;      // waits for the host
  double stragglers_s = 0.0;  // waits for the slowest machine
  std::array<double*, 10> parts() {
    return {&compute_s, &memory_s,   &tensor_s,    &expert_traffic_s, &data_s,
            &bubble_s,  &transfer_s, &optimizer_s, &launch_s,         &stragglers_s};
  }
  double sum() const {
    return compute_s + memory_s + tensor_s + expert_traffic_s + data_s + bubble_s + transfer_s +
           optimizer_s + launch_s + stragglers_s;
  }
};

/// One pass over a layer, or a sum of them: seconds on the curves of a rank.
struct PassWork {
  double products_s = 0.0;   // matrix products of dense blocks
  double attention_s = 0.0;  // scores and values, scans; for the head: logits
  double experts_s = 0.0;    // matrix products of routed experts
  double memory_s = 0.0;     // elementwise work at peak memory bandwidth
  double tensor_s = 0.0;     // tensor- and context-parallel traffic
  double expert_traffic_s = 0.0;
  double least_s = 0.0;  // all arithmetic at peak: no estimate is below
  double flops = 0.0;
  PassWork& operator+=(const PassWork& other);
};
PassWork operator*(double factor, PassWork work);

/// One pipeline stage and one micro-batch: both passes and what is recomputed.
struct StageWork {
  PassWork work;
  double layers = 0.0;           // whose kernels the host launches
  double expert_launches = 0.0;  // local experts x layers
  double weights = 0.0, expert_weights = 0.0;
};

/// The parts of a step before any fitted constant, in seconds on the curves of the chip.
struct StepWork {
  StageWork busiest;  // stage, for one micro-batch
  StageWork others;   // mean of the other stages, which the pipeline's bubble waits for
  double micro_batches = 1.0;
  double bubble_chunks = 0.0;  // idle micro-batches of the pipeline: (p-1)/v
  double transfer_s = 0.0;     // between stages, all that is exposed
  double gradients_s = 0.0;    // reduced and gathered once a step
  double sharded_s = 0.0;      // weights gathered and gradients scattered layer by layer
  double slices_s = 0.0;       // gradients between slices
  double optimizer_s = 0.0;
  double model_flops = 0.0;     // of the whole step, over all ranks of the job
  double executed_flops = 0.0;  // recomputation included
  double gradient_bytes = 0.0, domain_traffic_bytes = 0.0;
  double tokens = 0.0;
  bool overlaps = true;  // gradients hide behind the backward pass
  std::string precision;
};

/// Bytes of the fullest rank, by parts.
struct Memory {
  double weights = 0.0, gradients = 0.0, optimizer = 0.0, activations = 0.0, overhead = 0.0;
  double total() const { return weights + gradients + optimizer + activations + overhead; }
};

/// The answer. Times in seconds, for one step.
struct StepEstimate {
  bool feasible = false;
  std::string reason;   // why not
  std::string caution;  // what the constants stand in for; empty: nothing
  double step_s = 0.0;
  StepTime time;
  StepWork work;
  Memory memory;                    // of a rank
  double tokens = 0.0;              // of one step
  double mfu = 0.0;                 // model FLOPs over peak, causal attention counted as executed
  double mfu_full_attention = 0.0;  // …counted in full, as Megatron and MaxText before 2025 print
  double hfu = 0.0;                 // executed FLOPs over peak
  double memory_bytes = 0.0;        // of one chip
  model::ParallelPlan plan;         // as used
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

/// The first `chips` chips of a cluster, in as few domains as hold them, with the newest software
/// for this kind of model. The slice refers into `platform`.
Slice slice_of(const model::Platform& platform, const model::Cluster& cluster, double chips,
               model::ModelKind models, std::string_view precision);

/// Medians term by term of several fits, at least one, and over the precisions that any knows.
model::StepConstants medians(const std::vector<const model::StepConstants*>& fits);

/// What fitted constants have in common with what is asked for.
struct Likeness {
  bool stack = false, window = false, chip = false, vendor = false, precision = false,
       style = false;
  /// The nearest stand in for constants that were never fitted: the same chip before the same stack
  /// (of the same window of releases), before the vendor; of other stacks on the chip those that
  /// ran the precision. Between stacks a chip's products differ by some 6 %, between chips by up to
  /// 24 %.
  int nearness() const {
    return (chip ? 32 : 0) + (stack ? 16 : 0) + (stack && window ? 8 : 0) + (vendor ? 4 : 0) +
           (chip && precision ? 2 : 0) + (style ? 1 : 0);
  }
};

/// Gives a slice the curves of its chip and the constants of a stack and release for a kind of
/// model. Empty stack: the newest that the chip was measured with. Where the chip was not measured
/// so, medians of what is nearest stand in (see `Likeness`), and the slice's caution says so.
void use_stack(const model::Platform& platform, std::string_view stack, std::string_view release,
               model::ModelKind models, std::string_view precision, Slice& slice);

/// The first rule that the given parts of a plan break, in words; empty: none. Rules: the chip has
/// the precision, tensor parallelism divides the heads and expert parallelism the experts, every
/// stage has a layer (or the embedding or the head), tensor x pipeline x context divides the ranks,
/// and replicas x micro-batch divide the batch.
std::string broken_rule(const Task& task, const Slice& slice);

void add_builtin(base::Registry<StepModel>& models);

}  // namespace busbar::training
