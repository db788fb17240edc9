/// The fields of a measured table's row, and what their texts say.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "sim/base/rows.h"
#include "sim/base/text.h"

namespace busbar::validation {

/// Letters and digits alone, in lower case: how names of tables are compared.
std::string plain(std::string_view text);

bool contains(std::string_view text, std::string_view part);

/// The number after a word, as in `FSDP=64` or `DP32 ZeRO-1`: the group of a regular expression.
/// Nothing if it does not match.
std::optional<double> number_after(const std::string& text, const std::string& pattern);

/// One row by column name.
class Fields {
 public:
  explicit Fields(const base::CsvReader& csv) : csv_(csv) {}
  std::string text(std::string_view column) const {
    const int i = csv_.column(column);
    return i < 0 ? std::string{} : std::string(base::trim(csv_.fields()[static_cast<size_t>(i)]));
  }
  bool blank(std::string_view column) const { return text(column).empty(); }
  /// 0 where it is blank, `n/a` or no number.
  double number(std::string_view column) const {
    return base::parse_number(text(column)).value_or(0.0);
  }
  /// The first of some columns that is neither blank, nor `n/a`, nor a positive number, in words;
  /// empty: none.
  std::string malformed(std::initializer_list<std::string_view> columns) const;
  // A count; `n/a` is 1, blank is 0.
  int count(std::string_view column) const {
    const std::string t = text(column);
    return t == "n/a" ? 1 : static_cast<int>(number(column));
  }

 private:
  const base::CsvReader& csv_;
};

}  // namespace busbar::validation
