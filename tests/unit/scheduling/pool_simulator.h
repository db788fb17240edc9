/// A pool, jobs that come and go, and a queue policy: what property tests run.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "sim/scheduling/policy.h"

namespace busbar::scheduling::test {

/// A job of fixed size. It ends after `run_s`, at most after `requested_s`.
struct SimulatedJob {
  double submit_s = 0.0, run_s = 0.0, requested_s = 0.0;
  std::int64_t chips = 0;
  std::int32_t priority = 0, tenant = -1;
  int slices = 1;
};

/// What became of it. Preempted jobs lose all their work.
struct Fate {
  double first_start_s = -1.0, start_s = -1.0, end_s = -1.0;
  double lost_s = 0.0;
  int preemptions = 0;
};

/// Runs jobs through one pool, event by event: ends, then arrivals, then one pass.
class PoolSimulator {
 public:
  PoolSimulator(PoolState pool, std::vector<Tenant> tenants = {},
                const std::string& placement = "best-fit");
  /// Called at each pass, with its view and what was decided.
  using Watcher = std::function<void(const PoolView&, const Decisions&)>;
  std::vector<Fate> run(const QueuePolicy& policy, const std::vector<SimulatedJob>& jobs,
                        const Watcher& watcher = {});
  /// After a run: the pool as it is left.
  const PoolState& pool() const { return pool_; }
  const std::vector<Tenant>& tenants() const { return tenants_; }

 private:
  void pass(const QueuePolicy& policy, const std::vector<SimulatedJob>& jobs,
            const Watcher& watcher);
  void push(const QueuePolicy& policy, const std::vector<SimulatedJob>& jobs, std::int32_t id);
  void leave(const std::vector<SimulatedJob>& jobs, std::int32_t id);

  PoolState pool_;
  std::vector<Tenant> tenants_;
  std::unique_ptr<Placement> placement_;
  WaitingQueue queue_;
  double now_s_ = 0.0;
  std::map<std::int32_t, Allocation> held_;
  std::set<RunningJob> running_;
  std::set<std::pair<double, std::int32_t>> ends_;
  std::vector<Fate> fates_;
};

/// `parts` buildings of `domains` domains each.
PoolState plain_pool(int parts, std::int64_t domains, int chips_per_domain);
/// Random jobs of up to `most_chips` for about `load` of `chips`, in order of submission.
std::vector<SimulatedJob> random_jobs(std::mt19937& random, int count, std::int64_t chips,
                                      std::int64_t most_chips, double load, int tenants = 0);
/// A policy by name.
std::unique_ptr<QueuePolicy> make_policy(const std::string& name,
                                         const std::map<std::string, double>& parameters = {});

}  // namespace busbar::scheduling::test
