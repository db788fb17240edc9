/// A pool with elastic and rigid jobs, a policy that sizes them, and time.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "sim/scheduling/policy.h"

namespace busbar::scheduling::test {

/// A job with `work` tokens to do. Rigid: its table has one size, and the policy does not know it.
struct SizedJob {
  double submit_s = 0.0, work = 0.0;
  JobSizes sizes;
  bool elastic = true;
};

/// What became of it.
struct SizedFate {
  double start_s = -1.0, end_s = -1.0;
  double done = 0.0;  // tokens
  double stood_still_s = 0.0, reshard_s = 0.0;
  int resizes = 0;
};

/// A table of sizes with goodput chips^exponent, as throughput grows ever more slowly.
inline JobSizes table(std::vector<std::int64_t> chips, double exponent, double setup_s = 0.0,
                      double move_chip_s = 0.0, size_t asked = 0) {
  JobSizes sizes;
  for (const std::int64_t n : chips) {
    sizes.sizes.push_back({n, std::pow(static_cast<double>(n), exponent), 0.0, setup_s});
  }
  sizes.asked = asked;
  sizes.move_chip_s = move_chip_s;
  return sizes;
}

/// Runs jobs event by event: rounds and ends, arrivals, then one pass. Looks at every decision:
/// each allocation has room, is of a legal size, and no job changes while it stands still.
class ElasticPool {
 public:
  ElasticPool(PoolState pool, std::vector<SizedJob> jobs) : pool_(std::move(pool)), jobs_(jobs) {
    base::Registry<Placement> placements{"placement"};
    add_builtin(placements);
    placement_ = placements.make({"best-fit", {}});
    fates_.resize(jobs_.size());
  }

  std::vector<SizedFate> run(const QueuePolicy& policy) {
    size_t next = 0;
    while (next < jobs_.size() || !running_.empty()) {
      double then_s = next < jobs_.size() ? jobs_[next].submit_s : 1e300;
      if (!running_.empty()) then_s = std::min(then_s, round_s_);
      for (const auto& [id, job] : running_) then_s = std::min(then_s, end_s(id, job));
      advance(then_s);
      std::vector<std::int32_t> done;
      for (const auto& [id, job] : running_) {
        if (end_s(id, job) <= now_s_ * (1.0 + 1e-12) + 1e-9) done.push_back(id);
      }
      for (const std::int32_t id : done) leave(id);
      for (; next < jobs_.size() && jobs_[next].submit_s <= now_s_; ++next) push(next);
      if (now_s_ >= round_s_) round_s_ = now_s_ + policy.round().value;
      pass(policy);
      round_s_ = std::min(round_s_, now_s_ + policy.round().value);
      if (::testing::Test::HasFatalFailure()) break;
    }
    return fates_;
  }
  const PoolState& pool() const { return pool_; }

