/// Pipeline schedules, operation by operation: the check of the closed forms, and their picture.
///
/// Stages pass micro-batches on, forward and back. A schedule fixes the order of operations of each
/// rank; when they run follows from what they wait for. See sim/doc/models/training.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/model/workload.h"

namespace busbar::training {

/// One forward, one backward; interleaved when a rank has several chunks of layers (Narayanan et
/// al., SC21). Zero bubble: with one chunk, the backward pass is split and its weight gradients
/// fill what would be idle, with no more activations than the first rank above holds (ZB-H1; Qi et
/// al., 2023). DualPipe: micro-batches enter from both ends, each rank holds two stages
/// (DeepSeek-V3 report, 2024).
using Schedule = model::PipelineSchedule;

/// Times of one micro-batch in one chunk of layers.
struct ChunkTimes {
  double forward_s = 0.0;
  double backward_input_s = 0.0;   // gradients that the chunk before waits for
  double backward_weight_s = 0.0;  // gradients of its own weights
  double total_s() const { return forward_s + backward_input_s + backward_weight_s; }
};

struct Pipeline {
  Schedule schedule = Schedule::kOneForwardOneBackward;
  int ranks = 1;
  int chunks = 1;  // of each rank; chunk c of rank r holds the layers after those of chunk c of r-1
  int micro_batches = 1;
  std::vector<ChunkTimes> times;  // one for all chunks, or ranks × chunks in the order of layers
  double transfer_s = 0.0;        // between neighbours, hidden from neither
};

enum class OperationKind : std::int8_t { kForward, kBackward, kWeightGradient };

/// One piece of work of one rank. `kBackward` holds the weight gradients too, unless they are
/// split off.
struct Operation {
  OperationKind kind;
  int rank, chunk, micro_batch;  // of DualPipe: chunk 1 came from the last rank
  double begin_s, end_s;
};

struct PipelineRun {
  std::vector<Operation> operations;  // in the order of their begin
  double makespan_s = 0.0;
  double busy_s = 0.0;              // of all ranks together
  std::vector<int> most_in_flight;  // by rank: micro-batches × chunks whose activations are held
  /// Share of rank-time without work.
  double idle_share() const;
};

/// Why a pipeline cannot run; empty: it can.
std::string obstacle(const Pipeline& pipeline);

/// Runs a schedule, in O(operations × log ranks). The pipeline must have no obstacle.
PipelineRun run_pipeline(const Pipeline& pipeline);

/// Time that every rank is idle in a step, for equal chunks and free transfers:
/// (p-1)(f+b+w) of one chunk, (p-1)(f+b-w) where weight gradients fill the gaps, and
/// (p/2-1)(f+2b-w) from both ends, with b the gradients of inputs alone.
double bubble_s(Schedule schedule, int ranks, const ChunkTimes& chunk);

}  // namespace busbar::training
