/// The calendar: reservations for organisations and maintenance of clusters.
#pragma once

#include <vector>

#include "sim/engine/capacity_desk.h"

namespace busbar::engine {

/// Tells the pools of the windows that are open or come, and opens and closes them.
///
/// When a reservation begins, jobs of others that still hold its chips are stopped, the last
/// started first, until they are free. When maintenance begins, what still runs there is stopped.
/// Both are told in time to save their work.
class WindowDesk {
 public:
  struct Parts {
    const model::Scenario& scenario;
    Clock& clock;
    Fleet& fleet;
    Journal& journal;
    JobDesk& jobs;
    CapacityDesk& capacity;
    double horizon_s;  // infinite: until idle
  };
  explicit WindowDesk(const Parts& parts);

  void schedule();
  /// Whether a window is still to end for which waiting jobs may wait.
  bool more_to_come() const;
  /// No more windows: nothing is left that would wait for one.
  void stop() { stopped_ = true; }

 private:
  // What a reservation holds in one part.
  struct Held {
    CapacityDesk::Place place;
    std::int64_t chips = 0;
  };
  struct Reserved {
    const model::Reservation* reservation = nullptr;
    std::vector<Held> held;
  };
  void plan(size_t maintenance, double begin_s);
  void begin(size_t reservation);
  void maintain(size_t maintenance, bool begins);
  void refresh();
  double look_ahead_s() const;
  std::int64_t reserved_but_taken(const Reserved& reserved, const Held& held) const;
  std::vector<CapacityDesk::Place> places_of(const model::Maintenance& maintenance) const;

  Parts parts_;
  std::vector<Reserved> reserved_;
  std::vector<double> next_s_;         // by maintenance: begin of its next window; infinite: none
  std::vector<double> open_until_;     // …end of the open one; negative: none
  std::int64_t once_left_ = 0;         // windows that are not repeated and have not ended
  std::int64_t ends_since_start_ = 0;  // of repeated ones, since a job started
  std::int64_t starts_ = 0;
  bool stopped_ = false;
};

}  // namespace busbar::engine
