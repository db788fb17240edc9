/// Reads traces, whole ones and the `.part` of a run that goes on or was killed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace busbar::record {

/// An open trace. Columns are clipped to the rows that their table has committed, so that all
/// columns of a table have equal length. Every function throws base::IoError with the file, what is
/// wrong and what to do when the file is missing, unreadable, truncated, damaged, or no trace.
class TraceReader {
 public:
  explicit TraceReader(std::string path);
  ~TraceReader();
  TraceReader(TraceReader&&) noexcept;

  /// `complete`, `interrupted`, `failed` or, for a run that goes on or was killed, `incomplete`.
  std::string status() const;

  using Value = std::variant<double, std::int64_t, std::uint64_t, std::string>;
  /// All scalar attributes of a group, e.g. `/summary`, by name.
  std::map<std::string, Value> attributes(const std::string& group) const;

  /// Whether there is a table or column at a path.
  bool has(const std::string& path) const;
  /// Committed rows of a table, e.g. `/jobs`.
  size_t rows(const std::string& table) const;
  /// Names of the columns of a table, alphabetically.
  std::vector<std::string> columns(const std::string& table) const;
  /// Whether a column holds texts.
  bool holds_texts(const std::string& column) const;
  /// A column of numbers, e.g. `/jobs/start_s`. Samples come row by row: time, then entity.
  /// Integers beyond 2^53 lose their last digits.
  std::vector<double> numbers(const std::string& column) const;
  /// A column of texts.
  std::vector<std::string> texts(const std::string& column) const;
  /// An enumeration as the texts that its values mean.
  std::vector<std::string> meanings(const std::string& column) const;
  /// A text attribute of a column or table: `units`, `long_name`, `reference`; empty when absent.
  std::string note(const std::string& path, const std::string& attribute) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::record
