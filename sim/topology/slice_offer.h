/// Sizes in which vendors give chips: trays, listed slices, whole domains, pods.
#pragma once

#include <cstdint>
#include <string>

#include "sim/model/platform.h"

namespace busbar::topology {

/// Equal slices that a job gets. They hold at least the chips that it asks for.
struct SliceOffer {
  int slices = 1;  // joined by the data-centre network alone, each inside one pod
  std::int64_t slice_chips = 0;
  std::string broken_rule;  // why there is no such slice; empty: there is
  std::int64_t chips() const { return slices * slice_chips; }
};

/// What a job of so many chips gets of domains of one kind, by the rules of `wiring_of`.
///
/// A part of a domain is rounded up to whole allocation units. Of a torus a slice is rounded up to
/// the next size that its vendor lists, above the largest to whole domains; where a pod joins
/// domains, slices of switched domains are whole above one domain as well. A job takes as few
/// slices as the pod allows, or as many as its plan says; without a pod there is one.
/// @param pod     none: domains are not joined by a scale-up network.
/// @param slices  of the job's plan; 0: it does not say.
SliceOffer offer_of(const model::Domain& domain, const model::Pod* pod, std::int64_t chips,
                    int slices);

/// The least bandwidth, one direction, over the cuts of a slice of whole domains into halves across
/// one axis: of the most compact torus, or of the ports of one switch; 0 for domains that no
/// scale-up network joins. The closed form of `bisection`.
base::BytesPerSecond bisection_of(const model::Domain& domain, std::int64_t domains);

}  // namespace busbar::topology
