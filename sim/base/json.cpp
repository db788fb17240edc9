#include "sim/base/json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace busbar::base {
namespace {

nlohmann::json convert(const Json& json) {
  return std::visit(
      [](const auto& value) -> nlohmann::json {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, Json::Array>) {
          nlohmann::json array = nlohmann::json::array();
          for (const Json& item : value) array.push_back(convert(item));
          return array;
        } else if constexpr (std::is_same_v<T, Json::Object>) {
          nlohmann::json object = nlohmann::json::object();
          for (const auto& [name, member] : value) object[name] = convert(member);
          return object;
        } else if constexpr (std::is_same_v<T, double>) {
          return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
        } else {
          return value;
        }
      },
      json.value());
}

}  // namespace

std::string Json::dump() const { return convert(*this).dump(2); }

std::optional<std::map<std::string, double>> parse_json_numbers(std::string_view text) {
  const auto json = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  if (!json.is_object()) return std::nullopt;
  std::map<std::string, double> numbers;
  for (const auto& [name, value] : json.items()) {
    if (value.is_number()) numbers[name] = value.get<double>();
  }
  return numbers;
}

}  // namespace busbar::base
