/// A pool's state over time, where a job fits if domains, buildings and power allow.
#pragma once

#include <span>
#include <vector>

#include "sim/scheduling/policy.h"

namespace busbar::scheduling {

/// The states that a pool will go through, from now on, with running jobs until their expected
/// ends and reservations while they last.
///
/// A job keeps its place while it runs, so it fits at a time if one allocation is free at all
/// steps until its requested end. With single-chip domains in one part and no power limit this is
/// CountTimeline; a test compares them. Its horizon is the same, by free chips. No slice crosses a
/// pod at any step; groups of a fabric keep no gang from its domains and are forgotten here.
///
/// Windows hold chips back: closed parts have none, and those of a reservation that its tenant's
/// jobs do not have yet are free for these alone.
class PoolTimeline {
 public:
  /// @param state  of the pool now, with what has just been started.
  PoolTimeline(const PoolView& pool, const PoolState& state);

  /// Gives a job's room back at its expected end. In order of time, before any reservation; what
  /// was due by now comes at any moment, but is not here yet.
  void release(const RunningJob& job);
  /// All running jobs are told: looks at what is open.
  void complete();
  /// Whether there are as many free chips from now until its requested end as a job asks for.
  bool fits_now(const WaitingJob& job) const;
  /// Finds room from now until a job's requested end, without taking it.
  bool find_now(const WaitingJob& job, Allocation& found) const;
  /// Whether a job may have an allocation from now until its requested end.
  bool holds_now(const WaitingJob& job, const Allocation& allocation) const;
  /// Takes from now on what find_now() found and the pool's state then took and named.
  void start(const WaitingJob& job, const Allocation& allocation);
  /// Takes room at the earliest time from which it is free as long as requested, if the job then
  /// ends before the horizon.
  void reserve(const WaitingJob& job);
  /// What can start now by numbers: free chips and until when, ever longer and narrower.
  const std::vector<Opening>& openings() const { return openings_; }
  /// Most chips that are free at once before the horizon, and that: a reservation needs no more.
  Opening reservable() const { return reservable_; }

 private:
  struct Step {
    double time_s = 0.0;
    std::int64_t free_chips = 0;  // at most, for any tenant
    PoolState state;
    std::vector<std::int64_t> held;  // domains that each window holds back from others
  };
  // Chips of a part that a tenant's running job has until its expected end.
  struct Own {
    std::int32_t tenant = -1, part = -1;
    std::int64_t chips = 0;
    double end_s = 0.0;
  };
  void add_windows();
  void cut_step(double time_s);
  void hold_back(Step& step) const;
  void take_in_windows(std::int32_t tenant, Allocation& allocation, Step& step) const;
  void count(Step& step) const;
  const PoolState& open_to(std::int32_t tenant, const Step& step, PoolState& scratch) const;
  size_t end_of(size_t from, double end_s) const;
  bool holds(std::int32_t tenant, const Allocation& allocation, size_t from, size_t to) const;
  bool find(const WaitingJob& job, size_t from, size_t to, Allocation& found) const;
  void take(const WaitingJob& job, size_t from, double end_s, size_t to,
            const Allocation& allocation);
  void name_shared_domains(size_t from, size_t to, Allocation& allocation);
  void step_aside(const Share& share);
  void look_for_openings();

  const Placement& placement_;
  std::span<const Window> windows_;
  std::vector<Own> own_;
  std::vector<Step> steps_;  // the first is now
  std::vector<Opening> openings_;
  Opening reservable_;
  size_t horizon_ = 0;  // its step; none: the number of steps
  std::int64_t fewest_chips_;
  /// By part: shared domains that only reservations opened, by slot.
  std::vector<std::vector<std::int32_t>> planned_slots_;
};

}  // namespace busbar::scheduling
