/// What a trace contains: one list of tables and columns. The writer iterates it, `format_page()`
/// turns it into `sim/doc/formats/trace.md`. To add a column, add a field to its row (`rows.h`) and
/// a line to its table (`schema.cpp`), then regenerate the page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace busbar::record {

/// Version of the format: the first number changes when old readers would misread.
inline constexpr std::int32_t kFormatVersion[2] = {1, 0};

/// Rows of one chunk; columns are written in whole chunks.
inline constexpr size_t kChunkRows = 4096;

/// Rows, over all tables, between two commits.
inline constexpr std::uint64_t kFlushRows = 65536;

enum class Storage { kInt8, kInt32, kInt64, kFloat64, kText };

/// Bytes of one value; 0 for texts, whose width is set per file.
constexpr size_t size_of(Storage storage) {
  switch (storage) {
    case Storage::kInt8:
      return 1;
    case Storage::kInt32:
      return 4;
    case Storage::kInt64:
    case Storage::kFloat64:
      return 8;
    case Storage::kText:
      return 0;
  }
  return 0;
}

/// One column: a dataset of that name in the group of its table.
struct Column {
  std::string_view name;
  std::string_view units;      // CF style: `s`, `W`, `1` for pure numbers; empty for texts
  std::string_view long_name;  // what it is, in one clause
  std::span<const std::string_view> meanings;  // of the values 0, 1, …; empty: not an enumeration
  std::string_view reference;  // table whose rows the values count, from 0; -1 = none
  Storage storage = Storage::kFloat64;
  size_t row_bytes = 0;  // size of the struct that it is a field of
  /// Copies the field of `count` rows to `out`, `width` bytes each. Texts are cut at `width` and
  /// padded with NULs.
  void (*gather)(const void* rows, size_t count, size_t width, std::byte* out) = nullptr;
  /// The field of one row, for texts only.
  std::string_view (*text)(const void* row) = nullptr;
};

/// When the rows of a table are known.
enum class Growth {
  kWhole,    // at the start: copied from the scenario
  kRows,     // one by one while the run goes on
  kSamples,  // one per sample time and entity: columns are [time, entity]
  kAtEnd,    // in one go at the end of the run
};

/// One table: a group with one dataset per column, all of equal length.
struct Table {
  std::string_view path;
  std::string_view what;
  Growth growth = Growth::kRows;
  std::span<const Column> columns;
  std::string_view across;  // samples: the table whose rows are the second dimension
};

/// One attribute of a group.
struct Attribute {
  std::string_view group, name, type, what;
};

/// All tables in the order of the file.
std::span<const Table> tables();
/// The table at a path such as `/jobs`. Throws base::InternalError when there is none.
const Table& table_at(std::string_view path);
/// All attributes but those of `/summary`, whose names are the run's.
std::span<const Attribute> attributes();

// ── How columns are declared ─────────────────────────────────────────────────────────────────────

namespace detail {

template <class Member>
struct MemberOf;
template <class RowType, class FieldType>
struct MemberOf<FieldType RowType::*> {
  using Row = RowType;
  using Field = FieldType;
};

template <class Field>
consteval Storage storage_of() {
  if constexpr (std::is_same_v<Field, std::string_view>) {
    return Storage::kText;
  } else if constexpr (std::is_same_v<Field, double>) {
    return Storage::kFloat64;
  } else {
    static_assert(sizeof(Field) == 1 || sizeof(Field) == 4 || sizeof(Field) == 8);
    return sizeof(Field) == 1   ? Storage::kInt8
           : sizeof(Field) == 4 ? Storage::kInt32
                                : Storage::kInt64;
  }
}

template <auto Member>
void gather(const void* rows, size_t count, size_t width, std::byte* out) {
  using Row = typename MemberOf<decltype(Member)>::Row;
  using Field = typename MemberOf<decltype(Member)>::Field;
  const auto* row = static_cast<const Row*>(rows);
  for (size_t i = 0; i < count; ++i) {
    if constexpr (std::is_same_v<Field, std::string_view>) {
      const std::string_view text = row[i].*Member;
      const size_t bytes = text.size() < width ? text.size() : width;
      std::memset(out + i * width, 0, width);
      if (bytes > 0) std::memcpy(out + i * width, text.data(), bytes);
    } else {
      std::memcpy(out + i * sizeof(Field), &(row[i].*Member), sizeof(Field));
    }
  }
}

template <auto Member>
std::string_view text(const void* row) {
  return static_cast<const typename MemberOf<decltype(Member)>::Row*>(row)->*Member;
}

}  // namespace detail

/// Declares the column that stores one field of a row.
template <auto Member>
consteval Column column(std::string_view name, std::string_view units, std::string_view long_name,
                        std::string_view reference = {},
                        std::span<const std::string_view> meanings = {}) {
  using Types = detail::MemberOf<decltype(Member)>;
  Column made{name, units, long_name, meanings, reference};
  made.storage = detail::storage_of<typename Types::Field>();
  made.row_bytes = sizeof(typename Types::Row);
  made.gather = detail::gather<Member>;
  if constexpr (std::is_same_v<typename Types::Field, std::string_view>) {
    made.text = detail::text<Member>;
  }
  return made;
}

}  // namespace busbar::record
