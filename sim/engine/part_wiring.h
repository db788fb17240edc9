/// What joins the domains of a part: pods, groups of its fabric, a power feed.
#pragma once

#include <cstdint>

#include "sim/model/platform.h"
#include "sim/scheduling/pool_state.h"

namespace busbar::engine {

/// Largest number of domains that a cluster ever has in one building (-1: the site has none).
std::int64_t most_domains(const model::Cluster& cluster, int building);

/// The wiring of the domains of one cluster in one building.
///
/// Pods are those of the cluster; without any, the groups of the lowest tier of its fabric that has
/// groups.
struct PartWiring {
  scheduling::PodCounts::Rule rule = scheduling::PodCounts::Rule::kNone;
  std::int32_t pods = 0;         // that its domains fill when all are delivered
  std::int64_t pod_domains = 0;  // in a whole one
  std::int32_t feed = -1;        // index of its power feed in the site's supplies; -1: none
  scheduling::Bisections bisections;
};
PartWiring wiring_of(const model::Platform& platform, const model::Cluster& cluster, int building);

}  // namespace busbar::engine
