#include "sim/base/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "sim/base/text.h"

namespace busbar::base {
namespace {

// Exponents of the base units of this parser. Jobs, requests and chips count as 1.
struct Exponents {
  int time = 0, data = 0, energy = 0, work = 0, money = 0, carbon = 0, token = 0, degree = 0,
      angle = 0, length = 0, percent = 0;
  bool operator==(const Exponents&) const = default;
};

struct Atom {
  std::string_view text;
  double factor;
  Exponents exponents;
  bool si_prefix;      // k, M, G … allowed
  bool binary_prefix;  // Ki, Mi … allowed
};

constexpr Exponents kT{.time = 1}, kD{.data = 1}, kE{.energy = 1}, kP{.time = -1, .energy = 1},
    kF{.work = 1}, kM{.money = 1}, kC{.carbon = 1}, kTok{.token = 1}, kOne{};

// The units of the input files. Btu: international table; 1 short ton is not here on purpose.
constexpr std::array kAtoms = {
    Atom{"s", 1, kT, false, false},
    Atom{"ms", 1e-3, kT, false, false},
    Atom{"us", 1e-6, kT, false, false},
    Atom{"ns", 1e-9, kT, false, false},
    Atom{"min", 60, kT, false, false},
    Atom{"h", 3600, kT, false, false},
    Atom{"d", 86400, kT, false, false},
    Atom{"wk", 604800, kT, false, false},
    Atom{"month", 2629746, kT, false, false},  // Gregorian mean
    Atom{"yr", 31556952, kT, false, false},    // Gregorian mean
    Atom{"B", 1, kD, true, true},
    Atom{"b", 0.125, kD, true, true},
    Atom{"bit", 0.125, kD, true, true},
    Atom{"J", 1, kE, true, false},
    Atom{"Wh", 3600, kE, true, false},
    Atom{"Btu", 1055.05585262, kE, false, false},
    Atom{"MMBtu", 1055.05585262e6, kE, false, false},
    Atom{"W", 1, kP, true, false},
    Atom{"FLOP", 1, kF, true, false},
    Atom{"USD", 1, kM, true, false},
    Atom{"g", 1, kC, true, false},
    Atom{"gCO2", 1, kC, true, false},
    Atom{"t", 1e6, kC, true, false},
    Atom{"token", 1, kTok, true, false},
    Atom{"tokens", 1, kTok, true, false},
    Atom{"degC", 1, {.degree = 1}, false, false},
    Atom{"deg", 1, {.angle = 1}, false, false},
    Atom{"m", 1, {.length = 1}, false, false},
    Atom{"km", 1e3, {.length = 1}, false, false},
    Atom{"%", 0.01, {.percent = 1}, false, false},
    Atom{"job", 1, kOne, false, false},
    Atom{"jobs", 1, kOne, false, false},
    Atom{"req", 1, kOne, true, false},
    Atom{"1", 1, kOne, false, false},
};

struct Prefix {
  std::string_view text;
  double factor;
  bool binary;
};
constexpr std::array kPrefixes = {
    Prefix{"Ki", 0x1p10, true}, Prefix{"Mi", 0x1p20, true}, Prefix{"Gi", 0x1p30, true},
    Prefix{"Ti", 0x1p40, true}, Prefix{"Pi", 0x1p50, true}, Prefix{"k", 1e3, false},
    Prefix{"M", 1e6, false},    Prefix{"G", 1e9, false},    Prefix{"T", 1e12, false},
    Prefix{"P", 1e15, false},   Prefix{"E", 1e18, false},
};

struct DimensionRow {
  Dimension dimension;
  std::string_view name;
  std::string_view example;
  Exponents exponents;
};
constexpr std::array kDimensions = {
    DimensionRow{Dimension::kCount, "count", "4", {}},
    DimensionRow{Dimension::kFraction, "fraction", "85 %", {.percent = 1}},
    DimensionRow{Dimension::kTime, "time", "30 d", {.time = 1}},
    DimensionRow{Dimension::kFrequency, "rate", "40 job/h", {.time = -1}},
    DimensionRow{Dimension::kBytes, "data size", "192 GiB", {.data = 1}},
    DimensionRow{Dimension::kBandwidth, "bandwidth", "400 Gbit/s", {.time = -1, .data = 1}},
    DimensionRow{Dimension::kPower, "power", "300 W", {.time = -1, .energy = 1}},
    DimensionRow{Dimension::kEnergy, "energy", "300 MWh", {.energy = 1}},
    DimensionRow{Dimension::kCompute, "compute rate", "989 TFLOP/s", {.time = -1, .work = 1}},
    DimensionRow{Dimension::kMoney, "amount of money", "7 billion USD", {.money = 1}},
    DimensionRow{
        Dimension::kPriceOverTime, "price per time", "4.33 USD/h", {.time = -1, .money = 1}},
    DimensionRow{
        Dimension::kPriceOfEnergy, "energy price", "38.2 USD/MWh", {.energy = -1, .money = 1}},
    DimensionRow{Dimension::kPriceOfData, "data price", "0.02 USD/GB", {.data = -1, .money = 1}},
    DimensionRow{
        Dimension::kPriceOfPowerTime, "price of power", "1.9 USD/W/yr", {.energy = -1, .money = 1}},
    DimensionRow{
        Dimension::kCarbonIntensity, "carbon intensity", "303 g/kWh", {.energy = -1, .carbon = 1}},
    DimensionRow{Dimension::kTokens, "token count", "15 Ttoken", {.token = 1}},
    DimensionRow{Dimension::kTokenRate, "token rate", "2500 token/s", {.time = -1, .token = 1}},
    DimensionRow{Dimension::kTemperature, "temperature", "15 degC", {.degree = 1}},
    DimensionRow{Dimension::kAngle, "angle", "30.75 deg", {.angle = 1}},
    DimensionRow{Dimension::kLength, "length", "1292 km", {.length = 1}},
    DimensionRow{Dimension::kHeatRate, "heat rate", "9500 Btu/kWh", {}},
    DimensionRow{Dimension::kRamp, "power ramp", "50 MW/min", {.time = -2, .energy = 1}},
};

const DimensionRow& row_of(Dimension dimension) {
  return *std::find_if(kDimensions.begin(), kDimensions.end(),
                       [&](const DimensionRow& row) { return row.dimension == dimension; });
}

// Finds an atom with an optional prefix; an exact atom wins over prefix + atom (`min`, `ms`, `Pb`).
const Atom* find_atom(std::string_view text, double& factor) {
  for (const Atom& atom : kAtoms) {
    if (atom.text == text) {
      factor = atom.factor;
      return &atom;
    }
  }
  for (const Prefix& prefix : kPrefixes) {
    if (!text.starts_with(prefix.text)) continue;
    const std::string_view rest = text.substr(prefix.text.size());
    for (const Atom& atom : kAtoms) {
      if (atom.text == rest && (prefix.binary ? atom.binary_prefix : atom.si_prefix)) {
        factor = prefix.factor * atom.factor;
        return &atom;
      }
    }
  }
  return nullptr;
}

void accumulate(Exponents& sum, const Exponents& e, int sign) {
  sum.time += sign * e.time;
  sum.data += sign * e.data;
  sum.energy += sign * e.energy;
  sum.work += sign * e.work;
  sum.money += sign * e.money;
  sum.carbon += sign * e.carbon;
  sum.token += sign * e.token;
  sum.degree += sign * e.degree;
  sum.angle += sign * e.angle;
  sum.length += sign * e.length;
  sum.percent += sign * e.percent;
}

// `million`, `billion` … between the number and the unit.
double take_multiplier(std::string_view& text) {
  constexpr std::array<std::pair<std::string_view, double>, 4> kWords = {
      {{"thousand", 1e3}, {"million", 1e6}, {"billion", 1e9}, {"trillion", 1e12}}};
  for (const auto& [word, factor] : kWords) {
    if (text.starts_with(word) && (text.size() == word.size() || text[word.size()] == ' ')) {
      text = trim(text.substr(word.size()));
      return factor;
    }
  }
  return 1.0;
}

}  // namespace

std::string_view example_of(Dimension dimension) { return row_of(dimension).example; }
std::string_view name_of(Dimension dimension) { return row_of(dimension).name; }

ParsedQuantity parse_quantity(std::string_view text, Dimension dimension) {
  const DimensionRow& wanted = row_of(dimension);
  const std::string_view all = trim(text);
  const auto fail = [&](std::string reason) { return ParsedQuantity{0.0, std::move(reason)}; };

  std::string_view number = all;
  if (number.starts_with('+')) number.remove_prefix(1);
  double value = 0.0;
  const auto [end, ec] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (ec != std::errc{} || !std::isfinite(value)) {
    return fail(fmt::format("'{}' is not a {}; write e.g. '{}'", all, wanted.name, wanted.example));
  }
  std::string_view rest = trim(number.substr(static_cast<size_t>(end - number.data())));
  value *= take_multiplier(rest);

  if (rest.empty()) {
    if (dimension == Dimension::kCount) return {value, {}};
    return fail(
        fmt::format("{} '{}' has no unit; write e.g. '{}'", wanted.name, all, wanted.example));
  }

  Exponents sum;
  int sign = 1;
  for (std::string_view left = rest;;) {
    const size_t slash = left.find('/');
    const std::string_view token = trim(left.substr(0, slash));
    double factor = 1.0;
    const Atom* atom = find_atom(token, factor);
    if (atom == nullptr) {
      return fail(fmt::format("unknown unit '{}' in '{}'; a {} is written e.g. '{}'", token, all,
                              wanted.name, wanted.example));
    }
    value = sign > 0 ? value * factor : value / factor;
    accumulate(sum, atom->exponents, sign);
    if (slash == std::string_view::npos) break;
    left = left.substr(slash + 1);
    sign = -1;
  }
  if (!(sum == wanted.exponents) || !std::isfinite(value)) {
    return fail(fmt::format("'{}' is not a {}; write e.g. '{}'", all, wanted.name, wanted.example));
  }
  return {value, {}};
}

std::string format_si(double value, std::string_view unit) {
  constexpr std::array<std::string_view, 7> kNames = {"", "k", "M", "G", "T", "P", "E"};
  size_t step = 0;
  double scaled = std::abs(value);
  while (scaled >= 999.5 && step + 1 < kNames.size()) {
    scaled /= 1000.0;
    ++step;
  }
  const int decimals = scaled == 0.0 || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  return fmt::format("{}{:.{}f} {}{}", value < 0 ? "-" : "", scaled, decimals, kNames[step], unit);
}

std::string format_power(Watts power) { return format_si(power.value, "W"); }
std::string format_energy(Joules energy) { return format_si(energy.value / 3600.0, "Wh"); }
std::string format_bytes(Bytes bytes) { return format_si(bytes.value, "B"); }
std::string format_usd(Usd amount) { return format_si(amount.value, "USD"); }

std::string format_duration(Seconds duration) {
  const double s = duration.value;
  if (std::abs(s) < 60.0) return fmt::format("{:.3g} s", s);
  const auto whole = static_cast<std::int64_t>(std::llround(s));
  const auto days = whole / 86400;
  const auto rest = whole % 86400;
  const std::string clock =
      fmt::format("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
  return days != 0 ? fmt::format("{} d {}", days, clock) : clock;
}

std::string format_count(double count) {
  std::string digits = fmt::format("{:.0f}", std::abs(count));
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<size_t>(at), ",");
  }
  return count < 0 ? "-" + digits : digits;
}

}  // namespace busbar::base
