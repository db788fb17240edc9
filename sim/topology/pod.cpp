#include "sim/topology/pod.h"

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"

namespace busbar::topology {
namespace {

int count(const CubeGrid& grid) { return grid[0] * grid[1] * grid[2]; }

// Blocks of a shape that tile a grid from its origin.
int blocks(const CubeGrid& pod, const CubeGrid& slice) {
  return (pod[0] / slice[0]) * (pod[1] / slice[1]) * (pod[2] / slice[2]);
}

// The cubes of the block that starts at a corner.
std::vector<int> cubes_of_block(const CubeGrid& pod, const CubeGrid& slice, const CubeGrid& from) {
  std::vector<int> cubes;
  for (int x = from[0]; x < from[0] + slice[0]; ++x) {
    for (int y = from[1]; y < from[1] + slice[1]; ++y) {
      for (int z = from[2]; z < from[2] + slice[2]; ++z) {
        cubes.push_back((x * pod[1] + y) * pod[2] + z);
      }
    }
  }
  return cubes;
}

std::vector<std::vector<int>> pack_any(int cubes, const std::vector<bool>& available) {
  std::vector<std::vector<int>> slices;
  std::vector<int> next;
  for (size_t cube = 0; cube < available.size(); ++cube) {
    if (available[cube]) next.push_back(static_cast<int>(cube));
    if (static_cast<int>(next.size()) < cubes) continue;
    slices.push_back(std::move(next));
    next.clear();
  }
  return slices;
}

}  // namespace

CubeGrid compact_grid(int cubes) {
  base::ensure(cubes > 0, "a pod has cubes");
  CubeGrid best{1, 1, cubes};
  const auto surface = [](const CubeGrid& g) { return g[0] * g[1] + g[1] * g[2] + g[0] * g[2]; };
  for (int x = 1; x * x * x <= cubes; ++x) {
    for (int y = x; cubes % x == 0 && x * y * y <= cubes; ++y) {
      if ((cubes / x) % y != 0) continue;
      const CubeGrid grid{x, y, cubes / x / y};
      if (surface(grid) < surface(best)) best = grid;
    }
  }
  return best;
}

std::optional<CubeGrid> cubes_of(const std::vector<int>& slice, const std::vector<int>& cube) {
  if (slice.size() != 3 || cube.size() != 3) return std::nullopt;
  CubeGrid grid{};
  for (size_t axis = 0; axis < 3; ++axis) {
    if (slice[axis] < 1 || slice[axis] % cube[axis] != 0) return std::nullopt;
    grid[axis] = slice[axis] / cube[axis];
  }
  return grid;
}

std::optional<CubeGrid> best_turn(const CubeGrid& pod, CubeGrid slice) {
  std::sort(slice.begin(), slice.end());
  std::optional<CubeGrid> best;
  do {
    const int fitting = blocks(pod, slice);
    if (fitting > 0 && (!best || fitting > blocks(pod, *best))) best = slice;
  } while (std::next_permutation(slice.begin(), slice.end()));
  return best;
}

std::vector<std::vector<int>> pack(const CubeGrid& pod, const CubeGrid& slice,
                                   const std::vector<bool>& available, CubeJoining joining) {
  base::ensure(static_cast<int>(available.size()) == count(pod), "a flag for each cube of the pod");
  base::ensure(*std::min_element(slice.begin(), slice.end()) > 0, "a slice has cubes");
  if (joining == CubeJoining::kReconfigurable) return pack_any(count(slice), available);
  std::vector<std::vector<int>> slices;
  const auto turned = best_turn(pod, slice);
  if (!turned) return slices;
  const CubeGrid& size = *turned;
  for (int x = 0; x + size[0] <= pod[0]; x += size[0]) {
    for (int y = 0; y + size[1] <= pod[1]; y += size[1]) {
      for (int z = 0; z + size[2] <= pod[2]; z += size[2]) {
        std::vector<int> cubes = cubes_of_block(pod, size, {x, y, z});
        if (std::all_of(cubes.begin(), cubes.end(),
                        [&](int cube) { return available[static_cast<size_t>(cube)]; })) {
          slices.push_back(std::move(cubes));
        }
      }
    }
  }
  return slices;
}

}  // namespace busbar::topology
