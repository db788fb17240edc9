/// How well a chip runs with a software stack: measured curves and fitted constants. Read from
/// `platforms/catalog/efficiency`, written by `busbar calibrate`.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/quantity.h"

namespace busbar::model {

struct Accelerator;

/// Size-dependent speed of matrix products at one precision; see `compute::gemm_time`.
struct GemmCurve {
  double ceiling = 0.75;                          // of peak, for large products
  double m_half = 0.0, n_half = 0.0, k_half = 0;  // extents at which the speed is halved
  double memory_ceiling = 0.75;                   // of peak memory bandwidth
  base::Seconds launch;                           // of one kernel alone
};

/// Time of one collective over its wire size x (bytes a rank sends): a + x/B + sqrt(x half)/B.
struct CollectiveCurve {
  base::Seconds startup;
  base::BytesPerSecond bandwidth;
  base::Bytes half;
};

/// One way of a library to run a collective: a startup and a bandwidth over the wire size.
struct ProtocolLine {
  base::Seconds startup;
  base::BytesPerSecond bandwidth;
};

/// Measured time of one collective among `ranks` chips of one switched domain or slice: that of the
/// fastest of its protocols (NCCL's LL, LL128 and Simple).
struct CollectiveTiming {
  std::string operation;
  int ranks = 0;
  std::string numbers;              // `int8`, or empty: any that has no timing of its own
  std::vector<ProtocolLine> lines;  // by rising startup
};

/// What a training step is made of. Constants of times multiply what the kernel curves say, those
/// of launches are seconds.
enum class Term {
  kGemm,           // matrix products of dense layers
  kAttention,      // scores and values, logits, state-space scans
  kExperts,        // matrix products of experts
  kMemory,         // what is bound by memory bandwidth
  kTensor,         // exposed share of tensor- and context-parallel traffic
  kExpertTraffic,  // exposed share of the all-to-all
  kTransfer,       // activations between pipeline stages
  kData,           // gradients and sharded weights inside the scale-up network or over NICs
  kSlices,         // gradients between slices over the data-centre network
  kLayerLaunch,    // seconds of host work a layer and micro-batch
  kExpertLaunch,   // seconds of host work a local expert, layer and micro-batch
};
inline constexpr size_t kTerms = 11;
inline constexpr std::array<std::string_view, kTerms> kTermNames = {
    "gemm",     "attention", "experts", "memory",       "tensor",       "expert-traffic",
    "transfer", "data",      "slices",  "layer-launch", "expert-launch"};

/// What kind of model constants were fitted on: their kernels and their recipes differ.
enum class ModelKind { kDense, kExperts, kHybrid };
inline constexpr std::array<std::string_view, 3> kModelKindNames = {"dense", "experts", "hybrid"};

/// Constants of one software release (and those after it, up to the next).
struct StepConstants {
  std::string release;  // empty: any
  ModelKind models = ModelKind::kDense;
  std::array<double, kTerms> value{1.0, 1.0, 1.0, 1.0, 0.4, 0.4, 1.0, 1.0, 1.0, 0.0, 0.0};
  std::map<std::string, double, std::less<>> precision_factor;  // of gemm and experts
  std::set<std::string, std::less<>> precisions;                // of these runs
  double null_mfu = 0.0;  // of the null model: the median share of peak that these runs reach
  int rows = 0;           // they were fitted on
  double chips = 0.0;     // of the largest of these runs
  double error = 0.0;     // mean absolute percentage error of that fit, as a fraction
  double operator[](Term term) const { return value[static_cast<size_t>(term)]; }
  double& operator[](Term term) { return value[static_cast<size_t>(term)]; }
};

/// How a stack runs a step.
enum class StackStyle {
  kMegatron,  // pipeline stages and micro-batches, gradients overlap the backward pass
  kXla,       // one program: weights sharded over the torus, no host between layers
  kNeuron,    // as Megatron, two ranks a chip
};

/// One chip with one stack.
struct Efficiency {
  std::string accelerator;
  std::string stack;  // empty: kernels alone
  StackStyle style = StackStyle::kMegatron;
  bool fused_attention = true;  // scores stay on the chip
  bool overlaps = true;         // traffic of gradients and stages hides behind other work
  std::map<std::string, GemmCurve, std::less<>> gemm;               // by precision
  std::map<std::string, CollectiveCurve, std::less<>> collectives;  // by operation
  std::vector<CollectiveTiming> timings;
  std::vector<StepConstants> steps;  // by release, oldest first
};

}  // namespace busbar::model