 private:
  struct Running {
    Allocation allocation;
    size_t size = 0;
    double left = 0.0, restart_s = 0.0, expected_end_s = 0.0, since_s = 0.0, sized_s = 0.0;
  };
  const JobSize& size_of(std::int32_t id, size_t size) const {
    return jobs_[static_cast<size_t>(id)].sizes.sizes[size];
  }
  double end_s(std::int32_t id, const Running& job) const {
    return now_s_ + job.restart_s + job.left / size_of(id, job.size).goodput;
  }
  void advance(double then_s) {
    for (auto& [id, job] : running_) {
      SizedFate& fate = fates_[static_cast<size_t>(id)];
      const double still_s = std::min(then_s - now_s_, job.restart_s);
      job.restart_s -= still_s;
      fate.stood_still_s += still_s;
      const double done = (then_s - now_s_ - still_s) * size_of(id, job.size).goodput;
      job.left -= done;
      fate.done += done;
    }
    now_s_ = then_s;
  }
  void push(size_t index) {
    const SizedJob& job = jobs_[index];
    WaitingJob waiting{.id = static_cast<std::int32_t>(index),
                       .request = {.chips = job.sizes.sizes.front().chips}};
    waiting.requested_s = job.work / job.sizes.sizes.front().goodput;
    waiting.submit_s = job.submit_s;
    if (job.elastic) waiting.sizes = &job.sizes;
    queue_.push(waiting);
  }
  void list(std::int32_t id) {
    Running& job = running_.at(id);
    job.expected_end_s = end_s(id, job);
    listed_.insert(
        {job.expected_end_s, size_of(id, job.size).chips, id, &job.allocation, job.since_s, -1});
  }
  void unlist(std::int32_t id) {
    const Running& job = running_.at(id);
    ASSERT_EQ(listed_.erase({job.expected_end_s, size_of(id, job.size).chips, id}), 1u);
  }
  void leave(std::int32_t id) {
    unlist(id);
    pool_.give_back(running_.at(id).allocation);
    fates_[static_cast<size_t>(id)].end_s = now_s_;
    running_.erase(id);
  }
  void resize(const Resize& change, bool grows) {
    ASSERT_TRUE(running_.contains(change.id));
    Running& job = running_.at(change.id);
    const JobSizes& sizes = jobs_[static_cast<size_t>(change.id)].sizes;
    ASSERT_LT(change.size, sizes.sizes.size());
    ASSERT_EQ(change.size > job.size, grows);
    ASSERT_NE(change.size, job.size);
    ASSERT_EQ(job.restart_s, 0.0) << "changed while it stands still";
    unlist(change.id);
    pool_.give_back(job.allocation);
    ASSERT_TRUE(pool_.holds(change.allocation));
    ASSERT_EQ(pool_.chips_of(change.allocation), sizes.sizes[change.size].chips);
    job.allocation = change.allocation;
    pool_.take(job.allocation);
    job.restart_s = sizes.reshard_s(job.size, change.size);
    SizedFate& fate = fates_[static_cast<size_t>(change.id)];
    fate.reshard_s += job.restart_s;
    ++fate.resizes;
    job.size = change.size;
    job.sized_s = now_s_;
    list(change.id);
  }
  void pass(const QueuePolicy& policy) {
    std::vector<ElasticJob> elastic;
    for (const auto& [id, job] : running_) {
      const SizedJob& j = jobs_[static_cast<size_t>(id)];
      if (!j.elastic) continue;
      elastic.push_back({id, &job.allocation, model::Span::kCluster, &j.sizes, job.size, job.left,
                         job.restart_s, job.sized_s});
    }
    const Decisions decisions =
        policy.decide({now_s_, pool_, queue_, listed_, *placement_, {}, elastic});
    for (const Resize& change : decisions.shrinks) resize(change, false);
    for (const Start& start : decisions.starts) {
      const std::int32_t id = queue_[start.place].id;
      ASSERT_GE(id, 0) << "started twice";
      queue_.erase(start.place);
      const SizedJob& j = jobs_[static_cast<size_t>(id)];
      ASSERT_TRUE(pool_.holds(start.allocation));
      Running job;
      job.allocation = start.allocation;
      job.size = j.sizes.index_of(pool_.chips_of(start.allocation));
      ASSERT_LT(job.size, j.sizes.sizes.size()) << "no legal size";
      pool_.take(job.allocation);
      job.left = j.work;
      job.since_s = job.sized_s = fates_[static_cast<size_t>(id)].start_s = now_s_;
      running_[id] = job;
      list(id);
    }
    for (const Resize& change : decisions.grows) resize(change, true);
  }

  PoolState pool_;
  std::vector<SizedJob> jobs_;
  std::unique_ptr<Placement> placement_;
  WaitingQueue queue_;
  std::map<std::int32_t, Running> running_;
  std::set<RunningJob> listed_;
  std::vector<SizedFate> fates_;
  double now_s_ = 0.0, round_s_ = 1e300;
};

}  // namespace busbar::scheduling::test
