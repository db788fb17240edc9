#include "sim/topology/slice_offer.h"

#include <gmock/gmock.h>

#include "sim/topology/flows.h"

namespace busbar::topology {
namespace {

// A cube of 4x4x4 chips with the slices that its vendor lists below it.
model::Domain cube() {
  model::Domain domain;
  domain.topology = model::DomainTopology::kTorus;
  domain.torus = {4, 4, 4};
  domain.wraps = {true, true, true};
  domain.sub_slices = {{2, 2, 1}, {2, 2, 2}, {2, 2, 4}, {2, 4, 4}};
  domain.chips_installed = domain.chips_usable = domain.chips_used = 64;
  domain.allocation_unit = 4;
  domain.link_bandwidth = base::BytesPerSecond{100e9};
  domain.links_per_chip = 6;
  return domain;
}

model::Pod pod(int domains, int slice_domains) {
  model::Pod pod;
  pod.domains = domains;
  pod.slice_domains = slice_domains;
  return pod;
}

// A rack of 72 chips in trays of four, 64 of them used.
model::Domain rack() {
  model::Domain domain;
  domain.chips_installed = domain.chips_usable = 72;
  domain.chips_used = 64;
  domain.allocation_unit = 4;
  domain.link_bandwidth = base::BytesPerSecond{50e9};
  domain.links_per_chip = 18;
  return domain;
}

// Below a cube the next listed slice, above it whole cubes.
TEST(SliceOffer, RoundsSlicesUpToWhatTheVendorLists) {
  const model::Pod superpod = pod(144, 144);
  const std::pair<std::int64_t, std::int64_t> sizes[] = {
      {1, 4}, {4, 4}, {5, 8}, {9, 16}, {17, 32}, {33, 64}, {64, 64}, {65, 128}, {9216, 9216}};
  for (const auto& [asked, given] : sizes) {
    const SliceOffer offer = offer_of(cube(), &superpod, asked, 0);
    EXPECT_EQ(offer.slices, 1) << asked;
    EXPECT_EQ(offer.chips(), given) << asked;
    EXPECT_EQ(offer.broken_rule, "") << asked;
  }
}

// 6,145 chips are more than the 96 cubes that one slice of this pod may have: two slices of 49.
TEST(SliceOffer, SplitsWhatNoPodHolds) {
  const model::Pod superpod = pod(140, 96);
  const SliceOffer offer = offer_of(cube(), &superpod, 6145, 0);
  EXPECT_EQ(offer.slices, 2);
  EXPECT_EQ(offer.slice_chips, 49 * 64);
  EXPECT_EQ(offer_of(cube(), &superpod, 1024, 4).slice_chips, 256);
  EXPECT_THAT(offer_of(cube(), &superpod, 6145, 1).broken_rule,
              ::testing::HasSubstr("at most 96 domains"));
}

// A part of a rack is whole trays; without a pod, racks and a part of another make a gang.
TEST(SliceOffer, GivesWholeTrays) {
  EXPECT_EQ(offer_of(rack(), nullptr, 1, 0).chips(), 4);
  EXPECT_EQ(offer_of(rack(), nullptr, 62, 0).chips(), 64);
  EXPECT_EQ(offer_of(rack(), nullptr, 65, 0).chips(), 68);
  EXPECT_EQ(offer_of(rack(), nullptr, 65, 8).slices, 1);
  const model::Pod joined = pod(8, 8);
  EXPECT_EQ(offer_of(rack(), &joined, 65, 0).chips(), 128);
}

// The closed form is the least cut of the network, for compact shapes of any number of cubes.
TEST(SliceOffer, BisectionIsTheLeastCutOfTheTorus) {
  const int shapes[][4] = {{1, 4, 4, 4}, {2, 4, 4, 8}, {3, 4, 4, 12}, {8, 8, 8, 8}, {12, 8, 8, 12}};
  for (const auto& [domains, x, y, z] : shapes) {
    ScaleUp inside;
    inside.kind = model::DomainTopology::kTorus;
    for (const int extent : {x, y, z}) inside.axes.push_back({extent, true, cube().link_bandwidth});
    EXPECT_DOUBLE_EQ(bisection_of(cube(), domains).value, bisection(inside).value) << domains;
  }
  EXPECT_DOUBLE_EQ(bisection_of(rack(), 1).value, 32 * 900e9);
  EXPECT_DOUBLE_EQ(bisection_of(rack(), 2).value, 0.0);
}

}  // namespace
}  // namespace busbar::topology
