#include "sim/power/site_power.h"

#include <gtest/gtest.h>

#include "sim/base/calendar.h"

namespace busbar::power {
namespace {

// One rack: 2 nodes with 4 chips (100 W idle, 1,000 W in compute, 600 W in communication), a host
// of 500 W and 2 NICs of 25 W each; 1 kW of switches; 6 of the 8 chips are used.
model::Platform one_rack() {
  model::Platform p;
  model::Accelerator chip;
  chip.name = "chip";
  chip.idle_power = base::Watts{100};
  chip.compute_power = base::Watts{1000};
  chip.communication_power = base::Watts{600};
  model::Nic nic;
  nic.name = "nic";
  nic.power = base::Watts{25};
  model::Node node;
  node.name = "node";
  node.accelerator = p.accelerators.add(chip);
  node.accelerators = 4;
  node.nic = p.nics.add(nic);
  node.nics = 2;
  node.host_power = base::Watts{500};
  model::Domain rack;
  rack.name = "rack";
  rack.node = p.nodes.add(node);
  rack.nodes = 2;
  rack.chips_installed = 8;
  rack.chips_usable = 8;
  rack.chips_used = 6;
  rack.overhead_power = base::Watts{1000};
  p.domains.add(rack);
  return p;
}

TEST(ItPower, AnIdleRackDrawsChipsHostsNicsAndSwitches) {
  EXPECT_DOUBLE_EQ(idle_domain_power(one_rack(), {0}).value, 8 * 100 + 2 * (500 + 50) + 1000);
}

// Half the step in compute, a quarter in communication, the rest idle.
TEST(ItPower, ABusyChipAddsByItsActivity) {
  const ChipPower chip = busy_chip_power(one_rack(), {0}, {.compute = 0.5, .communication = 0.25});
  EXPECT_DOUBLE_EQ(chip.above_idle.value, 0.5 * 900 + 0.25 * 500);
  EXPECT_DOUBLE_EQ(chip.with_overheads.value, 575 + 2900.0 / 6);
}

// All used chips busy: the rack's power is the idle rack plus what they add, either way of
// counting.
TEST(ItPower, SharesAddUpToTheRack) {
  const model::Platform p = one_rack();
  const ChipPower chip = busy_chip_power(p, {0}, {.compute = 1.0});
  EXPECT_DOUBLE_EQ(6 * chip.with_overheads.value,
                   idle_domain_power(p, {0}).value + 6 * chip.above_idle.value);
}

model::Site site_at(double latitude_deg) {
  model::Site site;
  site.latitude_deg = latitude_deg;
  site.cooling.mean_temperature_c = 15.0;
  site.cooling.seasonal_amplitude_c = 10.0;
  site.cooling.daily_amplitude_c = 5.0;
  site.cooling.pue_by_temperature = {{15.0, 35.0}, {1.10, 1.22}};
  return site;
}

// Mid-July at 15:00 is the warmest hour in the north: 15 + 10 + 5 degC; six months later and twelve
// hours on, the coldest: 0 degC. The south is the other way round.
TEST(Cooling, SeasonsAndHours) {
  const double july = *base::parse_date("2026-07-15T15:00");
  const double january = *base::parse_date("2026-01-14T03:00");
  EXPECT_NEAR(outside_temperature_c(site_at(40), july), 30.0, 0.05);
  EXPECT_NEAR(outside_temperature_c(site_at(40), january), 0.0, 0.1);
  EXPECT_NEAR(outside_temperature_c(site_at(-40), july), 10.0, 0.05);
}

// 30 degC lies three quarters of the way from 1.10 at 15 degC to 1.22 at 35 degC.
TEST(Cooling, PueFollowsTheWeather) {
  const double july = *base::parse_date("2026-07-15T15:00");
  const double january = *base::parse_date("2026-01-14T03:00");
  EXPECT_NEAR(pue_at(site_at(40), july), 1.19, 0.001);
  EXPECT_DOUBLE_EQ(pue_at(site_at(40), january), 1.10);
  EXPECT_DOUBLE_EQ(pue_at(model::Site{}, july), 1.0);
}

}  // namespace
}  // namespace busbar::power
