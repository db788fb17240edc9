#include "sim/topology/pod.h"

#include <gmock/gmock.h>

#include <set>

namespace busbar::topology {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr CubeGrid kPod{4, 4, 4};

TEST(Pod, GridsAreCompact) {
  EXPECT_THAT(compact_grid(64), ElementsAre(4, 4, 4));
  EXPECT_THAT(compact_grid(144), ElementsAre(4, 6, 6));
  EXPECT_THAT(compact_grid(140), ElementsAre(4, 5, 7));  // 16x20x28 chips, as TPU v5p is built
  EXPECT_THAT(compact_grid(7), ElementsAre(1, 1, 7));
}

TEST(Pod, SlicesAreWholeCubes) {
  EXPECT_THAT(*cubes_of({8, 8, 16}, {4, 4, 4}), ElementsAre(2, 2, 4));
  EXPECT_FALSE(cubes_of({8, 8, 6}, {4, 4, 4}));
  EXPECT_FALSE(cubes_of({8, 8}, {4, 4, 4}));
  EXPECT_FALSE(cubes_of({2, 2, 1}, {4, 4, 4}));
}

// Optical switches take the cubes that are left, wherever they are.
TEST(Pod, ReconfigurableSlicesTakeAnyCubes) {
  std::vector<bool> available(64, false);
  for (const size_t cube : {3u, 17u, 40u, 41u, 63u}) available[cube] = true;
  EXPECT_THAT(pack(kPod, {1, 1, 2}, available, CubeJoining::kReconfigurable),
              ElementsAre(ElementsAre(3, 17), ElementsAre(40, 41)));
  // Fixed cables do not join them, but for the two that are neighbours.
  EXPECT_THAT(pack(kPod, {1, 1, 2}, available, CubeJoining::kStatic),
              ElementsAre(ElementsAre(40, 41)));
}

// One dead cube costs one slice of any size with fixed cables; with switches, one cube.
TEST(Pod, OneDeadCube) {
  std::vector<bool> available(64, true);
  available[21] = false;
  for (const auto& [slice, fixed, any] : {std::tuple{CubeGrid{1, 1, 1}, 63u, 63u},
                                          {CubeGrid{2, 2, 2}, 7u, 7u},
                                          {CubeGrid{2, 2, 4}, 3u, 3u},
                                          {CubeGrid{1, 1, 3}, 15u, 21u},
                                          {CubeGrid{3, 4, 4}, 0u, 1u},
                                          {CubeGrid{4, 4, 4}, 0u, 0u}}) {
    EXPECT_THAT(pack(kPod, slice, available, CubeJoining::kStatic), SizeIs(fixed));
    EXPECT_THAT(pack(kPod, slice, available, CubeJoining::kReconfigurable), SizeIs(any));
  }
}

// A shape is turned so that most of it fits: 2x2x3 cubes in 4x6x6 lie with three along a six.
TEST(Pod, ShapesAreTurned) {
  EXPECT_THAT(*best_turn({4, 6, 6}, {2, 2, 3}), ElementsAre(2, 2, 3));
  EXPECT_THAT(*best_turn({4, 6, 6}, {6, 6, 4}), ElementsAre(4, 6, 6));
  EXPECT_THAT(*best_turn({6, 4, 4}, {4, 4, 3}), ElementsAre(3, 4, 4));
  EXPECT_FALSE(best_turn({4, 4, 4}, {1, 1, 5}));
  const std::vector<bool> all(64, true);
  EXPECT_THAT(pack(kPod, {1, 1, 5}, all, CubeJoining::kStatic), SizeIs(0));
  EXPECT_THAT(pack(kPod, {1, 1, 5}, all, CubeJoining::kReconfigurable), SizeIs(12));
}

// However they are joined, slices do not overlap, have their size and take available cubes only.
TEST(Pod, SlicesAreDisjoint) {
  std::vector<bool> available(144);
  for (size_t cube = 0; cube < 144; ++cube) available[cube] = cube % 40 != 5;
  const CubeGrid pod = compact_grid(144);
  for (const CubeJoining joining : {CubeJoining::kStatic, CubeJoining::kReconfigurable}) {
    for (const CubeGrid& slice : {CubeGrid{1, 1, 1}, {1, 1, 2}, {1, 2, 2}, {2, 2, 3}}) {
      std::set<int> taken;
      const auto slices = pack(pod, slice, available, joining);
      const int size = slice[0] * slice[1] * slice[2];
      for (const auto& cubes : slices) {
        EXPECT_THAT(cubes, SizeIs(static_cast<size_t>(size)));
        for (const int cube : cubes) {
          EXPECT_TRUE(available[static_cast<size_t>(cube)]);
          EXPECT_TRUE(taken.insert(cube).second) << cube;
        }
      }
      EXPECT_FALSE(taken.empty());
    }
  }
}

}  // namespace
}  // namespace busbar::topology
