/// The wiring of a cluster's slice, for pictures and exports.
#pragma once

#include <optional>
#include <string>

#include "sim/base/diagnostics.h"
#include "sim/model/platform.h"
#include "sim/topology/wiring.h"

namespace busbar::cli {

/// Describes a slice of a cluster.
///
/// @param slice  `8x8x16` of a torus (with `_twisted` where the vendor twists), a number of chips
///               (more than one domain: whole domains joined by the fabric), or empty: one domain.
/// @returns nothing, with the problem told, for a slice that the vendor does not offer.
std::optional<topology::Wiring> slice_wiring(const model::Platform& platform,
                                             const model::Cluster& cluster,
                                             const std::string& slice, base::Diagnostics& problems);

}  // namespace busbar::cli
