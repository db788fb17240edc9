/// Pods of cubes: which cubes make a slice, and how many slices fit.
///
/// Optical circuit switches join any free cubes of a pod to a torus. Without them a slice is a
/// block of neighbours. See sim/doc/models/topology.md.
#pragma once

#include <array>
#include <optional>
#include <vector>

namespace busbar::topology {

/// Extents in cubes. A slice of 8x8x16 chips is 2x2x4 cubes of 4x4x4.
using CubeGrid = std::array<int, 3>;

/// How cubes are joined.
enum class CubeJoining {
  kReconfigurable,  // optical circuit switches: any cubes, in any place
  kStatic,          // fixed cables: the blocks that tile the pod's grid from its origin
};

/// The most compact grid of a number of cubes (least surface), extents ascending: 64 are 4x4x4,
/// 140 are 4x5x7, 144 are 4x6x6.
CubeGrid compact_grid(int cubes);

/// The extents in cubes of a slice given in chips; nothing if its axes are not three, or no
/// multiples of the cube's: smaller slices live inside one cube.
std::optional<CubeGrid> cubes_of(const std::vector<int>& slice, const std::vector<int>& cube);

/// The slice's grid turned so that most blocks of it tile the pod's grid; ties: axes ascending
/// first. Nothing if it does not fit in any way.
std::optional<CubeGrid> best_turn(const CubeGrid& pod, CubeGrid slice);

/// Slices of one shape in a pod: the cubes of each, numbered in the pod's grid with the last axis
/// fastest.
///
/// Reconfigurable: the available cubes in their order, as many slices as they make. Static: the
/// blocks of `best_turn` all of whose cubes are available. Fixed cables close the torus of a block
/// at its ends, so blocks cannot overlap, and the parts of the grid between them and its end are
/// lost.
/// @param available  a flag for each cube: healthy and free.
std::vector<std::vector<int>> pack(const CubeGrid& pod, const CubeGrid& slice,
                                   const std::vector<bool>& available, CubeJoining joining);

}  // namespace busbar::topology
