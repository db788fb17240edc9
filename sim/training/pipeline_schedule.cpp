#include "sim/training/pipeline_schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <queue>
#include <utility>

#include "sim/training/dual_pipe.h"

namespace busbar::training {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::infinity();

// An entry of the fixed order of a rank.
struct Entry {
  OperationKind kind;
  int chunk, micro_batch;
};

// Micro-batches go through the chunks in groups of as many as there are ranks; a rank begins with
// enough forward passes to keep those after it busy, then alternates.
std::vector<Entry> order_of(const Pipeline& pipeline, int rank) {
  const int p = pipeline.ranks, v = pipeline.chunks;
  const int total = pipeline.micro_batches * v;
  const int lead = v == 1 ? p - rank - 1 : 2 * (p - rank - 1) + (v - 1) * p;
  const int warm_up = std::min(total, lead);
  const auto entry = [&](OperationKind kind, int number) {
    const int group = v == 1 ? 1 : p;
    const int within = number % (group * v);
    const int chunk = within / group;
    return Entry{kind, kind == OperationKind::kForward ? chunk : v - 1 - chunk,
                 number / (group * v) * group + within % group};
  };
  std::vector<Entry> order;
  order.reserve(2 * static_cast<size_t>(total));
  for (int n = 0; n < warm_up; ++n) order.push_back(entry(OperationKind::kForward, n));
  for (int n = 0; n < total; ++n) {
    if (warm_up + n < total) order.push_back(entry(OperationKind::kForward, warm_up + n));
    order.push_back(entry(OperationKind::kBackward, n));
  }
  return order;
}

struct Rank {
  std::vector<Entry> order;
  size_t next = 0;
  double free_s = 0.0;
  bool sleeping = false;  // until what it waits for has begun elsewhere
  int in_flight = 0;
  int backwards = 0, weights = 0;  // done, where weight gradients are split off
  bool has_weights() const { return weights < backwards; }
};

class Run {
 public:
  explicit Run(const Pipeline& pipeline)
      : pipeline_(pipeline),
        split_(pipeline.schedule == Schedule::kZeroBubble),
        stages_(pipeline.ranks * pipeline.chunks),
        forward_end_(static_cast<size_t>(stages_ * pipeline.micro_batches), kUnknown),
        backward_end_(forward_end_) {
    for (int rank = 0; rank < pipeline.ranks; ++rank) {
      ranks_.emplace_back().order = order_of(pipeline, rank);
      wake(rank, 0.0);
    }
    result_.most_in_flight.assign(ranks_.size(), 0);
    result_.operations.reserve(static_cast<size_t>(stages_ * pipeline.micro_batches) *
                               (split_ ? 3 : 2));
  }

  PipelineRun go() {
    while (!events_.empty()) {
      const auto [now, rank] = events_.top();
      events_.pop();
      step(rank, now);
    }
    return std::move(result_);
  }

 private:
  int stage_of(int rank, int chunk) const { return chunk * pipeline_.ranks + rank; }
  size_t at(int stage, int micro_batch) const {
    return static_cast<size_t>(stage) * static_cast<size_t>(pipeline_.micro_batches) +
           static_cast<size_t>(micro_batch);
  }
  const ChunkTimes& times(int stage) const {
    return pipeline_.times.size() == 1 ? pipeline_.times.front()
                                       : pipeline_.times[static_cast<size_t>(stage)];
  }
  void wake(int rank, double at_s) { events_.emplace(at_s, rank); }

  // When what an operation needs has arrived; kUnknown: it has not even begun.
  double ready_s(int rank, const Entry& entry) const {
    const int stage = stage_of(rank, entry.chunk);
    if (entry.kind == OperationKind::kForward) {
      if (stage == 0) return 0.0;
      return forward_end_[at(stage - 1, entry.micro_batch)] + pipeline_.transfer_s;
    }
    if (stage == stages_ - 1) return forward_end_[at(stage, entry.micro_batch)];
    return backward_end_[at(stage + 1, entry.micro_batch)] + pipeline_.transfer_s;
  }

  // The next operation of a rank that is free: its order first, then weight gradients, else sleep.
  void step(int index, double now) {
    Rank& rank = ranks_[static_cast<size_t>(index)];
    if (rank.free_s > now) return;
    if (rank.next < rank.order.size()) {
      const Entry entry = rank.order[rank.next];
      const bool full = split_ && entry.kind == OperationKind::kForward &&
                        rank.in_flight >= pipeline_.ranks && rank.has_weights();
      const double ready = full ? kUnknown : ready_s(index, entry);
      if (ready <= now) {
        ++rank.next;
        rank.sleeping = false;
        return perform(index, entry, now);
      }
      if (!rank.has_weights()) {
        rank.sleeping = ready == kUnknown;
        if (!rank.sleeping) wake(index, ready);
        return;
      }
    }
    if (!rank.has_weights()) return;
    // One chunk a rank: backward passes are in the order of micro-batches.
    perform(index, {OperationKind::kWeightGradient, 0, rank.weights++}, now);
  }

