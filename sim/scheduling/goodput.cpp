#include "sim/scheduling/goodput.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "sim/scheduling/easy_backfill.h"
#include "sim/scheduling/room.h"
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
  /// @param shrinks  running jobs may shrink.
  Pass(const PoolView& pool, Goodput::Parameters parameters, bool shrinks)
      : pool_(pool), parameters_(parameters), shrinks_(shrinks), least_(pool.state) {
    if (pool.windows.empty()) return;
    for (const RunningJob& job : pool.running) running_[job.id] = &job;
  }

  Decisions run() {
    for (const ElasticJob& job : pool_.elastic) {
      if (job.restart_s <= 0.0 && job.work_left > 0.0) make_movable(job);
    }
    if (!pool_.queue.empty()) admit();
    if (movable_.empty() && !starts_elastic()) return std::move(admitted_);
    choose();
    Decisions decisions;
    decisions.head_waits_for = admitted_.head_waits_for;
    if (place(decisions)) return decisions;
    return all_at_least();
  }

  /// What the chosen sizes of all jobs that have one are worth.
  double worth() const { return worth_; }
  /// Jobs that start at all.
  std::vector<WaitingQueue::Place> admitted() const { return places_; }

 private:
  // Brings a job to its least size, in a copy of the pool, if any may shrink.
  void make_movable(const ElasticJob& job) {
    Obstacle why = Obstacle::kNone;
    movable_.push_back(&job);
    shrunk_.push_back({job.id, 0, *job.allocation});
    if (job.size == 0 || !shrinks_) return;
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
    if (movable_.empty() || !shrinks_) {
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
      places_.push_back(start.place);
    }
  }

  const WaitingJob& waiting(const Start& start) const { return pool_.queue[start.place]; }

  bool starts_elastic() const {
    for (const Start& start : admitted_.starts) {
      if (waiting(start).sizes != nullptr) return true;
    }
    return false;
  }

  // The smallest size that a running job may have.
  size_t smallest(const ElasticJob& job) const { return shrinks_ ? 0 : job.size; }

  std::vector<SizeValue> values(const ElasticJob& job) const {
    const JobSizes& sizes = *job.sizes;
    std::vector<SizeValue> all;
    for (size_t size = smallest(job); size < sizes.sizes.size(); ++size) {
      double goodput = sizes.sizes[size].goodput;
      if (size != job.size) {
        // A new size is expected to last as long as the present one has, a round at least.
        const double age_s = pool_.now_s - job.sized_s;
        const double lasts_s =
            std::min(job.work_left / goodput, std::max(age_s, parameters_.round.value));
        goodput *= lasts_s / (sizes.reshard_s(job.size, size) + lasts_s);
      }
      all.push_back({sizes.sizes[size].chips,
                     parameters_.utility(goodput / sizes.sizes[sizes.asked].goodput)});
    }
    return all;
  }

  // Chooses the sizes of running jobs, in their order, then those of jobs that start, in theirs.
  void choose() {
    std::vector<std::vector<SizeValue>> jobs, kept;
    std::int64_t chips = least_.free_chips(), held = 0;
    for (const ElasticJob* job : movable_) {
      jobs.push_back(values(*job));
      kept.push_back({jobs.back()[job->size - smallest(*job)]});
      chips += jobs.back().front().chips;
      held += kept.back().front().chips;
    }
    for (const Start& start : admitted_.starts) {
      const JobSizes* sizes = waiting(start).sizes;
      if (sizes == nullptr) continue;
      std::vector<SizeValue> all;
      for (const JobSize& size : sizes->sizes) {
        all.push_back(
            {size.chips, parameters_.utility(size.goodput / sizes->sizes[sizes->asked].goodput)});
      }
      chips += all.front().chips;
      held += all.front().chips;
      jobs.push_back(all);
      kept.push_back(std::move(all));
    }
    sizes_ = choose_sizes(jobs, chips);
    worth_ = scheduling::worth(jobs, sizes_);
    for (size_t i = 0; i < movable_.size(); ++i) sizes_[i] += smallest(*movable_[i]);
    if (held > chips) return;
    const std::vector<size_t> same = choose_sizes(kept, chips);
    const double stay = scheduling::worth(kept, same);
    if (worth_ > stay + kSame * (1.0 + std::abs(stay))) return;
    worth_ = stay;
    for (size_t i = 0; i < jobs.size(); ++i) {
      sizes_[i] = i < movable_.size() ? movable_[i]->size : same[i];
    }
  }

  // A running job as one that asks to go on at a size, for what is left of its request there.
  WaitingJob at_size(const ElasticJob& job, size_t size) const {
    const JobSizes& sizes = *job.sizes;
    WaitingJob asks{.id = job.id, .request = request_at(sizes, size, job.span)};
    const auto running = running_.find(job.id);
    if (running == running_.end()) return asks;
    const double left_s = std::max(0.0, running->second->expected_end_s - pool_.now_s);
    const double slower = sizes.sizes[job.size].goodput / sizes.sizes[size].goodput;
    asks.requested_s = left_s * slower;
    if (size != job.size) asks.requested_s += sizes.reshard_s(job.size, size);
    asks.tenant = running->second->tenant;
    return asks;
  }

  // The same of a job that starts; what it waits with is its least size.
  static WaitingJob at_size(const WaitingJob& job, size_t size) {
    WaitingJob asks = job;
    const JobSizes& sizes = *job.sizes;
    asks.request = request_at(sizes, size, job.request.span);
    asks.requested_s *= sizes.sizes.front().goodput / sizes.sizes[size].goodput;
    return asks;
  }

  // Finds room for the largest of a job's sizes from `size` down to `smallest`, and takes it.
  // Returns its size; the number of sizes: there is none.
  template <class Job>
  size_t take(Room& room, const Job& job, const JobSizes& sizes, size_t size, size_t smallest,
              Allocation& found, bool shrinks = false) const {
    for (size_t next = size + 1; next-- > smallest;) {
      const WaitingJob asks = at_size(job, next);
      WaitingJob first = asks;
      if (shrinks) first.requested_s = 0.0;  // it holds more than that now, window or not
      if (!room.find(first, found)) continue;
      room.take(asks, found);
      return next;
    }
    return sizes.sizes.size();
  }

  // Gives a running job another size, if there is room for one.
  void resize(Room& room, const ElasticJob& job, size_t size, size_t smallest,
              std::vector<Resize>& resizes) const {
    room.leave(job.id, *job.allocation);
    Allocation found;
    const size_t taken = take(room, job, *job.sizes, size, smallest, found, size < job.size);
    if (taken < job.sizes->sizes.size()) {
      resizes.push_back({job.id, taken, std::move(found)});
    } else {
      Allocation before = *job.allocation;
      room.take(at_size(job, job.size), before);
    }
  }

  // Whether every job that was admitted has its place.
  bool place(Decisions& decisions) const {
    Room room(pool_);
    for (size_t i = 0; i < movable_.size(); ++i) {
      if (sizes_[i] >= movable_[i]->size) continue;
      resize(room, *movable_[i], sizes_[i], 0, decisions.shrinks);
    }
    size_t chosen = movable_.size();
    for (const Start& start : admitted_.starts) {
      const WaitingJob& job = waiting(start);
      Allocation found;
      if (job.sizes != nullptr) {
        const size_t size = sizes_[chosen++];
        if (take(room, job, *job.sizes, size, 0, found) == job.sizes->sizes.size()) return false;
      } else {
        if (!room.find(job, found)) return false;
        room.take(job, found);
      }
      decisions.starts.push_back({start.place, std::move(found)});
    }
    const PoolState started = room.state();
    for (size_t i = 0; i < movable_.size(); ++i) {
      const size_t now = movable_[i]->size;
      if (sizes_[i] <= now) continue;
      resize(room, *movable_[i], sizes_[i], now + 1, decisions.grows);
    }
    if (decisions.starts.empty() && decisions.grows.empty()) {
      decisions.shrinks.clear();
    } else {
      take_back(room, started, decisions.shrinks);
    }
    return true;
  }

  // A job does not shrink for what nobody could take after all: not when jobs start, and not when
  // others have grown.
  void take_back(Room& room, PoolState started, std::vector<Resize>& shrinks) const {
    std::erase_if(shrinks, [&](const Resize& shrink) {
      const auto at = std::find_if(movable_.begin(), movable_.end(),
                                   [&](const ElasticJob* one) { return one->id == shrink.id; });
      const ElasticJob& job = **at;
      Allocation before = *job.allocation, after = shrink.allocation;
      const bool shares = std::any_of(before.shares.begin(), before.shares.end(),
                                      [](const Share& share) { return share.shared_chips > 0; });
      if (shares) return false;  // others may have opened its domain since
      started.give_back(after);
      room.leave(job.id, after);
      const WaitingJob as_before = at_size(job, job.size);
      const bool stays = started.holds(before) && room.holds(as_before, before);
      Allocation& kept = stays ? before : after;
      started.take(kept);
      room.take(stays ? as_before : at_size(job, shrink.size), kept);
      return stays;
    });
  }

  Decisions all_at_least() {
    Decisions decisions = std::move(admitted_);
    for (size_t i = 0; i < movable_.size(); ++i) {
      if (movable_[i]->size > 0 && shrinks_) decisions.shrinks.push_back(std::move(shrunk_[i]));
    }
    return decisions;
  }

  const PoolView& pool_;
  Goodput::Parameters parameters_;
  bool shrinks_;
  std::map<std::int32_t, const RunningJob*> running_;  // where there are windows
  PoolState least_;                         // every job that may change at its least size
  std::vector<const ElasticJob*> movable_;  // by id
  std::vector<Resize> shrunk_;              // to their least sizes, in the same order
  Decisions admitted_;
  std::vector<WaitingQueue::Place> places_;  // of those
  std::vector<size_t> sizes_;                // chosen
  double worth_ = 0.0;
};

