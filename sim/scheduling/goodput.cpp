#include "sim/scheduling/goodput.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "sim/scheduling/easy_backfill.h"
#include "sim/scheduling/size_choice.h"

namespace busbar::scheduling {
namespace {

// A larger sum counts only beyond rounding.
constexpr double kSame = 1e-9;

Request request_at(const JobSizes& sizes, size_t size, model::Span span) {
  const JobSize& at = sizes.sizes[size];
  return {at.chips, at.watts_per_chip, span, at.slices};
}

// One pass.
class Pass {
 public:
  Pass(const PoolView& pool, double power) : pool_(pool), power_(power), least_(pool.state) {}

  Decisions run() {
    shrink_all();
    if (!pool_.queue.empty()) admit();
    if (movable_.empty() && !starts_elastic()) return std::move(admitted_);
    choose();
    Decisions decisions;
    decisions.head_waits_for = admitted_.head_waits_for;
    if (place(decisions)) return decisions;
    return all_at_least();
  }

 private:
  // Brings every job that may change to its least size, in a copy of the pool.
  void shrink_all() {
    Obstacle why = Obstacle::kNone;
    for (const ElasticJob& job : pool_.elastic) {
      if (job.restart_s > 0.0 || job.work_left <= 0.0) continue;
      movable_.push_back(&job);
      shrunk_.push_back({job.id, 0, *job.allocation});
      if (job.size == 0) continue;
      least_.give_back(*job.allocation);
      Allocation found;
      if (least_.find(request_at(*job.sizes, 0, job.span), pool_.placement, found, why)) {
        least_.take(found);
        shrunk_.back().allocation = std::move(found);
      } else {  // its rest has no room in one domain
        least_.take(shrunk_.back().allocation);
        movable_.pop_back();
        shrunk_.pop_back();
      }
    }
  }

  // Running jobs as they would be, with their ends.
  std::set<RunningJob> running_at_least() const {
    std::map<std::int32_t, size_t> index;
    for (size_t i = 0; i < movable_.size(); ++i) index[movable_[i]->id] = i;
    std::set<RunningJob> running;
    for (RunningJob job : pool_.running) {
      const auto at = index.find(job.id);
      if (at != index.end() && movable_[at->second]->size > 0) {
        const ElasticJob& elastic = *movable_[at->second];
        const JobSizes& sizes = *elastic.sizes;
        const double slower = sizes.sizes[elastic.size].goodput / sizes.sizes[0].goodput;
        job.expected_end_s = pool_.now_s + sizes.reshard_s(elastic.size, 0) +
                             std::max(0.0, job.expected_end_s - pool_.now_s) * slower;
        job.chips = sizes.sizes[0].chips;
        job.allocation = &shrunk_[at->second].allocation;
      }
      running.insert(job);
    }
    return running;
  }

  void admit() {
    if (movable_.empty()) {
      admitted_ = EasyBackfill().decide(pool_);
    } else {
      const std::set<RunningJob> running = running_at_least();
      admitted_ = EasyBackfill().decide({pool_.now_s,
                                         least_,
                                         pool_.queue,
                                         running,
                                         pool_.placement,
                                         pool_.tenants,
                                         {},
                                         pool_.windows});
    }
    for (const Start& start : admitted_.starts) {
      Allocation taken = start.allocation;
      least_.take(taken);
    }
  }

  const WaitingJob& waiting(const Start& start) const { return pool_.queue[start.place]; }

  bool starts_elastic() const {
    for (const Start& start : admitted_.starts) {
      if (waiting(start).sizes != nullptr) return true;
    }
    return false;
  }

  double utility(double goodput) const {
    return power_ == 0.0 ? std::log(goodput) : (std::pow(goodput, power_) - 1.0) / power_;
  }

  std::vector<SizeValue> values(const ElasticJob& job) const {
    const JobSizes& sizes = *job.sizes;
    std::vector<SizeValue> all;
    for (size_t size = 0; size < sizes.sizes.size(); ++size) {
      double goodput = sizes.sizes[size].goodput;
      if (size != job.size) {
        goodput = job.work_left / (sizes.reshard_s(job.size, size) + job.work_left / goodput);
      }
      all.push_back({sizes.sizes[size].chips, utility(goodput / sizes.sizes[sizes.asked].goodput)});
    }
    return all;
  }

