/// What is simulated, the load side: language models, training streams, services, replayed logs.
///
/// Plain immutable structs in SI units. References to the platform are by name (vendors,
/// organisations, regions) and are resolved and cross-checked by `sim/input`.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/quantity.h"
#include "sim/model/efficiency.h"
#include "sim/model/provenance.h"
#include "sim/model/resilience.h"

namespace busbar::model {

using base::Id;
using base::Table;

// ── Language models ──────────────────────────────────────────────────────────────────────────────

enum class AttentionKind { kFull, kSlidingWindow, kLatent, kSparse, kStateSpace, kNone };
enum class FeedForwardKind { kDense, kExperts, kNone };
enum class Activation { kSwiglu, kGelu, kSquaredRelu };  // 3, 2, 2 matrices

struct Attention {
  AttentionKind kind = AttentionKind::kFull;
  int heads = 0, kv_heads = 0, head_dim = 0;
  int window = 0;                                 // sliding window, in tokens
  int q_rank = 0, kv_rank = 0;                    // latent: compressed query and key-value widths
  int nope_dim = 0, rope_dim = 0, value_dim = 0;  // latent: per head
  int selected = 0;                               // sparse: tokens attended to
  int state_dim = 0, state_groups = 0, convolution = 0;  // state space
};

struct FeedForward {
  FeedForwardKind kind = FeedForwardKind::kDense;
  Activation activation = Activation::kSwiglu;
  double width = 0;  // of one dense block or one expert
  int experts = 0, experts_per_token = 0;
  double shared_width = 0;  // of the shared expert; 0: none
  double latent_width = 0;  // latent MoE; 0: none
};

/// `count` equal layers.
struct LayerGroup {
  int count = 0;
  Attention attention;
  FeedForward feed_forward;
};

struct LanguageModel {
  std::string name;
  std::string title;
  std::vector<std::string> aliases;  // names of published tables
  int hidden = 0;
  int vocabulary = 0;
  bool tied_embeddings = false;
  int context = 0;  // tokens of its standard training sequence
  std::vector<LayerGroup> layers;
  int multi_token_prediction = 0;      // extra prediction layers
  double published_parameters = 0.0;   // 0: none published
  double critical_batch_tokens = 0.0;  // 0: unknown
  double low_communication_token_factor =
      1.0;  // tokens to target over those of synchronous training

