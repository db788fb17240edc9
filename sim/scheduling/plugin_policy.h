/// A queue policy whose decisions come from a shared library.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "sim/scheduling/plugin_process.h"
#include "sim/scheduling/policy.h"

namespace busbar::scheduling {

/// Shows the plug-in the pool, answers its questions and checks what it decides.
///
/// decide() throws PolicyFailure, which names the plug-in and the job, for a decision that is not
/// possible and for a library that crashes, ends its process or exceeds its time.
class PluginPolicy : public QueuePolicy {
 public:
  PluginPolicy(std::shared_ptr<PluginProcess> process, const base::Params& params);
  Decisions decide(const PoolView& pool) const override;
  base::Seconds restart_time() const override { return base::Seconds{restart_s_}; }

 private:
  struct Scratch;
  void show(const PoolView& pool) const;
  void answer(const PoolView& pool, Scratch& scratch) const;
  double earliest(const PoolView& pool, Scratch& scratch, int state, size_t job) const;
  std::vector<std::int32_t> preemptions(const PoolView& pool, PoolState& state) const;
  void starts(const PoolView& pool, PoolState& state, Decisions& decisions) const;
  size_t find_waiting(const PoolView& pool, std::int32_t id, size_t from) const;
  [[noreturn]] void reject(const std::string& what, std::int32_t job = -1) const;

  std::shared_ptr<PluginProcess> process_;
  // Of the present call: what stands where in the arrays that the plug-in sees.
  mutable std::vector<WaitingQueue::Place> waiting_;
  mutable std::vector<const RunningJob*> running_;
  mutable double restart_s_ = 0.0;
};

}  // namespace busbar::scheduling
