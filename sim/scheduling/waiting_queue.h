/// Waiting jobs in submission order, searchable without walking all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/scheduling/pool_state.h"

namespace busbar::scheduling {

/// A job that waits. `requested_s` is the user's estimate of its run time.
struct WaitingJob {
  std::int32_t id = -1;
  Request request;
  double requested_s = 0.0;
};

/// A queue whose backfill candidates are found in logarithmic time.
///
/// A tree over the places of the queue holds the fewest chips and the shortest requested time of
/// each subtree. A deep queue (thousands waiting) is where walking it job by job breaks down.
class WaitingQueue {
 public:
  using Place = std::ptrdiff_t;
  static constexpr Place kEnd = -1;

  bool empty() const { return count_ == 0; }
  size_t size() const { return count_; }
  /// Chips of all waiting jobs.
  std::int64_t chips() const { return chips_; }

  /// Appends a job.
  void push(const WaitingJob& job);
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

 private:
  struct Least {
    std::int64_t chips;
    double requested_s;
  };
  void set_leaf(size_t place, Least least);
  void rebuild();
  Place search(size_t node, size_t node_begin, size_t node_size, size_t from, std::int64_t chips,
               double window_s, std::int64_t chips_long) const;

  std::vector<WaitingJob> jobs_;  // by place; id -1 where a job has left
  std::vector<Least> tree_;       // heap layout, leaves at [capacity, 2 capacity)
  size_t capacity_ = 0;
  size_t begin_ = 0;  // no job before this place
  size_t count_ = 0;
  std::int64_t chips_ = 0;
};

}  // namespace busbar::scheduling