  // Chooses the sizes of running jobs, in their order, then those of jobs that start, in theirs.
  void choose() {
    std::vector<std::vector<SizeValue>> jobs, kept;
    std::int64_t chips = least_.free_chips(), held = 0;
    for (const ElasticJob* job : movable_) {
      jobs.push_back(values(*job));
      kept.push_back({jobs.back()[job->size]});
      chips += jobs.back().front().chips;
      held += kept.back().front().chips;
    }
    for (const Start& start : admitted_.starts) {
      const JobSizes* sizes = waiting(start).sizes;
      if (sizes == nullptr) continue;
      std::vector<SizeValue> all;
      for (const JobSize& size : sizes->sizes) {
        all.push_back({size.chips, utility(size.goodput / sizes->sizes[sizes->asked].goodput)});
      }
      chips += all.front().chips;
      held += all.front().chips;
      jobs.push_back(all);
      kept.push_back(std::move(all));
    }
    sizes_ = choose_sizes(jobs, chips);
    if (held > chips) return;
    const std::vector<size_t> same = choose_sizes(kept, chips);
    const double best = worth(jobs, sizes_), stay = worth(kept, same);
    if (best > stay + kSame * (1.0 + std::abs(stay))) return;
    for (size_t i = 0; i < jobs.size(); ++i) {
      sizes_[i] = i < movable_.size() ? movable_[i]->size : same[i];
    }
  }

  // Finds room for the largest of a job's sizes from `size` down to `smallest`, and takes it.
  // Returns its size; less than `smallest`, or the number of sizes: there is none.
  size_t take(PoolState& state, const JobSizes& sizes, size_t size, size_t smallest,
              model::Span span, Allocation& found) const {
    Obstacle why = Obstacle::kNone;
    for (size_t next = size + 1; next-- > smallest;) {
      if (!state.find(request_at(sizes, next, span), pool_.placement, found, why)) continue;
      state.take(found);
      return next;
    }
    return sizes.sizes.size();
  }

  // Gives a running job another size, if there is room for one.
  void resize(PoolState& state, const ElasticJob& job, size_t size, size_t smallest,
              std::vector<Resize>& resizes) const {
    state.give_back(*job.allocation);
    Allocation found;
    const size_t taken = take(state, *job.sizes, size, smallest, job.span, found);
    if (taken < job.sizes->sizes.size()) {
      resizes.push_back({job.id, taken, std::move(found)});
    } else {
      Allocation before = *job.allocation;
      state.take(before);
    }
  }

  // Whether every job that was admitted has its place.
  bool place(Decisions& decisions) const {
    PoolState state = pool_.state;
    for (size_t i = 0; i < movable_.size(); ++i) {
      if (sizes_[i] >= movable_[i]->size) continue;
      resize(state, *movable_[i], sizes_[i], 0, decisions.shrinks);
    }
    size_t chosen = movable_.size();
    Obstacle why = Obstacle::kNone;
    for (const Start& start : admitted_.starts) {
      const WaitingJob& job = waiting(start);
      Allocation found;
      if (job.sizes != nullptr) {
        const size_t size = sizes_[chosen++];
        if (take(state, *job.sizes, size, 0, job.request.span, found) == job.sizes->sizes.size()) {
          return false;
        }
      } else {
        if (!state.find(job.request, pool_.placement, found, why)) return false;
        state.take(found);
      }
      decisions.starts.push_back({start.place, std::move(found)});
    }
    for (size_t i = 0; i < movable_.size(); ++i) {
      const size_t now = movable_[i]->size;
      if (sizes_[i] <= now) continue;
      resize(state, *movable_[i], sizes_[i], now + 1, decisions.grows);
    }
    return true;
  }

  Decisions all_at_least() {
    Decisions decisions = std::move(admitted_);
    for (size_t i = 0; i < movable_.size(); ++i) {
      if (movable_[i]->size > 0) decisions.shrinks.push_back(std::move(shrunk_[i]));
    }
    return decisions;
  }

  const PoolView& pool_;
  double power_;
  PoolState least_;                         // every job that may change at its least size
  std::vector<const ElasticJob*> movable_;  // by id
  std::vector<Resize> shrunk_;              // to their least sizes, in the same order
  Decisions admitted_;
  std::vector<size_t> sizes_;  // chosen
};

}  // namespace

Decisions Goodput::decide(const PoolView& pool) const {
  if (pool.queue.empty() && pool.elastic.empty()) return {};
  return Pass(pool, parameters_.power).run();
}

}  // namespace busbar::scheduling
