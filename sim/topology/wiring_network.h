/// Slices and wide-area networks as graphs.
#pragma once

#include "sim/model/platform.h"
#include "sim/topology/graph.h"
#include "sim/topology/wiring.h"

namespace busbar::topology {

/// The chips of one scale-up group and their cables (layers `x`, `y`, `z`, … by axis), or one
/// switch with a `port` cable a chip. Chips come first, the last axis fastest; a chip of a torus
/// is `chip-X-Y-Z`. Two chips on a wrapped axis have two cables.
///
/// Twisted: the wrap of each shorter axis also shifts by half along each of the longest axes
/// (A x A x 2A, A x 2A x 2A), which evens out the load of the axes.
Network network_of(const ScaleUp& inside);

/// All chips of a slice with their scale-up groups, scale-out fabric and sites.
///
/// A chip's share of its node's NICs is its `nic` cable. It ends in the leaf switch of its rail
/// (chips of equal number in their groups), one for each group of the lowest tier; the tiers above
/// are one ideal switch for each of their groups, that all rails below reach. A switch's cable into
/// a tier carries what enters the switch from below over the tier's oversubscription. Where the
/// lowest tier is oversubscribed itself, a switch for each scale-up group gathers its NICs first.
/// Half the NIC-to-NIC latency lies on each `nic` cable. Sites are joined in pairs by `wan` cables.
Network network_of(const Wiring& wiring);

/// The sites and routers of a world and its WAN links. Sites come first, in their order; then
/// routers. Cables stand in the order of the links.
Network wan_of(const model::Platform& platform);

}  // namespace busbar::topology
