/// The failures of a population, one after the other.
///
/// Modes without ageing are one superposed stream of bursts: with a total rate L and bursts of mean
/// size m, bursts begin at L / m, slowed or quickened by the drift of their period; the mode and
/// the units are drawn with their weights. Each mode with a Weibull shape other than 1 is a stream
/// of its own (`AgeingUnits`), outside bursts and drift.
///
/// The caller holds the process and asks for one failure at a time; it knows no clock. Its streams
/// are named by purpose and entity, so that a second cluster shifts no draw of the first.
#pragma once

#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "sim/faults/population.h"
#include "sim/faults/unit_clock.h"

namespace busbar::faults {

/// One failure.
struct Failure {
  double time_s = 0.0;
  size_t mode = 0;         // in the model's list
  std::int64_t unit = 0;   // of the kind that the mode's rate counts, from 0
  std::int64_t burst = 0;  // failures of one burst share a number; -1: of an ageing mode
};

class FailureProcess {
 public:
  /// Failures from `start` on of units that are new then. The model must outlive the process.
  FailureProcess(const model::FailureModel& failures, const Population& population,
                 const base::RandomStreams& streams, const std::string& entity,
                 base::Seconds start);

  /// When the next failure comes; infinite if nothing can fail.
  double next_s();
  /// Takes the next failure. Times never go back.
  Failure pop();
  /// Changes how many units there are from `now` on: a delivery, new at that time, or a
  /// decommissioning. Failures of units beyond the new count are dropped.
  void resize(const Population& population, base::Seconds now);

 private:
  struct Pending {
    Failure failure;
    double burst_s = 0.0;  // when its burst began
  };
  struct Later {
    bool operator()(const Pending& a, const Pending& b) const {
      return a.failure.time_s > b.failure.time_s;
    }
  };
  struct Ageing {
    size_t mode = 0;
    AgeingUnits units;
  };
  void fill();
  void draw_burst(double at_s);
  double burst_after(double from_s);
  double drift_factor(std::int64_t period);
  size_t pick_mode(double u) const;
  void weigh_modes();
  std::optional<Failure> candidate();

  const model::FailureModel& failures_;
  Population population_;
  std::vector<double> cumulative_;  // rates of modes in the superposed stream
  double burst_rate_ = 0.0;
  base::RandomStream times_, modes_, units_, sizes_, delays_, drift_;
  double drift_phase_s_ = 0.0;    // of the first period, gone before time 0
  std::int64_t drift_drawn_ = 0;  // periods drawn
  double drift_factor_ = 1.0;     // of the last of them
  double next_burst_s_ = 0.0;
  std::int64_t bursts_ = 0;
  std::priority_queue<Pending, std::vector<Pending>, Later> pending_;
  std::vector<Ageing> ageing_;
};

/// What a failure takes out: a unit of another kind than the one that failed, by number.
struct TakenOut {
  model::FailureUnit unit = model::FailureUnit::kJob;
  std::int64_t first = 0, count = 0;  // none for a job
};

/// Finds what a failure takes out of a population whose units are numbered alike from the inside
/// out: with 4 chips a node, chip 9 is of node 2. A failed unit that holds several of the kind
/// taken out takes them all. Kinds that the population has none of (feeds, links and sites are the
/// caller's) give no unit: count 0.
TakenOut taken_out(const model::FailureMode& mode, const Population& population, std::int64_t unit);

/// Draws a time out of service: log-normal, one draw.
base::Seconds repair_time(const model::FailureMode& mode, base::RandomStream& draws);

}  // namespace busbar::faults
