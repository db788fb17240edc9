/// Reads of last checkpoints by jobs that start again.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "sim/engine/clock.h"
#include "sim/engine/traffic_desk.h"

namespace busbar::engine {

/// Keeps one transfer for each job that loads and each storage that it reads from. Jobs that load
/// at the same time share the read bandwidth with each other and with all else that is read there.
class RestartLoads {
 public:
  RestartLoads(Clock& clock, TrafficDesk& traffic) : clock_(clock), traffic_(traffic) {}

  /// Reads some bytes over each of the links, from a time on; calls `done` once the last are there.
  void begin(std::int32_t slot, double from_s, double bytes, std::vector<std::int32_t> links,
             std::function<void()> done);
  void cancel(std::int32_t slot);

 private:
  struct Load {
    Clock::Handle begin = 0;
    std::vector<std::int32_t> transfers;
    size_t left = 0;
    std::function<void()> done;
  };
  void read(std::int32_t slot, double bytes, const std::vector<std::int32_t>& links);

  Clock& clock_;
  TrafficDesk& traffic_;
  std::map<std::int32_t, Load> loads_;  // by slot
};

}  // namespace busbar::engine
