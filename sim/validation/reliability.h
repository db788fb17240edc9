/// A job under failures, simulated many times: the twin of the closed forms of sim/faults.
///
/// A small event loop over one job: no queue, no placement, no shared network. Replicates differ in
/// their random streams only, so that variants of one seed meet the same failures.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/faults/effective_time.h"
#include "sim/faults/failure_process.h"

namespace busbar::validation {

/// A job that runs for a horizon, and what it does about failures.
struct ReliabilityTask {
  const model::FailureModel* failures = nullptr;
  faults::Population population;
  faults::CheckpointPlan plan;
  /// Without detection, which is the failing mode's.
  faults::Restart restart;
  bool detection_included = false;  // `restart` is a published total: add no detection
  std::optional<faults::ElasticModel> elastic;
  base::Seconds horizon;
  int replicates = 200;
  std::uint64_t seed = 1;
};

/// Mean over replicates and the band of the middle 95 % of them.
struct Band {
  double mean = 0.0, low = 0.0, high = 0.0;
  double error = 0.0;  // standard error of the mean
};
Band band_of(std::vector<double> values);

/// Figures of one cause.
struct CauseFigures {
  Band interruptions;
  Band share;   // of all interruptions of a replicate
  Band lost_s;  // work done again
  Band stalled_s;
};

struct ReliabilityFigures {
  Band interruptions;
  Band effective;  // ETTR
  Band working;    // share of time in which work is done, lost later or not
  Band lost_s;
  Band mttf_s;                       // horizon over interruptions; replicates without any left out
  std::vector<CauseFigures> causes;  // in the order of the model's modes
};

ReliabilityFigures simulate(const ReliabilityTask& task);

/// The same in closed form, and the null model: M / (M + restart), which loses no work.
struct ReliabilityEstimate {
  base::Seconds mttf;
  base::Seconds restart;  // mean, with detection
  double effective = 1.0;
  double null = 1.0;
};
ReliabilityEstimate estimate(const ReliabilityTask& task);

}  // namespace busbar::validation