  int layer_count() const;
  /// All weights, embeddings included (once if tied), multi-token-prediction layers left out.
  double parameters() const;
  /// Weights that one token passes, the input embedding table left out.
  double active_parameters() const;
  /// Forward FLOPs of one token at a sequence length, causal attention counted as executed (half).
  double forward_flops_per_token(double sequence) const;
  /// Training FLOPs of one token: three times the forward pass.
  double training_flops_per_token(double sequence) const;
  ModelKind kind() const;
  /// Bytes of keys and values that one token adds to a cache, at `bytes` a number, while no sliding
  /// window is full.
  double cache_bytes_per_token(double bytes) const;
  /// Bytes of the whole cache after `tokens` tokens: a sliding window keeps at most its window,
  /// state-space layers a state that does not grow.
  double cache_bytes(double tokens, double bytes) const;
};

/// How well a model runs on a vendor's chips.
struct Portability {
  Id<LanguageModel> model;
  std::string vendor;
  double efficiency = 1.0;       // relative to the reference vendor
  base::Seconds switching_time;  // to move a running job there
  double from_unix_s = 0.0;      // port date; 0: always
};

// ── Random quantities and arrivals ───────────────────────────────────────────────────────────────

enum class DistributionKind { kConstant, kExponential, kLogNormal, kUniform, kChoice };

/// A distribution of SI values.
struct Distribution {
  DistributionKind kind = DistributionKind::kConstant;
  double location = 0.0;  // constant, mean (exponential), median (log-normal) or low end (uniform)
  double spread = 0.0;    // sigma of the logarithm, or high end (uniform)
  double least = 0.0;     // bounds, by clamping
  double most = 0.0;      // 0: none
  std::vector<double> values, weights;  // choice
};

/// When jobs of a stream arrive. Rate(t) = rate × growth × daily(t) × weekly(t).
struct Arrivals {
  std::string process;           // a registered arrival process: `poisson`, …
  base::Hertz rate;              // mean over a week at the start
  double daily_amplitude = 0.0;  // 0.4: ±40 % over the day
  double peak_hour_utc = 14.0;
  double weekend_factor = 1.0;          // rate on Saturdays and Sundays over weekdays
  double growth_per_year = 1.0;         // 7: sevenfold in a year
  double gap_cv = 1.0;                  // `gamma`: coefficient of variation of the gaps
  double burst_factor = 1.0;            // `mmpp`: rate in a burst over the rate in between
  base::Seconds burst_time, calm_time;  // `mmpp`: mean lengths of bursts and of what is between
  double batch_share = 0.0;  // share of jobs that come in the same second as the one before
};

// ── Load ─────────────────────────────────────────────────────────────────────────────────────────

enum class JobKind { kRigid, kPretraining, kFineTuning, kEvaluation, kReinforcement, kInference };

/// How far one job may spread.
enum class Span { kDomain, kCluster, kSite, kWorld };

/// The order in which a pipeline's ranks work; one forward, one backward interleaves where stages
/// have several chunks.
enum class PipelineSchedule { kOneForwardOneBackward, kZeroBubble, kDualPipe };

/// Activations that the backward pass computes again: none, those of attention scores, all.
enum class Recompute { kChosen, kNone, kSelective, kFull };

/// How much of weights, gradients and optimizer state data-parallel ranks share out.
enum class Sharding { kChosen, kReplicated, kOptimizer, kGradients, kWeights };  // ZeRO 0 to 3

/// The parallel plan of a job as given; 0 = to be chosen.
struct ParallelPlan {
  int tensor = 0, pipeline = 0, virtual_pipeline = 0, context = 0, expert = 0;
  int micro_batch = 0;  // sequences
  int slices = 0;       // data-parallel groups joined by the data-centre network alone
  int shard_ranks = 0;  // over which weights are shared out; 0: all data-parallel ranks of a slice
  PipelineSchedule schedule = PipelineSchedule::kOneForwardOneBackward;
  Sharding sharding = Sharding::kChosen;
  Recompute recompute = Recompute::kChosen;
  double recomputed_share = 1.0;   // of the layers, where they are recomputed in full
  bool sequence_parallel = true;   // norms and residuals shared out over the tensor-parallel group
  bool offload = false;            // saved activations wait in host memory
  bool offload_optimizer = false;  // …and the state of the optimizer
};

/// How the sites of one job exchange what they learn. Every step means synchronous data
/// parallelism; every so many steps, a low-communication method with an outer optimizer (DiLoCo).
struct AcrossSites {
  int sync_every = 1;                    // steps from one exchange to the next
  std::string outer_precision = "bf16";  // of the numbers exchanged
  bool overlapped = true;                // hidden behind compute; else the chips wait for it
  int fragments = 1;  // low communication, overlapped: parts of the model that take turns

  /// Bytes of one exchanged number; 0: unknown precision.
  double bytes_per_number() const;
  /// Precisions that may be exchanged, sorted.
  static std::vector<std::string> precisions();
};

/// Whether chips wait while a checkpoint is written.
enum class Checkpointing { kBlocking, kBackground };

/// Sizes at which a stream's elastic jobs can run, beside the one that they ask for.
struct ElasticSizes {
  std::vector<std::int64_t> listed;  // ascending; empty: by bounds
  std::int64_t least = 0, most = 0;  // chips
  std::int64_t step = 0;             // multiples of this; 0: what is asked for, halved and doubled
  base::Location where;
  bool scales_batch = false;           // with the chips; else the global batch stays
  static constexpr size_t kMost = 64;  // sizes of one job

