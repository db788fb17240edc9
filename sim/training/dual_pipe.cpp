#include "sim/training/dual_pipe.h"

#include <algorithm>
#include <array>
#include <limits>

namespace busbar::training {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::infinity();

// An entry of a rank's order. `way` is 0 for the micro-batches that come to this rank from the
// nearer end, 1 for the others.
enum class Work : std::int8_t { kForward, kBackward, kBackwardInput, kWeightGradient };
struct Entry {
  Work work;
  int way;
  bool with_next = false;  // runs as one with the entry after it: a forward beside a backward pass
};

// The eight phases of a rank `near` steps away from its nearer end, of `half` such ranks a side.
std::vector<Entry> order_of(int near, int half, int micro_batches_a_way) {
  std::vector<Entry> order;
  const auto repeat = [&](int times, std::initializer_list<Entry> entries) {
    for (int n = 0; n < times; ++n) order.insert(order.end(), entries);
  };
  const int inner = half - near - 1;
  constexpr Entry kF0With{Work::kForward, 0, true}, kF1With{Work::kForward, 1, true};
  constexpr Entry kF0{Work::kForward, 0}, kF1{Work::kForward, 1}, kB0{Work::kBackward, 0},
      kB1{Work::kBackward, 1}, kI0{Work::kBackwardInput, 0}, kI1{Work::kBackwardInput, 1},
      kW{Work::kWeightGradient, 0};
  repeat(2 * inner, {kF0});
  repeat(near + 1, {kF0, kF1});
  repeat(inner, {kI1, kW, kF1});
  repeat(micro_batches_a_way - 2 * half + near + 1, {kF0With, kB1, kF1With, kB0});
  repeat(inner, {kB1, kF1With, kB0});
  // The last backward passes leave their weight gradients for the end.
  const int split = (near + 1) / 2;
  repeat(near + 1 - split, {kB1, kB0});
  repeat(split, {kI1, kI0});
  repeat(inner, {kW, kI0});
  return order;
}

class DualRun {
 public:
  explicit DualRun(const Pipeline& pipeline) : pipeline_(pipeline), half_(pipeline.ranks / 2) {
    const auto ends =
        static_cast<size_t>(pipeline.ranks) * static_cast<size_t>(pipeline.micro_batches / 2);
    for (auto& of_way : forward_end_) of_way.assign(ends, kUnknown);
    backward_end_ = forward_end_;
    for (int rank = 0; rank < pipeline.ranks; ++rank) {
      const int near = std::min(rank, pipeline.ranks - 1 - rank);
      ranks_.emplace_back().order = order_of(near, half_, pipeline.micro_batches / 2);
    }
    result_.most_in_flight.assign(ranks_.size(), 0);
  }

  // Orders are fixed: an entry begins when its rank is free and what it needs has arrived. Looking
  // at rank after rank until all are done finds every begin.
  PipelineRun go() {
    for (bool moved = true; moved;) {
      moved = false;
      for (int rank = 0; rank < pipeline_.ranks; ++rank) {
        while (advance(rank)) moved = true;
      }
    }
    std::sort(result_.operations.begin(), result_.operations.end(),
              [](const Operation& a, const Operation& b) {
                return std::pair(a.begin_s, a.rank) < std::pair(b.begin_s, b.rank);
              });
    return std::move(result_);
  }

 private:
  struct RankState {
    std::vector<Entry> order;
    size_t next = 0;
    double free_s = 0.0;
    std::array<int, 2> forwards{}, backwards{};
    std::vector<std::pair<int, int>> weights;  // way and micro-batch whose gradients are due
    size_t weights_done = 0;
    int in_flight = 0;
  };

  // A way of the order seen from the first rank: ranks of the second half count from their end.
  int chain(int rank, int way) const { return rank < half_ ? way : 1 - way; }
  int stage(int rank, int chain) const { return chain == 0 ? rank : pipeline_.ranks - 1 - rank; }
  size_t at(int stage, int micro_batch) const {
    return static_cast<size_t>(stage) * static_cast<size_t>(pipeline_.micro_batches / 2) +
           static_cast<size_t>(micro_batch);
  }

  double ready_s(int rank, const Entry& entry, int micro_batch) const {
    const int c = chain(rank, entry.way), s = stage(rank, c);
    const auto& forward = forward_end_[static_cast<size_t>(c)];
    if (entry.work == Work::kForward) {
      return s == 0 ? 0.0 : forward[at(s - 1, micro_batch)] + pipeline_.transfer_s;
    }
    if (s == pipeline_.ranks - 1) return forward[at(s, micro_batch)];
    return backward_end_[static_cast<size_t>(c)][at(s + 1, micro_batch)] + pipeline_.transfer_s;
  }

