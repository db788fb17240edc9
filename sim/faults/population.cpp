#include "sim/faults/population.h"

#include <cmath>
#include <limits>

namespace busbar::faults {

using model::FailureUnit;

Population population_of(const model::Platform& platform, const model::Domain& domain,
                         std::int64_t domains, int domains_per_pod) {
  const model::Node& node = platform.nodes[domain.node];
  Population all;
  all[FailureUnit::kDomain] = domains;
  all[FailureUnit::kNode] = domains * domain.nodes;
  all[FailureUnit::kChip] = domains * domain.chips_installed;
  all[FailureUnit::kNic] = all[FailureUnit::kNode] * node.nics;
  if (domains_per_pod > 0) {
    all[FailureUnit::kPod] = (domains + domains_per_pod - 1) / domains_per_pod;
  }
  all[FailureUnit::kCluster] = domains > 0 ? 1 : 0;
  return all;
}

Population population_of_job(const model::Platform& platform, const model::Domain& domain,
                             double chips) {
  const model::Node& node = platform.nodes[domain.node];
  Population job;
  job[FailureUnit::kNode] = static_cast<std::int64_t>(std::ceil(chips / node.accelerators));
  job[FailureUnit::kChip] = job[FailureUnit::kNode] * node.accelerators;
  job[FailureUnit::kNic] = job[FailureUnit::kNode] * node.nics;
  job[FailureUnit::kDomain] = static_cast<std::int64_t>(std::ceil(chips / domain.chips_used));
  job[FailureUnit::kCluster] = 1;
  return job;
}

base::Hertz rate_of(const model::FailureMode& mode, const Population& population) {
  return mode.rate * static_cast<double>(population[mode.per]);
}

base::Hertz rate_of(const model::FailureModel& failures, const Population& population) {
  base::Hertz sum;
  for (const model::FailureMode& mode : failures.modes) sum += rate_of(mode, population);
  return sum;
}

base::Seconds mttf(const model::FailureModel& failures, const Population& population) {
  const double rate = rate_of(failures, population).value;
  return base::Seconds{rate > 0.0 ? 1.0 / rate : std::numeric_limits<double>::infinity()};
}

base::Hertz per_thousand_node_days(double failures) {
  return base::Hertz{failures / (1000.0 * base::kDay)};
}

base::Seconds mean_detection(const model::FailureModel& failures, const Population& population) {
  double weighted = 0.0, sum = 0.0;
  for (const model::FailureMode& mode : failures.modes) {
    const double rate = rate_of(mode, population).value;
    weighted += rate * mode.detection.value;
    sum += rate;
  }
  return base::Seconds{sum > 0.0 ? weighted / sum : 0.0};
}

double node_availability(const model::FailureModel& failures, const Population& population) {
  const auto nodes = static_cast<double>(population[FailureUnit::kNode]);
  double out = 0.0;
  for (const model::FailureMode& mode : failures.modes) {
    if (mode.takes == FailureUnit::kJob || mode.takes > FailureUnit::kNode) continue;
    if (mode.slowdown > 0.0 || mode.repair.median.value <= 0.0) continue;
    const base::Seconds away = mode.detection + mode.repair.mean() + mode.retest;
    out += rate_of(mode, population).value / nodes * away.value;
  }
  return 1.0 / (1.0 + out);
}

}  // namespace busbar::faults
