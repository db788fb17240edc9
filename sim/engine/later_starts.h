/// Jobs that a broker holds back for a better hour: new ones, and ones that it paused.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "sim/engine/clock.h"
#include "sim/engine/fleet.h"
#include "sim/engine/job_books.h"
#include "sim/engine/journal.h"
#include "sim/engine/pool_options.h"
#include "sim/engine/work_model.h"
#include "sim/model/job.h"

namespace busbar::engine {

/// Offers later starts to a broker, and keeps the jobs for which it chooses one.
class LaterStarts {
 public:
  struct Parts {
    Clock& clock;
    const Fleet& fleet;
    PoolOptions& options;
    WorkModel& works;
    Journal& journal;
    JobBooks& books;
  };
  /// @param most  for which a job may be held back; 0: none is.
  LaterStarts(const Parts& parts, base::Seconds most) : parts_(parts), most_(most) {}

  /// Adds to the options of a new job the same pools with a start at each later full hour of the
  /// run, as far as it may be held back. Hours at which it would still queue, or at which jobs that
  /// run by their expected end and those held back for it leave no room, are none.
  void add(const model::Job& job, std::vector<scheduling::PoolOption>& options);
  /// Keeps a job until the start that was chosen, then calls `release`.
  void hold(std::int32_t id, const scheduling::PoolOption& chosen, std::function<void()> release);
  /// The same for a job that ran until now.
  void pause(std::int32_t id, const scheduling::PoolOption& chosen, std::function<void()> release);
  /// Whether a pool is expected to have room for so many chips all the time from one time to
  /// another, beside jobs that run then by their expected end and those that are held for it.
  bool has_room(std::int32_t pool, double chips, double from_s, double to_s) const;
  /// Jobs that are held back, by id.
  std::vector<std::int32_t> held() const;
  bool empty() const { return held_.empty(); }

 private:
  struct Held {
    std::int32_t pool = -1;
    double chips = 0.0, start_s = 0.0, end_s = 0.0;
  };
  void keep(std::int32_t id, const scheduling::PoolOption& chosen, std::function<void()> release);

  Parts parts_;
  base::Seconds most_;
  std::map<std::int32_t, Held> held_;  // by job
};

}  // namespace busbar::engine
