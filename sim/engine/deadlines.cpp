#include "sim/engine/deadlines.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace busbar::engine {

double deadline_of(const model::Scenario& scenario, const model::Job& job) {
  double deadline_s = std::numeric_limits<double>::infinity();
  if (job.stream < 0) return deadline_s;
  const double after_s = scenario.workload.streams[{job.stream}].deadline.value;
  if (after_s > 0.0) deadline_s = job.submit_s + after_s;
  if (job.campaign < 0) return deadline_s;
  const double due_s = scenario.workload.campaigns[{job.campaign}].due_s(scenario.start_unix_s);
  return std::isnan(due_s) ? deadline_s : std::min(deadline_s, due_s);
}

}  // namespace busbar::engine
