/// Reads text files of rows, one at a time, plain or gzipped: CSV, JSONL and SWF lines.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostics.h"

namespace busbar::base {

/// Reads lines of a plain or gzip file (told by its first bytes) with their numbers.
///
/// A truncated or corrupt gzip stream, or an unreadable file, throws IoError naming file and line.
class LineReader {
 public:
  explicit LineReader(std::string path);
  ~LineReader();
  LineReader(LineReader&&) noexcept;
  /// The next line without its line end (LF or CRLF; a UTF-8 byte-order mark is dropped), or
  /// nothing at the end. The view holds until the next call.
  std::optional<std::string_view> next();
  /// The place of the line last returned.
  Location where(int column = 0) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Reads a CSV file with a header row (RFC 4180: quotes, doubled quotes; no line breaks in fields).
class CsvReader {
 public:
  /// Opens and reads the header.
  explicit CsvReader(std::string path);
  const std::vector<std::string>& header() const { return header_; }
  /// Index of a column, or -1.
  int column(std::string_view name) const;
  /// Reads the next row into `fields()`; false at the end. Empty lines are skipped. A row with
  /// another number of fields than the header is reported to `problems` and skipped.
  bool next(Diagnostics& problems);
  const std::vector<std::string>& fields() const { return fields_; }
  Location where() const { return lines_.where(); }

 private:
  LineReader lines_;
  std::vector<std::string> header_;
  std::vector<std::string> fields_;
};

/// Parses a finite number that fills the whole text.
std::optional<double> parse_number(std::string_view text);

}  // namespace busbar::base
