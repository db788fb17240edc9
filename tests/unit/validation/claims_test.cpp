#include "sim/validation/claims.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/calendar.h"
#include "sim/input/reader.h"

namespace busbar::validation {
namespace {

using model::Claim;
using model::ClaimQuantity;

class Claims : public ::testing::Test {
 protected:
  Claims() {
    base::Diagnostics problems;
    platform_ = *input::read_platform(BUSBAR_SOURCE_DIR "/platforms/worlds/tiny.xml", {}, problems);
  }
  double figure(const Claim& claim) const { return world_figure(platform_, claim); }

  model::Platform platform_;
};

Claim claim_of(ClaimQuantity quantity) {
  Claim claim;
  claim.quantity = quantity;
  return claim;
}

TEST_F(Claims, CountWhatIsDelivered) {
  Claim claim = claim_of(ClaimQuantity::kChipsInstalled);
  EXPECT_DOUBLE_EQ(figure(claim), 32 * 64 + 12 * 64 + 6 * 72);
  claim.vendor = "google";
  EXPECT_DOUBLE_EQ(figure(claim), 32 * 64);
  claim.at_unix_s = *base::parse_date("2026-01-05");
  EXPECT_DOUBLE_EQ(figure(claim), 16 * 64);
  claim.sites = {"mesa"};
  EXPECT_DOUBLE_EQ(figure(claim), 0.0);
}

TEST_F(Claims, CountTheIncrease) {
  Claim claim = claim_of(ClaimQuantity::kChipsInstalled);
  claim.since_unix_s = *base::parse_date("2026-01-05");
  EXPECT_DOUBLE_EQ(figure(claim), 16 * 64);
}

TEST_F(Claims, PowerStaysWithinTheSitesLimit) {
  Claim claim = claim_of(ClaimQuantity::kItPower);
  claim.sites = {"bayou"};
  EXPECT_LE(figure(claim), 2.4e6);
  const double it_w = figure(claim);
  claim.quantity = ClaimQuantity::kFacilityPower;
  EXPECT_GT(figure(claim), 1.1 * it_w);  // the warmest hour's PUE is above 1.1
  EXPECT_LE(figure(claim), 3e6);
}

TEST_F(Claims, VendorsShareASite) {
  Claim claim = claim_of(ClaimQuantity::kItPower);
  claim.sites = {"mesa"};
  const double all_w = figure(claim);
  claim.vendor = "amazon";
  const double amazon_w = figure(claim);
  claim.vendor = "nvidia";
  EXPECT_NEAR(figure(claim) + amazon_w, all_w, 1e-6 * all_w);
  EXPECT_GT(amazon_w, 0.0);
}

}  // namespace
}  // namespace busbar::validation
