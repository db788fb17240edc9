#include "sim/scheduling/relocation.h"

#include <gmock/gmock.h>

#include <limits>

#include "sim/scheduling/brokers.h"

namespace busbar::scheduling {
namespace {

constexpr double kHour_s = 3600.0;

// The rest of a job of 10 chips: ten hours where it runs, at 2 USD a chip-hour and 100 USD of
// power.
PoolOption running() {
  PoolOption option;
  option.pool = 0;
  option.room_now = true;
  option.capacity_chips = 100.0;
  option.chips = 10.0;
  option.run_time_s = 10.0 * kHour_s;
  option.price_usd_per_s = 10.0 * 2.0 / kHour_s;
  option.energy_usd = 100.0;
  option.carbon_g = 5000.0;
  return option;
}

// The same elsewhere: an hour on the way, half an hour of restart, power for 10 USD.
PoolOption elsewhere() {
  PoolOption option = running();
  option.pool = 1;
  option.not_before_s = kHour_s;
  option.run_time_s += 0.5 * kHour_s;
  option.energy_usd = 10.0;
  option.carbon_g = 4000.0;
  return option;
}

Terms gain(double part) { return {base::Seconds{kHour_s}, part, {}, {}}; }

// 200 + 100 USD here, 210 + 10 there: it saves 80 of 300 USD, 26.7 %.
TEST(ChooseMove, SavesMoreThanItsGain) {
  const Choices choices{running(), {elsewhere()}, {}, {}, {}};
  EXPECT_EQ(choose_move(Cheapest({}, gain(0.26)), choices), 0U);
  EXPECT_EQ(choose_move(Cheapest({}, gain(0.27)), choices), std::nullopt);
}

// An idle chip-hour for each of ten chips: at 8 USD the hour on the way eats the 80 USD.
TEST(ChooseMove, ChipsThatIdleOnTheWayCost) {
  const Choices choices{running(), {elsewhere()}, {}, {}, {}};
  EXPECT_EQ(choose_move(Cheapest(base::UsdPerSecond{7.9 / kHour_s}, gain(0.0)), choices), 0U);
  EXPECT_EQ(choose_move(Cheapest(base::UsdPerSecond{8.1 / kHour_s}, gain(0.0)), choices),
            std::nullopt);
}

// What the WAN takes, USD 80 and more.
TEST(ChooseMove, BytesCost) {
  Choices choices{running(), {elsewhere()}, {}, {}, {}};
  choices.go[0].wan_usd = 79.0;
  EXPECT_EQ(choose_move(Cheapest({}, gain(0.0)), choices), 0U);
  choices.go[0].wan_usd = 81.0;
  EXPECT_EQ(choose_move(Cheapest({}, gain(0.0)), choices), std::nullopt);
}

// 10 h here, 11.5 h there: nothing in time. A fifth of the carbon.
TEST(ChooseMove, EachBrokerHasItsUnit) {
  const Choices choices{running(), {elsewhere()}, {}, {}, {}};
  EXPECT_EQ(choose_move(Fastest(gain(0.0)), choices), std::nullopt);
  EXPECT_EQ(choose_move(Greenest(gain(0.19)), choices), 0U);
  EXPECT_EQ(choose_move(Greenest(gain(0.21)), choices), std::nullopt);
  EXPECT_EQ(choose_move(Local(), choices), std::nullopt);
}

// Equal options do not move a job, even without a gain to reach.
TEST(ChooseMove, AnEqualPlaceIsNoReason) {
  Choices choices{running(), {running()}, {}, {}, {}};
  EXPECT_EQ(choose_move(Greenest(gain(0.0)), choices), std::nullopt);
  choices.go[0].carbon_g *= 1.0 - 1e-12;
  EXPECT_EQ(choose_move(Greenest(gain(0.0)), choices), std::nullopt);
}

// The best of several; a site that its data does not reach is none.
TEST(ChooseMove, GoesToTheBest) {
  Choices choices{running(), {elsewhere(), elsewhere()}, {}, {}, {}};
  choices.go[1].carbon_g = 1000.0;
  EXPECT_EQ(choose_move(Greenest(gain(0.1)), choices), 1U);
  choices.go[1].carbon_g = std::numeric_limits<double>::infinity();
  EXPECT_EQ(choose_move(Greenest(gain(0.1)), choices), 0U);
  choices.go[0].carbon_g = std::numeric_limits<double>::infinity();
  EXPECT_EQ(choose_move(Greenest(gain(0.1)), choices), std::nullopt);
}

// Going an hour later would emit less still: it stays until then. As much is no reason to wait.
TEST(ChooseMove, WaitsForABetterHour) {
  Choices choices{running(), {elsewhere()}, {elsewhere()}, {}, {}};
  EXPECT_EQ(choose_move(Greenest(gain(0.0)), choices), 0U);
  choices.later[0].carbon_g = 3900.0;
  EXPECT_EQ(choose_move(Greenest(gain(0.0)), choices), std::nullopt);
}

// An hour here and ten there: sums, and the mean price of both.
TEST(InTurn, AddsBoth) {
  PoolOption first = running(), then = elsewhere();
  first.run_time_s = kHour_s;
  first.energy_usd = 10.0;
  then.price_usd_per_s = 4.0 * first.price_usd_per_s;
  const PoolOption both = in_turn(first, then);
  EXPECT_EQ(both.pool, 1);
  EXPECT_DOUBLE_EQ(both.run_time_s, 11.5 * kHour_s);
  EXPECT_DOUBLE_EQ(both.price_usd_per_s * both.run_time_s, 20.0 + 10.5 * 80.0);
  EXPECT_DOUBLE_EQ(both.energy_usd, 20.0);
  EXPECT_DOUBLE_EQ(both.carbon_g, 9000.0);
  EXPECT_DOUBLE_EQ(both.wait_s(), kHour_s);
}

TEST(SavesFirst, WhereWritingIsShorterThanDoingItAgain) {
  EXPECT_TRUE(saves_first(base::Seconds{10.0}, base::Seconds{9.0}));
  EXPECT_FALSE(saves_first(base::Seconds{9.0}, base::Seconds{10.0}));
  EXPECT_FALSE(saves_first(base::Seconds{0.0}, base::Seconds{0.0}));
}

// A start on purpose or a way to go counts like a queue: whichever is longer.
TEST(PoolOption, WaitsForWhicheverIsLonger) {
  PoolOption option = running();
  option.not_before_s = 50.0;
  EXPECT_DOUBLE_EQ(option.wait_s(), 50.0);
  option.room_now = false;
  option.backlog_chip_s = 100.0 * 80.0;
  EXPECT_DOUBLE_EQ(option.wait_s(), 80.0);
}

// The job stops for four hours and starts again where power costs 60 instead of 100 USD.
PoolOption paused() {
  PoolOption option = running();
  option.not_before_s = 4.0 * kHour_s;
  option.energy_usd = 60.0;
  return option;
}

// Forty chip-hours stand idle for 40 USD of power: it tips at a dollar an hour. Chips that others
// use meanwhile do not idle.
TEST(ChooseMove, APausePaysForItsIdleChips) {
  Choices choices{running(), {}, {}, {paused()}, {}};
  const auto price = [](double usd) { return base::UsdPerSecond{usd / kHour_s}; };
  EXPECT_EQ(choose_move(Cheapest(price(0.99), gain(0.0)), choices), 0U);
  EXPECT_EQ(choose_move(Cheapest(price(1.01), gain(0.0)), choices), std::nullopt);
  choices.pause[0].lent_chip_s = 20.0 * kHour_s;
  EXPECT_EQ(choose_move(Cheapest(price(1.99), gain(0.0)), choices), 0U);
  EXPECT_EQ(choose_move(Cheapest(price(2.01), gain(0.0)), choices), std::nullopt);
  EXPECT_EQ(choose_move(Cheapest(price(0.0), gain(0.14)), choices), std::nullopt);  // of 300 USD
}

// A pause that begins later and takes as much is done first: the job runs on until then.
TEST(ChooseMove, APauseBeginsNoSoonerThanItMust) {
  Choices choices{running(), {}, {}, {paused()}, {paused()}};
  EXPECT_EQ(choose_move(Cheapest({}, gain(0.0)), choices), 0U);
  choices.pause_later[0].not_before_s -= kHour_s;
  EXPECT_EQ(choose_move(Cheapest({}, gain(0.0)), choices), std::nullopt);
  choices.pause_later[0].energy_usd += 1.0;
  EXPECT_EQ(choose_move(Cheapest({}, gain(0.0)), choices), 0U);
}

// Moves and pauses are compared: the index goes on behind the moves.
TEST(ChooseMove, TheBetterOfAMoveAndAPause) {
  Choices choices{running(), {elsewhere()}, {}, {paused()}, {}};
  EXPECT_EQ(choose_move(Cheapest({}, gain(0.0)), choices), 0U);  // 220 against 260 USD
  choices.pause[0].energy_usd = 10.0;
  EXPECT_EQ(choose_move(Cheapest({}, gain(0.0)), choices), 1U);
}

}  // namespace
}  // namespace busbar::scheduling
