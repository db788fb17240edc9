/// The one parser and printer of quantities as text: `400 Gbit/s`, `245 MW`, `30 d`, `13.05 USD/h`.
///
/// Rules, all of them here: SI prefixes k M G T P E (powers of 1000) and Ki Mi Gi Ti Pi (powers of
/// 1024, data only); `B` is a byte and `b` or `bit` a bit; the space before the unit is optional;
/// the words `thousand`, `million`, `billion` and `trillion` may stand between number and unit
/// (`10 billion USD`). A bare number is an error for every dimension but `count`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/quantity.h"

namespace busbar::base {

/// What a text must measure. The SI unit it is converted to stands behind each name.
enum class Dimension {
  kCount,             // 1 (no unit)
  kFraction,          // 1 (written `85 %`; a bare number is an error)
  kTime,              // s
  kFrequency,         // 1/s (`1200 req/s`, `40 job/h`)
  kBytes,             // byte
  kBandwidth,         // byte/s
  kPower,             // W
  kEnergy,            // J
  kCompute,           // FLOP/s
  kMoney,             // USD
  kPriceOverTime,     // USD/s
  kPriceOfEnergy,     // USD/J
  kPriceOfData,       // USD/byte
  kPriceOfPowerTime,  // USD/(W s)
  kCarbonIntensity,   // g CO2/J
  kTokens,            // token
  kTokenRate,         // token/s
  kTemperature,       // degC
  kAngle,             // deg
  kLength,            // m
  kHeatRate,          // 1 (fuel energy over electric energy, `9500 Btu/kWh`)
  kRamp,              // W/s
};

/// Outcome of a parse: the SI value, or why not (one clause, with a remedy).
struct ParsedQuantity {
  double value = 0.0;
  std::string error;  // empty when parsed
  explicit operator bool() const { return error.empty(); }
};

/// Parses `text` as a quantity of `dimension`. Never throws; NaN and infinity are errors.
ParsedQuantity parse_quantity(std::string_view text, Dimension dimension);

/// An example of a well-formed text, for messages: `300 W`.
std::string_view example_of(Dimension dimension);

/// The English name of a dimension, for messages: `power`.
std::string_view name_of(Dimension dimension);

/// Prints a value with its unit and an SI prefix, three significant digits: `245 MW`, `1.34 EB`.
std::string format_si(double value, std::string_view unit);
std::string format_power(Watts power);
std::string format_energy(Joules energy);       // in Wh
std::string format_duration(Seconds duration);  // `2 d 03:04:05`, `1.5 s`
std::string format_bytes(Bytes bytes);
std::string format_usd(Usd amount);
/// Prints an integer with thousands separators: `1,048,576`.
std::string format_count(double count);

}  // namespace busbar::base
