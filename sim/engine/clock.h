/// Simulated time and its events, on SimGrid kernel timers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace busbar::engine {

/// Order of events at one instant: what ends frees resources before what arrives asks for them,
/// and decisions see both.
enum class Phase : std::uint8_t { kEnd, kChange, kArrival, kShares, kDecision, kSample };

/// Keeps an ordered queue of its own and arms one SimGrid timer for its next date (SimGrid fires
/// timers of equal date in no stable order, trap T6). Events of one date run by phase, then by
/// `order` (an entity id), then in the order they were scheduled; an event may schedule others for
/// the same date, which then run in the same pass if their phase has not been passed, else after.
class Clock {
 public:
  using Handle = std::uint64_t;  // 0: none
  using Function = std::function<void()>;

  Clock();
  ~Clock();
  Clock(const Clock&) = delete;

  /// Seconds since the start of the scenario.
  double now() const;
  /// Schedules `function`; `time_s` must not be before now(). Small captures (two words) do not
  /// allocate.
  Handle at(double time_s, Phase phase, std::uint64_t order, Function function);
  /// Forgets an event that has not run; an old or empty handle is ignored.
  void cancel(Handle handle);
  /// Runs events in order until none is left or `until_s` has been reached (events at `until_s`
  /// included), or `stop()` was called. Exceptions from events leave through here.
  void run(double until_s);
  /// Calls `function` whenever all events of a date have run.
  void after_each_date(Function function);
  /// Makes run() return after the present event.
  void stop();
  /// Events run so far.
  std::uint64_t events() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::engine