  bool advance(int index) {
    RankState& rank = ranks_[static_cast<size_t>(index)];
    const ChunkTimes& t = pipeline_.times.size() == 1 ? pipeline_.times.front()
                                                      : pipeline_.times[static_cast<size_t>(index)];
    if (rank.next == rank.order.size()) {
      // What is left are weight gradients.
      if (rank.weights_done == rank.weights.size()) return false;
      weight_gradient(rank, index, t);
      return true;
    }
    const Entry entry = rank.order[rank.next];
    if (entry.work == Work::kWeightGradient) {
      if (rank.weights_done < rank.weights.size()) weight_gradient(rank, index, t);
      ++rank.next;
      return true;
    }
    double ready = ready_s(index, entry, next_of(rank, entry));
    if (entry.with_next) {
      const Entry beside = rank.order[rank.next + 1];
      ready = std::max(ready, ready_s(index, beside, next_of(rank, beside)));
    }
    if (ready == kUnknown) return false;
    ++rank.next;
    if (!entry.with_next) {
      arrive(index, entry, pass(rank, index, entry, ready, t));
      return true;
    }
    // Both results leave when both are done.
    const Entry beside = rank.order[rank.next++];
    const int first = next_of(rank, entry);
    pass(rank, index, entry, ready, t);
    const int second = next_of(rank, beside);
    const double end = pass(rank, index, beside, ready, t);
    set_end(index, entry, first, end);
    set_end(index, beside, second, end);
    return true;
  }

  static int next_of(const RankState& rank, const Entry& entry) {
    const auto& done = entry.work == Work::kForward ? rank.forwards : rank.backwards;
    return done[static_cast<size_t>(entry.way)];
  }
  void set_end(int index, const Entry& entry, int micro_batch, double end) {
    const int c = chain(index, entry.way);
    auto& ends = entry.work == Work::kForward ? forward_end_ : backward_end_;
    ends[static_cast<size_t>(c)][at(stage(index, c), micro_batch)] = end;
  }
  void arrive(int index, const Entry& entry, double end) {
    const RankState& rank = ranks_[static_cast<size_t>(index)];
    set_end(index, entry, next_of(rank, entry) - 1, end);
  }

  // Performs one pass of the next micro-batch of its way; returns its end.
  double pass(RankState& rank, int index, const Entry& entry, double ready, const ChunkTimes& t) {
    const bool forward = entry.work == Work::kForward;
    const int c = chain(index, entry.way), micro_batch = next_of(rank, entry);
    double seconds = t.forward_s;
    if (!forward) {
      const bool whole = entry.work == Work::kBackward;
      seconds = t.backward_input_s + (whole ? t.backward_weight_s : 0.0);
    }
    const OperationKind kind = forward ? OperationKind::kForward : OperationKind::kBackward;
    const double end = perform(rank, kind, index, c, micro_batch, ready, seconds);
    ++(forward ? rank.forwards : rank.backwards)[static_cast<size_t>(entry.way)];
    int& most = result_.most_in_flight[static_cast<size_t>(index)];
    if (forward) {
      most = std::max(most, ++rank.in_flight);
    } else if (entry.work == Work::kBackward) {
      --rank.in_flight;
    } else {
      rank.weights.emplace_back(c, micro_batch);
    }
    return end;
  }

  void weight_gradient(RankState& rank, int index, const ChunkTimes& t) {
    const auto [c, micro_batch] = rank.weights[rank.weights_done++];
    perform(rank, OperationKind::kWeightGradient, index, c, micro_batch, 0.0, t.backward_weight_s);
    --rank.in_flight;
  }

  double perform(RankState& rank, OperationKind kind, int index, int chain, int micro_batch,
                 double ready, double seconds) {
    const double begin = std::max(rank.free_s, ready);
    rank.free_s = begin + seconds;
    result_.operations.push_back({kind, index, chain, micro_batch, begin, rank.free_s});
    result_.busy_s += seconds;
    result_.makespan_s = std::max(result_.makespan_s, rank.free_s);
    return rank.free_s;
  }

  const Pipeline& pipeline_;
  int half_;
  std::array<std::vector<double>, 2> forward_end_, backward_end_;
  std::vector<RankState> ranks_;
  PipelineRun result_;
};

}  // namespace

PipelineRun run_dual_pipe(const Pipeline& pipeline) { return DualRun(pipeline).go(); }

}  // namespace busbar::training