  void perform(int index, const Entry& entry, double now) {
    Rank& rank = ranks_[static_cast<size_t>(index)];
    const int stage = stage_of(index, entry.chunk);
    const ChunkTimes& t = times(stage);
    double seconds = t.forward_s;
    if (entry.kind == OperationKind::kBackward) {
      seconds = t.backward_input_s + (split_ ? 0.0 : t.backward_weight_s);
    } else if (entry.kind == OperationKind::kWeightGradient) {
      seconds = t.backward_weight_s;
    }
    const double end = now + seconds;
    rank.free_s = end;
    result_.operations.push_back({entry.kind, index, entry.chunk, entry.micro_batch, now, end});
    result_.busy_s += seconds;
    result_.makespan_s = std::max(result_.makespan_s, end);
    wake(index, end);
    if (entry.kind == OperationKind::kForward) {
      forward_end_[at(stage, entry.micro_batch)] = end;
      int& most = result_.most_in_flight[static_cast<size_t>(index)];
      most = std::max(most, ++rank.in_flight);
      if (stage + 1 < stages_) tell((index + 1) % pipeline_.ranks, end);
    } else if (entry.kind == OperationKind::kBackward) {
      backward_end_[at(stage, entry.micro_batch)] = end;
      if (split_) {
        ++rank.backwards;
      } else {
        --rank.in_flight;
      }
      if (stage > 0) tell((index + pipeline_.ranks - 1) % pipeline_.ranks, end);
    } else {
      --rank.in_flight;
    }
  }

  // A neighbour that sleeps looks again when the transfer has arrived.
  void tell(int index, double end_s) {
    if (ranks_[static_cast<size_t>(index)].sleeping) wake(index, end_s + pipeline_.transfer_s);
  }

  using Event = std::pair<double, int>;  // time, then rank
  const Pipeline& pipeline_;
  bool split_;
  int stages_;  // of all ranks: ranks × chunks
  std::vector<double> forward_end_, backward_end_;
  std::vector<Rank> ranks_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  PipelineRun result_;
};

}  // namespace

double PipelineRun::idle_share() const {
  const double all = makespan_s * static_cast<double>(most_in_flight.size());
  return all > 0.0 ? 1.0 - busy_s / all : 0.0;
}

std::string obstacle(const Pipeline& pipeline) {
  if (pipeline.ranks < 1 || pipeline.chunks < 1 || pipeline.micro_batches < 1) {
    return "a pipeline needs at least one rank, one chunk and one micro-batch";
  }
  const auto chunks = static_cast<size_t>(pipeline.ranks) * static_cast<size_t>(pipeline.chunks);
  if (pipeline.times.size() != 1 && pipeline.times.size() != chunks) {
    return fmt::format("times of 1 or {} chunks are needed, {} are given", chunks,
                       pipeline.times.size());
  }
  if (pipeline.chunks > 1 && pipeline.schedule != Schedule::kOneForwardOneBackward) {
    return "zero-bubble and DualPipe schedules have one chunk a rank";
  }
  if (pipeline.schedule == Schedule::kDualPipe) {
    const bool even = pipeline.ranks % 2 == 0 && pipeline.micro_batches % 2 == 0;
    if (!even || pipeline.micro_batches < 2 * pipeline.ranks) {
      return fmt::format(
          "DualPipe needs an even number of ranks and of micro-batches, at least two a rank: not "
          "{} "
          "and {}",
          pipeline.ranks, pipeline.micro_batches);
    }
  }
  if (pipeline.chunks > 1 && pipeline.micro_batches % pipeline.ranks != 0) {
    return fmt::format("an interleaved schedule needs a multiple of {} micro-batches, not {}",
                       pipeline.ranks, pipeline.micro_batches);
  }
  return {};
}

PipelineRun run_pipeline(const Pipeline& pipeline) {
  return pipeline.schedule == Schedule::kDualPipe ? run_dual_pipe(pipeline) : Run(pipeline).go();
}

double bubble_s(Schedule schedule, int ranks, const ChunkTimes& chunk) {
  if (schedule == Schedule::kDualPipe) {
    const double pair = chunk.forward_s + 2.0 * chunk.backward_input_s - chunk.backward_weight_s;
    return std::max(0.0, (ranks / 2 - 1) * pair);
  }
  const double weights =
      schedule == Schedule::kZeroBubble ? -chunk.backward_weight_s : chunk.backward_weight_s;
  const double one = chunk.forward_s + chunk.backward_input_s + weights;
  return std::max(0.0, (ranks - 1) * one);
}

}  // namespace busbar::training
