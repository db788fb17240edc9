/// Places in queues whose policy changes ranks while jobs wait.
#pragma once

#include <functional>
#include <map>

#include "sim/engine/clock.h"
#include "sim/engine/fleet.h"
#include "sim/scheduling/policy.h"

namespace busbar::engine {

/// Puts jobs where their policy ranks them, and elsewhere as soon as their ranks change.
class Ranking {
 public:
  /// @param look_at  asks for a pass of a pool.
  Ranking(const scheduling::QueuePolicy& policy, Clock& clock, Fleet& fleet,
          std::function<void(std::int32_t pool)> look_at)
      : policy_(policy), clock_(clock), fleet_(fleet), look_at_(std::move(look_at)) {}

  void push(scheduling::WaitingJob waiting, std::int32_t pool);
  void erase(scheduling::WaitingQueue::Place place, std::int32_t pool);

 private:
  const scheduling::QueuePolicy& policy_;
  Clock& clock_;
  Fleet& fleet_;
  std::function<void(std::int32_t)> look_at_;
  std::map<std::int32_t, Clock::Handle> changes_;  // by job
};

}  // namespace busbar::engine
