/// Queues in another order than that of submission.
#pragma once

#include <memory>

#include "sim/scheduling/policy.h"

namespace busbar::scheduling {

/// What stands first. Equal jobs stand in the order of submission, then of their ids.
class Order {
 public:
  virtual ~Order() = default;
  virtual double rank(const WaitingJob& job) const = 0;
  virtual base::Seconds rank_holds_until(const WaitingJob&) const {
    return base::Seconds{std::numeric_limits<double>::infinity()};
  }
};

/// The shortest requested time first (shortest job first).
class ShortestFirst : public Order {
 public:
  double rank(const WaitingJob& job) const override { return job.requested_s; }
};

/// The fewest requested chip-seconds first (smallest area first).
class SmallestFirst : public Order {
 public:
  double rank(const WaitingJob& job) const override {
    return job.requested_s * static_cast<double>(job.request.chips);
  }
};

/// The highest priority first, where a job gains `ageing_per_hour` for each hour since it was
/// submitted. All gain alike, so the order of two jobs never changes while they wait.
class ByPriority : public Order {
 public:
  explicit ByPriority(double ageing_per_hour) : ageing_per_hour_(ageing_per_hour) {}
  double rank(const WaitingJob& job) const override {
    return ageing_per_hour_ * job.submit_s / 3600.0 - job.priority;
  }

 private:
  double ageing_per_hour_;
};

/// The earliest deadline first, as long as it can be met by the requested time. Then jobs without a
/// deadline, and last those that would end after theirs if they started at once, by deadline too.
class EarliestDeadline : public Order {
 public:
  double rank(const WaitingJob& job) const override;
  base::Seconds rank_holds_until(const WaitingJob& job) const override;
};

/// An order, and a policy that takes the jobs in it.
class Ranked : public QueuePolicy {
 public:
  Ranked(std::unique_ptr<Order> order, std::unique_ptr<QueuePolicy> policy)
      : order_(std::move(order)), policy_(std::move(policy)) {}
  Decisions decide(const PoolView& pool) const override { return policy_->decide(pool); }
  double rank(const WaitingJob& job) const override { return order_->rank(job); }
  base::Seconds rank_holds_until(const WaitingJob& job) const override {
    return order_->rank_holds_until(job);
  }

 private:
  std::unique_ptr<Order> order_;
  std::unique_ptr<QueuePolicy> policy_;
};

}  // namespace busbar::scheduling
