/// Arrival processes. See sim/doc/models/generator.md.
#pragma once

#include "workloads/generator/generator.h"

namespace busbar::generator {

/// The mean number of arrivals up to a time, and its inverse.
///
/// Rate(t) = rate × growth^(t in years) × day(t) × week(t), where the day's cosine and the
/// weekend's factor are scaled so that `rate` is the mean over a week at the start.
class CumulativeRate {
 public:
  CumulativeRate(const model::Arrivals& arrivals, double start_unix_s, double horizon_s);
  /// Mean arrivals in [0, horizon).
  double total() const { return until_.back(); }
  /// Mean arrivals in [0, time_s).
  double until(double time_s) const;
  /// The time at which the mean reaches `count`, for 0 <= count < total().
  double time_of(double count) const;

 private:
  double step_s_;
  std::vector<double> until_;  // at the begin of each step; linear between
};

/// Independent arrivals: unit-rate exponential gaps, put onto the clock by the inverse of the
/// cumulative rate (time rescaling). One draw an arrival.
class Poisson : public ArrivalProcess {
 public:
  std::vector<double> draw(const model::Arrivals& arrivals, double start_unix_s, double horizon_s,
                           base::RandomStream& random) const override;
};

/// Gaps of a gamma distribution instead of exponential ones: burstier above a coefficient of
/// variation of 1, more regular below. One draw an arrival.
class Gamma : public ArrivalProcess {
 public:
  std::vector<double> draw(const model::Arrivals& arrivals, double start_unix_s, double horizon_s,
                           base::RandomStream& random) const override;
};

/// Markov-modulated Poisson process of two states: bursts and calm, of exponential lengths, with
/// the mean rate kept. Fischer and Meier-Hellstern, "The Markov-modulated Poisson process (MMPP)
/// cookbook", 1993.
class Mmpp : public ArrivalProcess {
 public:
  std::vector<double> draw(const model::Arrivals& arrivals, double start_unix_s, double horizon_s,
                           base::RandomStream& random) const override;
};

/// One arrival whenever the mean has grown by one: no randomness.
class Regular : public ArrivalProcess {
 public:
  std::vector<double> draw(const model::Arrivals& arrivals, double start_unix_s, double horizon_s,
                           base::RandomStream& random) const override;
};

}  // namespace busbar::generator