// What jobs that would start if others shrank are worth if they wait instead: one behind the other,
// until running jobs have ended by their estimates. `started` start at once all the same.
double worth_of_waiting(const PoolView& pool, const Goodput::Parameters& parameters,
                        const std::vector<WaitingQueue::Place>& could_start,
                        const std::vector<WaitingQueue::Place>& started) {
  std::int64_t free = pool.state.free_chips();
  for (const WaitingQueue::Place place : started) free -= pool.queue[place].request.chips;
  auto next = pool.running.begin();
  double worth = 0.0, wait_s = 0.0;
  for (const WaitingQueue::Place place : could_start) {
    if (std::find(started.begin(), started.end(), place) != started.end()) continue;
    const WaitingJob& job = pool.queue[place];
    for (; free < job.request.chips && next != pool.running.end(); ++next) {
      free += next->chips;
      wait_s = std::max(wait_s, next->expected_end_s - pool.now_s);
    }
    if (free < job.request.chips) wait_s = std::numeric_limits<double>::infinity();
    free -= job.request.chips;
    double run_s = job.requested_s;
    if (job.sizes != nullptr) {
      const auto& sizes = job.sizes->sizes;
      run_s *= sizes.front().goodput / sizes[job.sizes->asked].goodput;
    }
    worth += parameters.utility(run_s / (wait_s + run_s));
  }
  return worth;
}

}  // namespace

double Goodput::Parameters::utility(double goodput) const {
  return power == 0.0 ? std::log(goodput) : (std::pow(goodput, power) - 1.0) / power;
}

Decisions Goodput::decide(const PoolView& pool) const {
  if (pool.queue.empty() && pool.elastic.empty()) return {};
  Pass shrinking(pool, parameters_, true);
  Decisions decisions = shrinking.run();
  if (decisions.shrinks.empty() || decisions.starts.empty()) return decisions;
  Pass keeping(pool, parameters_, false);
  Decisions others = keeping.run();
  const double waiting =
      worth_of_waiting(pool, parameters_, shrinking.admitted(), keeping.admitted());
  return keeping.worth() + waiting > shrinking.worth() ? others : decisions;
}

}  // namespace busbar::scheduling