  /// Ascending, with the size that the job asks for.
  std::vector<std::int64_t> of(std::int64_t asked) const;
};

/// A share of a stream's jobs that does not do all its work, and for how long it runs.
struct EarlyEnd {
  double share = 0.0;
  Distribution after_s;
};

/// Like jobs of one submission, of which only some may run or wait in queues at a time.
struct JobArray {
  Distribution tasks;
  int at_once = 0;                       // 0: no limit
  static constexpr int kMost = 100'000;  // tasks of one array
};

/// A stream of like training jobs. Without arrivals (rate 0) its jobs follow those of another, or
/// only campaigns use it.
struct TrainingStream {
  std::string name;
  JobKind kind = JobKind::kPretraining;
  Id<LanguageModel> model;
  std::string organisation;
  std::vector<std::string> vendors;   // may run on these; empty: any
  std::vector<std::string> clusters;  // only these; empty: any
  std::vector<std::string> sites;     // only these; empty: any
  std::string data;                   // site of its data; empty: not said
  Arrivals arrivals;
  Id<TrainingStream> after;  // each ended job of that stream submits one of this; none: arrivals
  bool only_if_done = true;  // …if it completed; else whatever became of it
  std::optional<JobArray> array;  // what a submission brings; none: one job
  Distribution chips;
  Distribution duration_s;         // on the reference vendor; or…
  Distribution tokens;             // …tokens to train (location 0: use duration)
  Distribution request_factor;     // requested time over estimated run time, at least 1
  EarlyEnd failure, cancellation;  // by the users themselves
  std::string precision = "bf16";
  double sequence = 0.0;             // tokens; 0: the model's context
  double global_batch_tokens = 0.0;  // 0: scaled with the chips
  ParallelPlan plan;
  Span span = Span::kCluster;
  AcrossSites across_sites;           // when a job spans several
  base::Seconds checkpoint_interval;  // 0: none are written
  Checkpointing checkpointing = Checkpointing::kBlocking;
  Resilience resilience;
  int priority = 0;
  std::optional<ElasticSizes> elastic;  // none: jobs keep the size that they ask for
  base::Seconds deadline;               // after submission; 0: none
};

/// A replayed log of jobs.
struct ReplayedTrace {
  std::string name;
  std::string href;    // as written; resolved against the file it stands in
  std::string path;    // resolved
  std::string format;  // a registered log reader: `rigid-csv`, `swf`, `philly`; empty: by content
  std::string organisation;
  std::vector<std::string> clusters, vendors;
  bool dependencies = false;  // jobs follow those that the log says they followed
  base::Location where;
};

/// Requests of one region to one service.
struct Demand {
  std::string region;
  base::Hertz requests;  // mean at the start; or…
  double daily_amplitude = 0.0;
  double peak_hour_local = 15.0;
  std::string log_path;              // …a log of requests, replayed from the start
  double scale = 1.0;                // requests for each one of the log
  bool repeat = false;               // begin the log again when it ends
  std::vector<double> logged_per_s;  // requests per second, hour by hour of the log, scaled
  base::Location where;
};

/// Where the replicas of one phase of a disaggregated service stand. Empty lists: anywhere.
struct ServicePhase {
  std::vector<std::string> vendors, sites, clusters;
  int chips_per_replica = 0;  // 0: the fewest that hold weights and cache
  base::Location where;
};

/// Prompts and tokens on replicas of their own: the cache of every prompt goes from one to the
/// other.
struct Disaggregation {
  ServicePhase prefill, decode;
  bool overlapped = false;  // layers are sent while later ones are computed
};

/// An inference service.
struct Service {
  std::string name;
  Id<LanguageModel> model;
  std::string organisation;
  std::vector<std::string> vendors, sites;
  std::vector<Demand> demands;
  double growth_per_year = 1.0;
  double input_tokens = 0.0, output_tokens = 0.0;  // mean of one request; 0: of its logs
  base::Seconds ttft_slo, tpot_slo;
  std::string precision = "fp8";
  int chips_per_replica = 0;                    // 0: the fewest that hold weights and cache
  double batch_tokens_per_s = 0.0;              // output tokens of requests that may wait…
  base::Seconds batch_deadline;                 // …for so long
  std::optional<Disaggregation> disaggregated;  // else replicas do both
};

/// One stage of a campaign: waits for its predecessors.
struct CampaignStage {
  std::string name;
  std::string stream;
  int jobs = 1;
  std::vector<std::string> after;
};
struct Campaign {
  std::string name;
  std::vector<CampaignStage> stages;
  double start_unix_s = 0.0;   // 0: with the scenario
  double finish_unix_s = 0.0;  // when it should be done; 0: not said, or…
  base::Seconds within;        // …so long after its start
  /// Its start in a scenario; one that began before begins with it.
  double start_s(double scenario_start_unix_s) const {
    return std::max(0.0, start_unix_s - scenario_start_unix_s);
  }
  /// When it should be done, in seconds of a scenario; NaN: no date.
  double due_s(double scenario_start_unix_s) const;
};

/// A CSV of measured step times that replaces the built-in estimate.
struct StepTimeTable {
  std::string name, path;
  base::Location where;
};

/// The load side of a scenario.
struct Workload {
  std::string name;
  std::string title;
  Table<LanguageModel> models;
  std::vector<Portability> portability;
  Table<TrainingStream> streams;
  Table<ReplayedTrace> traces;
  Table<Service> services;
  Table<Campaign> campaigns;
  std::vector<StepTimeTable> step_time_tables;
  std::vector<Citation> citations;
  std::vector<Unused> unused;
};

}  // namespace busbar::model
