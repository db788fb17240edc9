/// Which of many equal units fails, and when those that age do.
#pragma once

#include <cstdint>
#include <map>

#include "sim/base/quantity.h"
#include "sim/base/random.h"
#include "sim/model/failures.h"

namespace busbar::faults {

/// Picks the unit of a failure, with lemons among them: a share of the units, evenly spread over
/// their numbers, that fails `factor` times as often as the others. Its cost does not depend on the
/// number of units.
class UnitPicker {
 public:
  UnitPicker(std::int64_t units, double lemon_share, double lemon_factor);
  /// The unit at `u` in (0, 1): u below the lemons' share of all failures picks a lemon.
  std::int64_t pick(double u) const;
  bool is_lemon(std::int64_t unit) const;
  std::int64_t lemons() const { return lemons_; }

 private:
  std::int64_t lemon_at(std::int64_t i) const {
    return i * units_ / lemons_ + units_ / lemons_ / 2;
  }

  std::int64_t units_, lemons_;
  double lemon_mass_;  // share of failures that hit lemons
};

/// Failures of many equal units that age: lifetimes are Weibull, a failed unit is as new at once.
///
/// Units of one birth are a cohort. With n units of age a the next failure of a cohort comes at the
/// age x with n (H(x) - H(a)) = E, E exponential of mean 1 and H(x) = (x / scale)^shape: one draw a
/// failure, not one a unit.
class AgeingUnits {
 public:
  /// `rate` is the long-run mean of one unit: scale = 1 / (rate × Gamma(1 + 1/shape)).
  AgeingUnits(base::Hertz rate, double shape, base::RandomStream draws);
  /// Adds units that are new at `born_s`, numbered on from those that there are.
  void add(std::int64_t units, double born_s, double now_s);
  /// Takes out all units from number `units` on: a decommissioning.
  void keep(std::int64_t units, double now_s);
  /// When the next unit fails; infinite without units.
  double next_s() const;
  /// The unit of the next failure, which is as new from then on.
  std::int64_t pop();

 private:
  struct Cohort {
    double born_s = 0.0;
    std::int64_t first = 0;                      // units first, first + 1, …
    std::int64_t count = 0;                      // still of this birth
    std::map<std::int64_t, std::int64_t> moved;  // sparse shuffle: which unit stands at a place
    std::int64_t unit_at(std::int64_t place) const;
    void drop(std::int64_t place);  // the last one takes its place
  };
  double draw_next(const Cohort& cohort, double now_s);
  void schedule(Cohort cohort, double now_s);

  double shape_, scale_s_;
  base::RandomStream draws_;
  std::int64_t units_ = 0;
  std::multimap<double, Cohort> by_next_;
};

}  // namespace busbar::faults
