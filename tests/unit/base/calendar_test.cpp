#include "sim/base/calendar.h"

#include <gtest/gtest.h>

namespace busbar::base {
namespace {

TEST(Calendar, ReadsDatesAndTimes) {
  EXPECT_EQ(parse_date("1970-01-02"), 86400.0);
  EXPECT_EQ(parse_date("1970-01-01T01:02"), 3720.0);
  EXPECT_EQ(parse_date("1970-01-01 01:02:03"), 3723.0);
  EXPECT_EQ(parse_date("1970-01-01T01:02:03Z"), 3723.0);
}

TEST(Calendar, ReadsFractionsAndOffsets) {
  EXPECT_NEAR(*parse_date("1970-01-01 00:00:03.9799600"), 3.97996, 1e-9);
  EXPECT_EQ(parse_date("1970-01-01 08:00:00+08:00"), 0.0);
  EXPECT_EQ(parse_date("1969-12-31 19:30:00-04:30"), 0.0);
}

TEST(Calendar, RefusesOtherForms) {
  for (const char* text : {"", "2026", "2026-02-30", "2026-13-01", "2026-01-01T25:00", "2026-1-1",
                           "2026-01-01 00:00:00+8", "2026-01-01 00:00:00+15:00",
                           "2026-01-01 00:00:00 UTC", "2026-01-01T"}) {
    EXPECT_FALSE(parse_date(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace busbar::base
