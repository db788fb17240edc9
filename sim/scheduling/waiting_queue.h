/// Waiting jobs in the order of their policy, searchable without walking all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "sim/scheduling/job_sizes.h"
#include "sim/scheduling/pool_state.h"

namespace busbar::scheduling {

/// A job that waits. `requested_s` is the user's estimate of its run time. An elastic job asks a
/// policy that sizes jobs for its least size, and for the time that it takes there.
struct WaitingJob {
  std::int32_t id = -1;
  Request request;
  double requested_s = 0.0;
  double submit_s = 0.0;
  std::int32_t priority = 0;
  std::int32_t tenant = -1;  // its organisation; -1: none
  double rank = 0.0;         // by the policy; the lowest stands first
  double ranked_s = 0.0;     // when it was given that rank
  double deadline_s = std::numeric_limits<double>::infinity();
  const JobSizes* sizes = nullptr;  // of an elastic job, where the policy sizes jobs
};

/// Chips that are free from now until a time.
struct Opening {
  std::int64_t chips = 0;
  double end_s = 0.0;
};

/// Whether a job could start at `now_s`, by numbers alone. Openings get longer and narrower.
inline bool enters(std::span<const Opening> openings, double now_s, std::int64_t chips,
                   double requested_s) {
  for (const Opening& opening : openings) {
    if (chips <= opening.chips && now_s + requested_s <= opening.end_s) return true;
  }
  return false;
}

/// A queue whose backfill candidates are found in logarithmic time.
///
/// A tree over the places of the queue holds the fewest chips and the shortest requested time of
/// each subtree. A deep queue (thousands waiting) is where walking it job by job breaks down. Jobs
/// stand by rank, then submission, then id; one that belongs between others takes the place of one
/// that has left nearby, so places hold only until the next push.
class WaitingQueue {
 public:
  using Place = std::ptrdiff_t;
  static constexpr Place kEnd = -1;

  bool empty() const { return count_ == 0; }
  size_t size() const { return count_; }
  /// Chips of all waiting jobs.
  std::int64_t chips() const { return chips_; }
  /// Chips of the smallest; of an empty queue, more than any job has.
  std::int64_t fewest_chips() const;

  /// Puts a job where it belongs.
  void push(const WaitingJob& job);
  /// Where a job stands that has been pushed with this rank, time of submission and id; kEnd: not
  /// here.
  Place find(const WaitingJob& job) const;
  /// Removes the job at a place.
  void erase(Place place);
  const WaitingJob& operator[](Place place) const { return jobs_[static_cast<size_t>(place)]; }

  /// The first job, or kEnd.
  Place front() const;
  /// The first job after `place`, or kEnd.
  Place after(Place place) const;
  /// The first job after `place` that asks for at most `chips_long` chips, or for at most `chips`
  /// chips and at most `window_s` seconds; kEnd if none.
  Place next_candidate(Place place, std::int64_t chips, double window_s,
                       std::int64_t chips_long) const;
  /// The first job after `place` that enters one of the openings; kEnd if none.
  Place next_entering(Place place, double now_s, std::span<const Opening> openings) const;

 private:
  struct Least {
    std::int64_t chips;
    double requested_s;
  };
  void set_leaf(size_t place, Least least);
  void rebuild(size_t places_per_job);
  void append(const WaitingJob& job);
  bool insert(const WaitingJob& job);
  void move(size_t from, size_t to);
  template <class Possible>
  Place search(size_t node, size_t node_begin, size_t node_size, size_t from,
               const Possible& possible) const;

  std::vector<WaitingJob> jobs_;  // by place, in order; a job that has left has a negative id
  std::vector<Least> tree_;       // heap layout, leaves at [capacity, 2 capacity)
  size_t capacity_ = 0;
  size_t begin_ = 0;  // no job before this place
  size_t count_ = 0;
  std::int64_t chips_ = 0;
};

}  // namespace busbar::scheduling
