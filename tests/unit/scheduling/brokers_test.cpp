#include "sim/scheduling/brokers.h"

#include <gmock/gmock.h>

#include <limits>

namespace busbar::scheduling {
namespace {

using ::testing::ElementsAre;

constexpr double kHour_s = 3600.0;
constexpr double kUnreachable = std::numeric_limits<double>::infinity();

// A job of 10 chips at 2 USD/h each, for an hour. Near: at once, dirty, power at 36 USD. Far: a
// wait of half an hour (500 chip-hours over 1,000 chips), clean, power at 20 USD.
std::vector<PoolOption> near_and_far() {
  PoolOption near;
  near.pool = 0;
  near.room_now = true;
  near.capacity_chips = 100.0;
  near.backlog_chip_s = 50.0 * kHour_s;
  near.run_time_s = kHour_s;
  near.price_usd_per_s = 10.0 * 2.0 / kHour_s;
  near.chips = 10.0;
  near.free_chips = 20.0;
  near.energy_usd = 36.0;
  near.carbon_g = 4000.0;
  near.from_home_s = near.from_data_s = 0.0;
  near.power_share = 0.5;
  PoolOption far = near;
  far.pool = 1;
  far.room_now = false;
  far.capacity_chips = 1000.0;
  far.backlog_chip_s = 500.0 * kHour_s;
  far.free_chips = 0.0;
  far.energy_usd = 20.0;
  far.carbon_g = 1000.0;
  far.from_home_s = far.from_data_s = 0.010;
  far.power_share = 0.75;
  return {near, far};
}

Weighted weighted(double cost, double carbon, double latency, double power,
                  double idle_usd_per_h = 0.0) {
  base::Params params;
  params.set("cost", cost);
  params.set("carbon", carbon);
  params.set("latency", latency);
  params.set("power", power);
  params.set("idle-price", idle_usd_per_h / kHour_s);
  return Weighted(params);
}

// Done after 1 h near, after 1.5 h far; far is four times as clean.
TEST(Brokers, EachLooksAtItsOwnQuantity) {
  const auto options = near_and_far();
  EXPECT_EQ(Fastest{}.choose(options), 0U);
  EXPECT_EQ(Local{}.choose(options), 0U);
  EXPECT_EQ(Greenest{}.choose(options), 1U);
  EXPECT_EQ(Cheapest{base::UsdPerSecond{}}.choose(options), 1U);
}

// A site without a route to the job's home is the last to be chosen.
TEST(Brokers, LocalAvoidsWhatItCannotReach) {
  auto options = near_and_far();
  options[0].from_home_s = kUnreachable;
  EXPECT_EQ(Local{}.choose(options), 1U);
}

// 20 + 36 USD near, 20 + 20 far. Ten chips idle for half an hour cost 5 times their price: far is
// as dear as near at 3.2 USD/h.
TEST(Brokers, WaitingCostsIdleChips) {
  const auto options = near_and_far();
  EXPECT_EQ(Cheapest{base::UsdPerSecond{3.1 / kHour_s}}.choose(options), 1U);
  EXPECT_EQ(Cheapest{base::UsdPerSecond{3.3 / kHour_s}}.choose(options), 0U);
}

// Equal options: the sooner done, then the first of the file.
TEST(Brokers, TiesGoToTheSoonerThenToTheFirst) {
  auto options = near_and_far();
  options[0].carbon_g = options[1].carbon_g * (1.0 + 1e-12);
  EXPECT_EQ(Greenest{}.choose(options), 0U);
  std::swap(options[0], options[1]);
  EXPECT_EQ(Greenest{}.choose(options), 1U);
  options[0] = options[1];
  EXPECT_EQ(Greenest{}.choose(options), 0U);
}

// Multiples of the best: cost 56/40 = 1.4 and 1, carbon 4 and 1, latency 1 and 2 (0 counts one unit
// less), power 1 and 1.5.
TEST(Weighted, TermsAreMultiplesOfTheBestOption) {
  const auto options = near_and_far();
  EXPECT_THAT(weighted(1, 0, 0, 0).sums(options, true), ElementsAre(1.4, 1.0));
  EXPECT_THAT(weighted(0, 1, 0, 0).sums(options, true), ElementsAre(4.0, 1.0));
  EXPECT_THAT(weighted(0, 0, 1, 0).sums(options, true), ElementsAre(1.0, 2.0));
  EXPECT_THAT(weighted(0, 0, 0, 1).sums(options, true), ElementsAre(1.0, 1.5));
  // 1.4 + 0.8 + 0.5 near against 1 + 0.2 + 1 far.
  const auto sums = weighted(1, 0.2, 0.5, 0).sums(options, true);
  EXPECT_DOUBLE_EQ(sums[0], 2.7);
  EXPECT_DOUBLE_EQ(sums[1], 2.2);
  EXPECT_EQ(weighted(1, 0.2, 0.5, 0).choose(options), 1U);
  EXPECT_EQ(weighted(1, 0, 0.5, 0).choose(options), 0U);
}

// Carbon that is 0 everywhere, or data that no site reaches, tells nothing.
TEST(Weighted, ATermWithoutAUnitTellsNothing) {
  auto options = near_and_far();
  for (PoolOption& option : options) {
    option.carbon_g = 0.0;
    option.from_data_s = kUnreachable;
  }
  EXPECT_EQ(weighted(1, 1, 1, 0).choose(options), 1U);
  options[1].from_data_s = 0.0;
  options[0].from_data_s = 0.0;
  EXPECT_EQ(weighted(1, 1, 1, 0).choose(options), 1U);
  options[1].from_data_s = kUnreachable;
  EXPECT_EQ(weighted(1, 1, 1, 0).choose(options), 0U);
}

TEST(Weighted, AllWeightsZeroBreakTheRule) {
  base::Params params;
  for (const char* name : {"cost", "carbon", "latency", "power"}) params.set(name, 0.0);
  EXPECT_THAT(Weighted::broken_rule(params), ::testing::HasSubstr("all weights are 0"));
  params.set("power", 0.1);
  EXPECT_EQ(Weighted::broken_rule(params), "");
}

// Two pools with room for one job each; both jobs like the first better, the second job (dear to
// move) more. One by one the first job would take it, with waiting as dear as it is here.
TEST(Weighted, JobsOfOneInstantAreAssignedTogether) {
  auto first = near_and_far();
  for (PoolOption& option : first) {
    option.room_now = true;
    option.free_chips = 10.0;
    option.capacity_chips = 10.0;
    option.backlog_chip_s = 0.0;
  }
  auto second = first;
  first[0].energy_usd = 0.0;  // 20 near, 30 far
  first[1].energy_usd = 10.0;
  second[0].energy_usd = 0.0;  // 20 near, 60 far
  second[1].energy_usd = 40.0;
  const std::vector<std::vector<PoolOption>> jobs{first, second};
  const Weighted broker = weighted(1, 0, 0, 0, 1000.0);
  EXPECT_EQ(broker.choose(first), 0U);
  const BatchChoice batch = broker.choose_together(jobs);
  EXPECT_THAT(batch.options, ElementsAre(1U, 0U));
  // Ten chips each at 1.5 and at 1 times the best.
  EXPECT_DOUBLE_EQ(batch.cost, 25.0);
  EXPECT_NEAR(batch.bound, 25.0, 1e-9);
}

// Waiting costs nothing: both wait for the cheaper pool rather than pay more.
TEST(Weighted, ABatchWaitsWhereWaitingIsFree) {
  auto options = near_and_far();
  for (PoolOption& option : options) {
    option.room_now = true;
    option.free_chips = 10.0;
  }
  const std::vector<std::vector<PoolOption>> jobs{options, options, options};
  EXPECT_THAT(weighted(1, 0, 0, 0).choose_together(jobs).options, ElementsAre(1U, 1U, 1U));
}

}  // namespace
}  // namespace busbar::scheduling
