/// Repairs of a site by its crews and spare parts: a queue that the caller advances.
///
/// Deterministic and without a clock: the caller says when a unit arrives and asks what is done by
/// when. Units are served in order of arrival, ties by number. A repair that needs a part waits at
/// the head of the queue until there is one; nobody overtakes it. The part that comes out is
/// repaired or replaced elsewhere and is a spare again after a lead time. A test after the repair
/// needs no crew.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <queue>
#include <vector>

#include "sim/base/quantity.h"
#include "sim/model/platform.h"

namespace busbar::faults {

/// A unit that waits for its repair.
struct RepairTicket {
  std::int64_t number = 0;  // the caller's
  double work_s = 0.0;      // time of a crew
  double retest_s = 0.0;    // after it
  bool needs_spare = false;
  bool replenished = true;  // the part that it takes is a spare again after the lead time
};

/// A unit that is back in service.
struct Repaired {
  std::int64_t number = 0;
  double arrived_s = 0.0;
  double started_s = 0.0;  // a crew took it
  double back_s = 0.0;
};

class RepairShop {
 public:
  /// Crews and spares as the site has them; none said: never short.
  explicit RepairShop(const model::Crews& crews);

  /// Takes a unit in. Times must not go back.
  void arrive(const RepairTicket& ticket, double now_s);
  /// When to advance next if nothing else arrives: a unit is back, or a crew or part that somebody
  /// waits for is free. Infinite if nothing will happen.
  double next_s() const;
  /// Units back by `now_s`, in order of time, ties by number.
  std::vector<Repaired> advance(double now_s);
  size_t waiting() const { return queue_.size(); }
  /// Parts in stock at the last arrival or advance; nothing if never short.
  std::optional<int> spares() const { return spares_; }

 private:
  static constexpr double kNever = std::numeric_limits<double>::infinity();
  struct Waiting {
    RepairTicket ticket;
    double arrived_s = 0.0;
  };
  struct Later {
    bool operator()(const Repaired& a, const Repaired& b) const {
      return a.back_s != b.back_s ? a.back_s > b.back_s : a.number > b.number;
    }
  };
  using Times = std::priority_queue<double, std::vector<double>, std::greater<>>;
  void run_to(double now_s);
  void start_all(double now_s);

  std::optional<int> free_crews_, spares_;
  double spare_lead_s_, now_s_ = -kNever;
  std::deque<Waiting> queue_;
  Times crew_free_, spare_back_;
  std::priority_queue<Repaired, std::vector<Repaired>, Later> done_;
};

}  // namespace busbar::faults
