/// How many components there are, and the series model of their failures.
///
/// In a synchronous job every component is needed, so that failure rates add (Kokolis et al.,
/// arXiv 2410.21680, project their clusters to 131,072 GPUs with it).
#pragma once

#include <array>
#include <cstdint>

#include "sim/base/quantity.h"
#include "sim/model/platform.h"

namespace busbar::faults {

/// Units of each kind that can fail: all of a cluster, or those of one job.
struct Population {
  std::array<std::int64_t, model::kFailureUnits> units{};
  std::int64_t& operator[](model::FailureUnit unit) { return units[static_cast<size_t>(unit)]; }
  std::int64_t operator[](model::FailureUnit unit) const {
    return units[static_cast<size_t>(unit)];
  }
};

/// Counts the units of a number of domains: chips, NICs, nodes, pods (rounded up), one cluster.
/// Feeds, WAN links and sites are the caller's to add: clusters share them.
Population population_of(const model::Platform& platform, const model::Domain& domain,
                         std::int64_t domains, int domains_per_pod = 0);

/// The units that a job of some chips needs: whole nodes, and the domains they stand in.
Population population_of_job(const model::Platform& platform, const model::Domain& domain,
                             double chips);

/// Failures over time of one mode, or of all of a model, in a population.
base::Hertz rate_of(const model::FailureMode& mode, const Population& population);
base::Hertz rate_of(const model::FailureModel& failures, const Population& population);

/// Mean time to failure of a population; infinite without failures.
base::Seconds mttf(const model::FailureModel& failures, const Population& population);

/// A published rate per 1,000 node-days as a rate of one node.
base::Hertz per_thousand_node_days(double failures);

/// Mean time from a failure to its detection, over all failures of a population.
base::Seconds mean_detection(const model::FailureModel& failures, const Population& population);

/// Share of time for which a node is in service, if its failures are repaired without waiting:
/// 1 / (1 + rate × (detection + mean repair + test)) over the modes that take out a node or a part
/// of it.
double node_availability(const model::FailureModel& failures, const Population& population);

}  // namespace busbar::faults
