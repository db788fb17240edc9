/// Calendar dates in UTC: the scenario's start, deliveries, limits by date.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace busbar::base {

/// Parses `2026-01-01` or `2026-01-01T12:30:00` (also with a space, with a fraction of seconds, and
/// with an offset from UTC such as `+08:00`; else UTC) into seconds since 1970.
/// Returns nothing for another form or an impossible date (2026-02-30).
std::optional<double> parse_date(std::string_view text);

/// Prints seconds since 1970 as `2026-01-01` or, with time of day, `2026-01-01 12:30:00`.
std::string format_date(double unix_s);
std::string format_date_time(double unix_s);

/// Hour of day (0 to 24) and day of week (0 = Monday to 6) of an instant, in UTC.
double hour_of_day(double unix_s);
int day_of_week(double unix_s);

/// Month of the year, 0 = January to 11, in UTC.
int month_of_year(double unix_s);

}  // namespace busbar::base
