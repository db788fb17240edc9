#include "sim/base/units.h"

#include <gtest/gtest.h>

#include "sim/base/calendar.h"

namespace busbar::base {
namespace {

double si(std::string_view text, Dimension dimension) {
  const auto parsed = parse_quantity(text, dimension);
  EXPECT_TRUE(parsed) << text << ": " << parsed.error;
  return parsed.value;
}

// GB is 1e9 bytes, GiB 2^30; b is a bit, B a byte; the space is optional.
TEST(Units, DataAndBandwidth) {
  EXPECT_DOUBLE_EQ(si("80 GB", Dimension::kBytes), 80e9);
  EXPECT_DOUBLE_EQ(si("192GiB", Dimension::kBytes), 192.0 * (1 << 30));
  EXPECT_DOUBLE_EQ(si("400 Gbit/s", Dimension::kBandwidth), 50e9);
  EXPECT_DOUBLE_EQ(si("400 Gb/s", Dimension::kBandwidth), 50e9);
  EXPECT_DOUBLE_EQ(si("3.35 TB/s", Dimension::kBandwidth), 3.35e12);
}

// `m` alone is a metre, `ms` a millisecond, `min` a minute: no prefix is guessed from them.
TEST(Units, TimeIsNotAPrefix) {
  EXPECT_DOUBLE_EQ(si("5 min", Dimension::kTime), 300.0);
  EXPECT_DOUBLE_EQ(si("5 ms", Dimension::kTime), 5e-3);
  EXPECT_DOUBLE_EQ(si("2 d", Dimension::kTime), 172800.0);
  EXPECT_DOUBLE_EQ(si("1 yr", Dimension::kTime), 31556952.0);
}

TEST(Units, PowerEnergyMoney) {
  EXPECT_DOUBLE_EQ(si("245 MW", Dimension::kPower), 245e6);
  EXPECT_DOUBLE_EQ(si("1 MWh", Dimension::kEnergy), 3.6e9);
  EXPECT_DOUBLE_EQ(si("36 USD/MWh", Dimension::kPriceOfEnergy), 1e-8);
  EXPECT_DOUBLE_EQ(si("360 g/kWh", Dimension::kCarbonIntensity), 1e-4);
  EXPECT_DOUBLE_EQ(si("3.6 USD/h", Dimension::kPriceOverTime), 1e-3);
  EXPECT_DOUBLE_EQ(si("7 billion USD", Dimension::kMoney), 7e9);
  EXPECT_NEAR(si("3412.14163 Btu/kWh", Dimension::kHeatRate), 1.0, 1e-8);
  EXPECT_DOUBLE_EQ(si("85 %", Dimension::kFraction), 0.85);
  EXPECT_DOUBLE_EQ(si("15 Ttoken", Dimension::kTokens), 15e12);
  EXPECT_DOUBLE_EQ(si("36 job/h", Dimension::kFrequency), 0.01);
  EXPECT_DOUBLE_EQ(si("1 million", Dimension::kCount), 1e6);
}

// What is not clear is refused, with what to write instead.
TEST(Units, RefusesWhatIsNotClear) {
  const auto error = [](std::string_view text, Dimension dimension) {
    return parse_quantity(text, dimension).error;
  };
  EXPECT_EQ(error("300", Dimension::kPower), "power '300' has no unit; write e.g. '300 W'");
  EXPECT_EQ(error("300 Watt", Dimension::kPower),
            "unknown unit 'Watt' in '300 Watt'; a power is written e.g. '300 W'");
  EXPECT_EQ(error("300 MWh", Dimension::kPower), "'300 MWh' is not a power; write e.g. '300 W'");
  for (const char* text : {"", " ", "W", "nan W", "inf W", "1e999 W", "1,5 W", "0x10 W", "1 W W",
                           "1 W/", "1 KW", "1 GIW", "--1 W"}) {
    EXPECT_NE(error(text, Dimension::kPower), "") << text;
  }
  EXPECT_NE(error("1 mW", Dimension::kPower), "");  // milliwatts are a mistyped MW
  EXPECT_NE(error("0.85", Dimension::kFraction), "");
  EXPECT_NE(error("4 s", Dimension::kCount), "");
}

TEST(Units, PrintsForPeople) {
  EXPECT_EQ(format_power(Watts{245e6}), "245 MW");
  EXPECT_EQ(format_power(Watts{999.6e3}), "1.00 MW");
  EXPECT_EQ(format_energy(Joules{3.6e12}), "1.00 GWh");
  EXPECT_EQ(format_count(1048576), "1,048,576");
  EXPECT_EQ(format_duration(Seconds{93784}), "1 d 02:03:04");
}

TEST(Calendar, DatesAreUtcAndExist) {
  EXPECT_EQ(parse_date("1970-01-02"), 86400.0);
  EXPECT_EQ(parse_date("2026-01-01T12:30:00"), 1767225600.0 + 45000.0);
  EXPECT_FALSE(parse_date("2026-02-30"));
  EXPECT_FALSE(parse_date("2026-13-01"));
  EXPECT_FALSE(parse_date("01.02.2026"));
  EXPECT_EQ(day_of_week(*parse_date("2026-11-24")), 1);  // a Tuesday
  EXPECT_EQ(month_of_year(*parse_date("2024-02-29")), 1);
  EXPECT_EQ(format_date_time(*parse_date("2024-02-29 23:59:59")), "2024-02-29 23:59:59");
}

}  // namespace
}  // namespace busbar::base
