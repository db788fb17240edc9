#include "sim/validation/table_fields.h"

#include <fmt/format.h>

#include <cctype>
#include <regex>

namespace busbar::validation {

std::string plain(std::string_view text) {
  std::string kept;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c))) {
      kept += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return kept;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::optional<double> number_after(const std::string& text, const std::string& pattern) {
  std::smatch found;
  if (!std::regex_search(text, found, std::regex(pattern))) return std::nullopt;
  return base::parse_number(found[1].str());
}

std::string Fields::malformed(std::initializer_list<std::string_view> columns) const {
  for (const std::string_view column : columns) {
    const std::string value = text(column);
    if (value.empty() || value == "n/a") continue;
    const auto number = base::parse_number(value);
    if (!number) return fmt::format("{} is '{}', not a number", column, value);
    if (*number <= 0.0) return fmt::format("{} must be positive, got {}", column, value);
  }
  return {};
}

}  // namespace busbar::validation
