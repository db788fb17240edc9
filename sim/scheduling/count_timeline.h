/// Free chips over time, where a job fits if there are enough of them.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/scheduling/policy.h"

namespace busbar::scheduling {

/// Free chips as a step function of time, from now on, with running jobs until their expected ends
/// and reservations while they last.
///
/// Exact where chips are alike: one part of single-chip domains, no pods and no power limit.
///
/// A time at which fewer chips are free than any waiting job asks for closes what is before it: no
/// job can run across it, so whatever starts later decides nothing about now. Reservations are made
/// only before the first such time, the horizon.
class CountTimeline {
 public:
  /// @param state  of the pool now, with what has just been started.
  CountTimeline(const PoolView& pool, const PoolState& state);
  /// Whether counts tell all of a pool.
  static bool suffices(const PoolState& state);

  /// Gives a job's chips back at its expected end. In order of time, before any reservation; what
  /// was due by now comes at any moment, but is not here yet.
  void release(const RunningJob& job);
  /// All running jobs are told: looks at what is open.
  void complete() { look_for_openings(); }
  /// Whether a job would find its chips from now until its requested end.
  bool fits_now(const WaitingJob& job) const;
  /// Finds them where the pool's state gives them, without taking them.
  bool find_now(const WaitingJob& job, Allocation& found) const;
  /// Takes a job's chips from now on.
  void start(const WaitingJob& job, const Allocation& allocation);
  /// Takes its chips at the earliest time from which they are free as long as requested, if it then
  /// ends before the horizon.
  void reserve(const WaitingJob& job);
  /// What can start now: free chips and until when, ever longer and narrower.
  const std::vector<Opening>& openings() const { return openings_; }
  /// Most chips that are free at once before the horizon, and that: a reservation needs no more.
  Opening reservable() const { return reservable_; }

 private:
  void take(size_t from, double end_s, size_t to, std::int64_t chips);
  void look_for_openings();

  double now_s() const { return time_s_.front(); }

  const PoolState& state_;
  const Placement& placement_;
  std::vector<double> time_s_;      // of each step; the first is now
  std::vector<std::int64_t> free_;  // from then until the next step
  std::vector<Opening> openings_;
  Opening reservable_;
  size_t horizon_ = 0;  // its step; none: the number of steps
  std::int64_t fewest_chips_;
};

}  // namespace busbar::scheduling
