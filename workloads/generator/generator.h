/// Emits the jobs of a workload: streams by their arrival process, and replayed logs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/base/random.h"
#include "sim/base/registry.h"
#include "sim/model/job.h"
#include "sim/model/scenario.h"

namespace busbar::generator {

/// Draws the arrival times of one stream. Pure: the stream of uniforms is passed in.
class ArrivalProcess {
 public:
  virtual ~ArrivalProcess() = default;
  /// Arrival times in [0, horizon_s), ascending. `start_unix_s` anchors hours, weekends and growth.
  virtual std::vector<double> draw(const model::Arrivals& arrivals, double start_unix_s,
                                   double horizon_s, base::RandomStream& random) const = 0;
};

/// Reads one log format into jobs, in the order of the file.
class LogReader {
 public:
  virtual ~LogReader() = default;
  /// True if the first lines of a file look like this format.
  virtual bool recognises(const std::string& path) const = 0;
  /// Reads all jobs; problems name file and row. Submit times count from the first submission
  /// where the format has calendar times, and are kept as they are where it has relative ones.
  virtual std::vector<model::Job> read(const std::string& path,
                                       base::Diagnostics& problems) const = 0;
  /// Asks for jobs that follow others as the log says; false: this format does not say. Such a job
  /// has the submit time of the one before it, which is when it is first known.
  virtual bool honour_dependencies() { return false; }
};

void add_builtin(base::Registry<ArrivalProcess>& processes);
void add_builtin(base::Registry<LogReader>& readers);

/// Generates every job submitted before the horizon (all of a replayed log when the horizon is
/// "until idle"), sorted by submission time, ties by stream or trace and position; names are
/// unique.
///
/// A log without requested time uses its run time. Bad rows are reported with file and row.
std::vector<model::Job> generate_jobs(const model::Scenario& scenario,
                                      const base::RandomStreams& streams,
                                      const base::Registry<ArrivalProcess>& processes,
                                      const base::Registry<LogReader>& readers,
                                      base::Diagnostics& problems);

/// Quantile function of a distribution at u in (0, 1), clamped to its bounds.
double quantile(const model::Distribution& distribution, double u);

}  // namespace busbar::generator
