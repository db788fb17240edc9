/// A failure model fitted to a log, and logs made by a model.
///
/// What each part is fitted on: rates on counts by class; repair times on median and mean of each
/// class; lemons on the counts of faults by server; bursts and drift on the dispersion of counts in
/// windows of one hour to 30 days and on the share of faults at one instant. The gaps between
/// faults and the unavailable time are not fitted on: they test the fit.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/base/random.h"
#include "sim/faults/fault_log.h"
#include "sim/model/failures.h"

namespace busbar::faults {

/// A fitted model with what it leaves unexplained.
struct LogFit {
  model::FailureModel failures;  // rates per node
  Arrivals logged;
  std::map<double, double> fitted_dispersion;                   // at the windows of `logged`
  double repair_p90_logged_s = 0.0, repair_p90_fitted_s = 0.0;  // over all classes
  double servers_without_fault_logged = 0.0;                    // shares of servers
  double servers_without_fault_fitted = 0.0;
  double servers_without_fault_if_equal = 0.0;  // the null model: no lemons
};

/// Fits a model to a log of some servers. A log of fewer than 30 faults gives rates and repairs
/// only: no lemons, bursts or drift.
LogFit fit(const FaultLog& log, int servers);

/// Variance over mean of counts in windows under bursts and drift, with a rate of all failures:
/// 1 + 2 (m - 1) [z^2 + (1 - z^2) (1 - (1 - e^-x) / x)] + rate w v (1 - w / 3L), x = w / spread;
/// z the share at the instant, v the squared variation of the drift, L its period (w <= L).
double dispersion_of(const model::Bursts& bursts, const model::RateDrift& drift, base::Hertz rate,
                     base::Seconds window);

/// A log as the model makes it: failures of the servers over a span, each out for a drawn time.
/// A failure of a server that is out already prolongs nothing but its own time.
std::vector<LoggedFault> regenerate(const model::FailureModel& failures, int servers,
                                    base::Seconds span, const base::RandomStreams& streams);

}  // namespace busbar::faults
