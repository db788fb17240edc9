/// How the chips of a slice are wired, from the inside out: what collectives, plots and exports
/// ask. See sim/doc/models/topology.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/model/platform.h"

namespace busbar::topology {

/// One axis of a torus. A mesh is a torus whose axis does not wrap.
struct Axis {
  int extent = 1;              // chips along it
  bool wraps = false;          // a cable joins its ends
  base::BytesPerSecond cable;  // one cable, one direction
};

/// The scale-up network of one group of chips: a torus of cables, or one switched port a chip.
struct ScaleUp {
  model::DomainTopology kind = model::DomainTopology::kSwitch;
  std::vector<Axis> axes;     // torus; empty for a switch
  bool twisted = false;       // torus: wraps of shorter axes shift by half along the longest ones
  int ports = 1;              // switch: chips on it
  base::BytesPerSecond port;  // switch: one direction, all links of a chip together
  base::Seconds hop;          // latency of a cable, or of a pass through the switch
  bool in_network_reduction = false;  // switch: adds up what its ports send (NVLS, SHARP)
  int chips() const;
  /// One direction, all links of a chip together; of an inner chip where an axis does not wrap.
  base::BytesPerSecond chip_bandwidth() const;
};

/// A tier of the scale-out fabric, from the leaves up.
struct Tier {
  std::string name;
  int groups = 0;  // scale-up groups below one switch group of this tier; 0: all
  /// Capacity of the NICs below over what passes between the groups of the tier below.
  double oversubscription = 1.0;
};

/// The scale-out network between groups: one NIC share a chip, rails (chips of equal number in
/// their groups) switched together, tiers above them.
struct ScaleOut {
  int groups = 1;            // scale-up groups that it joins; 1: there is none
  base::BytesPerSecond nic;  // a chip's share of its node's NICs, one direction
  base::Seconds latency;     // from NIC to NIC
  std::vector<Tier> tiers;   // empty: non-blocking
  model::LoadBalancing load_balancing = model::LoadBalancing::kAdaptive;
};

/// A slice: equal groups, equal at every site.
struct Wiring {
  std::string name;
  ScaleUp inside;
  ScaleOut between;  // groups of one site
  int sites = 1;
  base::BytesPerSecond wan;   // between two sites, one direction, all chips together
  base::Seconds wan_latency;  // one way
  int chips() const { return inside.chips() * between.groups * sites; }
};

/// `8x8x16`.
std::string text_of(const std::vector<int>& shape);

/// Whether a torus has one of the forms that are twisted: AxAx2A, Ax2Ax2A.
bool can_twist(std::vector<int> shape);

/// Reads a slice of a cluster: a shape (`8x8x16`, `4x4x8-twisted`), a number of chips (`72`, `512`)
/// or several groups over the fabric (`2*16x16`, `3*4`). Holds it to the rules of the vendor as the
/// catalogue states them: shapes below a domain as listed, without wrap where cubes are joined by
/// optical switches; above, multiples of the domain inside a pod. Reports what is offered
/// otherwise.
std::optional<Wiring> wiring_of(const model::Platform& platform, const model::Cluster& cluster,
                                std::string_view slice, base::Diagnostics& problems);

/// Where a slice is taken: domains of one kind, and what joins them.
struct Place {
  std::string name;  // for messages: `cluster 'mesa-gpu'`
  const model::Domain* domain = nullptr;
  const model::Pod* pod = nullptr;        // none: slices stay inside a domain
  const model::Fabric* fabric = nullptr;  // none: domains are not joined
  int domains = 0;                        // that there are
};
std::optional<Wiring> wiring_of(const model::Platform& platform, const Place& place,
                                std::string_view slice, base::Diagnostics& problems);

/// What the links of an abstract network are like.
struct LinkSpec {
  base::BytesPerSecond bandwidth;  // one direction: of a cable, or of a port of a switch
  base::Seconds latency;           // of a hop
};

/// Reads a network without a world: `torus:4x4x4`, `torus:4x4x8-twisted`, `mesh:4x4`, `ring:16`, `switch:72`, `nvswitch:8`
/// (which adds up what its ports send) or `fat-tree:8x16@2` (leaves x hosts @ oversubscription).
std::optional<Wiring> parse_topology(std::string_view text, const LinkSpec& cable,
                                     base::Diagnostics& problems);

}  // namespace busbar::topology
