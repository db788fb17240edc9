/// JSON values for reports and rows of logs, printed and read by a library that only `json.cpp`
/// includes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace busbar::base {

/// A JSON value built by reports. Infinity and not-a-number print as null, for JSON has neither.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::map<std::string, Json>;

  // Implicit, so that reports read like what they print.
  // NOLINTBEGIN(google-explicit-constructor)
  Json() : value_(nullptr) {}
  Json(std::nullptr_t) : value_(nullptr) {}
  Json(bool truth) : value_(truth) {}
  Json(double number) : value_(number) {}
  Json(std::int64_t number) : value_(number) {}
  Json(int number) : value_(std::int64_t{number}) {}
  Json(std::uint64_t number) : value_(number) {}
  Json(std::string text) : value_(std::move(text)) {}
  Json(const char* text) : value_(std::string(text)) {}
  Json(Array items) : value_(std::move(items)) {}
  Json(Object members) : value_(std::move(members)) {}
  // NOLINTEND(google-explicit-constructor)

  /// The text, indented by two spaces a level, keys in alphabetical order.
  std::string dump() const;

  const auto& value() const { return value_; }

 private:
  std::variant<std::nullptr_t, bool, double, std::int64_t, std::uint64_t, std::string, Array,
               Object>
      value_;
};

/// The members of a JSON object that are numbers; others are left out. Nothing if the text is no
/// JSON object.
std::optional<std::map<std::string, double>> parse_json_numbers(std::string_view text);

}  // namespace busbar::base
