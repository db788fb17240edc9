#include "sim/base/calendar.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cmath>

#include "sim/base/text.h"

namespace busbar::base {
namespace {

bool take_number(std::string_view& text, size_t digits, int& number) {
  if (text.size() < digits) return false;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + digits, number);
  if (ec != std::errc{} || end != text.data() + digits || number < 0) return false;
  text.remove_prefix(digits);
  return true;
}

bool take_char(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<double> parse_date(std::string_view text) {
  text = trim(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  double fraction = 0.0, offset_s = 0.0;
  if (!take_number(text, 4, year) || !take_char(text, '-') || !take_number(text, 2, month) ||
      !take_char(text, '-') || !take_number(text, 2, day)) {
    return std::nullopt;
  }
  if (!text.empty()) {
    if (!take_char(text, 'T') && !take_char(text, ' ')) return std::nullopt;
    if (!take_number(text, 2, hour) || !take_char(text, ':') || !take_number(text, 2, minute)) {
      return std::nullopt;
    }
    if (take_char(text, ':') && !take_number(text, 2, second)) return std::nullopt;
    if (take_char(text, '.')) {
      double unit = 0.1;
      for (int digit = 0; take_number(text, 1, digit); unit *= 0.1) fraction += digit * unit;
    }
    if (!take_char(text, 'Z') && !text.empty() && (text[0] == '+' || text[0] == '-')) {
      const double sign = text[0] == '+' ? 1.0 : -1.0;
      text.remove_prefix(1);
      int hours = 0, minutes = 0;
      if (!take_number(text, 2, hours) || !take_char(text, ':') || !take_number(text, 2, minutes) ||
          hours > 14 || minutes > 59) {
        return std::nullopt;
      }
      offset_s = sign * (hours * 3600.0 + minutes * 60.0);
    }
    if (!text.empty() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days{date}.time_since_epoch().count();
  return static_cast<double>(days) * 86400.0 + hour * 3600.0 + minute * 60.0 + second + fraction -
         offset_s;
}

std::string format_date(double unix_s) {
  const auto days = static_cast<int>(std::floor(unix_s / 86400.0));
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string format_date_time(double unix_s) {
  const double whole = std::floor(unix_s);
  const auto second = static_cast<int>(whole - std::floor(whole / 86400.0) * 86400.0);
  return fmt::format("{} {:02}:{:02}:{:02}", format_date(whole), second / 3600, second / 60 % 60,
                     second % 60);
}

double hour_of_day(double unix_s) {
  return (unix_s - std::floor(unix_s / 86400.0) * 86400.0) / 3600.0;
}

int day_of_week(double unix_s) {
  const auto days = static_cast<long long>(std::floor(unix_s / 86400.0));
  return static_cast<int>(((days + 3) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
}

int month_of_year(double unix_s) {
  const auto days = static_cast<int>(std::floor(unix_s / 86400.0));
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  return static_cast<int>(static_cast<unsigned>(date.month())) - 1;
}

}  // namespace busbar::base
