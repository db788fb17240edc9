#include "tests/unit/scheduling/pool_simulator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace busbar::scheduling::test {

PoolSimulator::PoolSimulator(PoolState pool, std::vector<Tenant> tenants,
                             const std::string& placement)
    : pool_(std::move(pool)), tenants_(std::move(tenants)) {
  base::Registry<Placement> placements{"placement"};
  add_builtin(placements);
  placement_ = placements.make({placement, {}});
}

void PoolSimulator::push(const QueuePolicy& policy, const std::vector<SimulatedJob>& jobs,
                         std::int32_t id) {
  const SimulatedJob& job = jobs[static_cast<size_t>(id)];
  WaitingJob waiting{.id = id,
                     .request = {.chips = job.chips, .slices = job.slices},
                     .requested_s = job.requested_s};
  waiting.submit_s = job.submit_s;
  waiting.priority = job.priority;
  waiting.tenant = job.tenant;
  waiting.rank = policy.rank(waiting);
  queue_.push(waiting);
}

void PoolSimulator::leave(const std::vector<SimulatedJob>& jobs, std::int32_t id) {
  const SimulatedJob& job = jobs[static_cast<size_t>(id)];
  const double start_s = fates_[static_cast<size_t>(id)].start_s;
  ASSERT_EQ(running_.erase({start_s + job.requested_s, job.chips, id}), 1u);
  pool_.give_back(held_.at(id));
  held_.erase(id);
  ends_.erase({start_s + job.run_s, id});
  if (job.tenant >= 0) {
    tenants_[static_cast<size_t>(job.tenant)].held_chips -= static_cast<double>(job.chips);
  }
}

void PoolSimulator::pass(const QueuePolicy& policy, const std::vector<SimulatedJob>& jobs,
                         const Watcher& watcher) {
  const PoolView view{now_s_, pool_, queue_, running_, *placement_, tenants_};
  const Decisions decisions = policy.decide(view);
  if (watcher) watcher(view, decisions);
  for (const std::int32_t id : decisions.preempted) {
    ASSERT_TRUE(held_.contains(id)) << "preempted, but it does not run: " << id;
    Fate& fate = fates_[static_cast<size_t>(id)];
    fate.lost_s += now_s_ - fate.start_s;
    ++fate.preemptions;
    leave(jobs, id);
  }
  for (const Start& start : decisions.starts) {
    const WaitingJob waiting = queue_[start.place];
    ASSERT_GE(waiting.id, 0) << "started twice";
    queue_.erase(start.place);
    const SimulatedJob& job = jobs[static_cast<size_t>(waiting.id)];
    Fate& fate = fates_[static_cast<size_t>(waiting.id)];
    ASSERT_GE(now_s_, job.submit_s);
    ASSERT_TRUE(pool_.holds(start.allocation)) << "no room for job " << waiting.id;
    std::int64_t chips = 0;
    for (const Share& share : start.allocation.shares) chips += pool_.chips_of(share);
    ASSERT_EQ(chips, job.chips);
    Allocation& held = held_[waiting.id] = start.allocation;
    pool_.take(held);
    fate.start_s = now_s_;
    if (fate.first_start_s < 0.0) fate.first_start_s = now_s_;
    running_.insert({now_s_ + job.requested_s, job.chips, waiting.id, &held, now_s_, job.tenant});
    ends_.insert({now_s_ + job.run_s, waiting.id});
    if (job.tenant >= 0) {
      tenants_[static_cast<size_t>(job.tenant)].held_chips += static_cast<double>(job.chips);
    }
  }
  for (const std::int32_t id : decisions.preempted) push(policy, jobs, id);
  if (!decisions.preempted.empty()) pass(policy, jobs, watcher);
}

std::vector<Fate> PoolSimulator::run(const QueuePolicy& policy,
                                     const std::vector<SimulatedJob>& jobs,
                                     const Watcher& watcher) {
  fates_.assign(jobs.size(), {});
  size_t next = 0;
  while (next < jobs.size() || !ends_.empty()) {
    const double arrival_s = next < jobs.size() ? jobs[next].submit_s : 1e300;
    const double end_s = ends_.empty() ? 1e300 : ends_.begin()->first;
    const double before_s = now_s_;
    now_s_ = std::min(arrival_s, end_s);
    for (Tenant& tenant : tenants_) tenant.used_chip_s += tenant.held_chips * (now_s_ - before_s);
    while (!ends_.empty() && ends_.begin()->first == now_s_) {
      const std::int32_t id = ends_.begin()->second;
      fates_[static_cast<size_t>(id)].end_s = now_s_;
      leave(jobs, id);
    }
    for (; next < jobs.size() && jobs[next].submit_s == now_s_; ++next) {
      push(policy, jobs, static_cast<std::int32_t>(next));
    }
    if (!queue_.empty()) pass(policy, jobs, watcher);
    if (::testing::Test::HasFatalFailure()) break;
  }
  return fates_;
}

PoolState plain_pool(int parts, std::int64_t domains, int chips_per_domain) {
  PoolState pool;
  for (int i = 0; i < parts; ++i) {
    pool.parts.push_back(
        {.cluster = 0, .site = 0, .chips_per_domain = chips_per_domain, .free_domains = domains});
  }
  pool.headroom.resize(1);
  return pool;
}

std::vector<SimulatedJob> random_jobs(std::mt19937& random, int count, std::int64_t chips,
                                      std::int64_t most_chips, double load, int tenants) {
  std::vector<SimulatedJob> jobs;
  std::uniform_real_distribution<double> unit(0.0, 1.0);
  double submit_s = 0.0;
  for (int i = 0; i < count; ++i) {
    SimulatedJob job;
    job.chips = std::max<std::int64_t>(
        1, std::lround(std::pow(static_cast<double>(most_chips), unit(random))));
    job.run_s = 10.0 + 990.0 * unit(random) * unit(random);
    job.requested_s = unit(random) < 0.2 ? job.run_s : job.run_s * (1.0 + 3.0 * unit(random));
    job.priority = static_cast<std::int32_t>(10.0 * unit(random));
    if (tenants > 0) job.tenant = static_cast<std::int32_t>(unit(random) * tenants);
    // Some come together.
    if (unit(random) > 0.1) {
      submit_s += -std::log(1.0 - unit(random)) * job.run_s * static_cast<double>(job.chips) /
                  (static_cast<double>(chips) * load);
    }
    job.submit_s = submit_s;
    jobs.push_back(job);
  }
  return jobs;
}

std::unique_ptr<QueuePolicy> make_policy(const std::string& name,
                                         const std::map<std::string, double>& parameters) {
  base::Registry<QueuePolicy> policies{"queue policy"};
  add_builtin(policies);
  base::BehaviourChoice choice{name, {}};
  for (const auto& [parameter, value] : parameters) choice.params.set(parameter, value);
  return policies.make(choice);
}

}  // namespace busbar::scheduling::test
