/// Appends rows to one table of a trace: buffers a chunk, then writes every column of it whole.
#pragma once

#include <string_view>
#include <vector>

#include "sim/base/deflate.h"
#include "sim/record/hdf5.h"
#include "sim/record/schema.h"

namespace busbar::record {

/// Sizes of a table that differ from file to file.
struct Shape {
  size_t chunk_rows = kChunkRows;
  size_t across = 1;               // entities of a sample (may be 0)
  std::vector<size_t> text_width;  // bytes, one per text column, in their order
};

/// Creates the group and the empty datasets of a table, with all their attributes.
/// Samples get their own column `time_s`, which is the dimension scale of the others.
void create_table(hid_t file, const Table& table, const Shape& shape);

/// Writes the rows of a table that `create_table` made.
class TableWriter {
 public:
  /// `deflater` is shared by all tables of a file and outlives them.
  TableWriter(hid_t file, const Table& table, Shape shape, base::PlaneDeflater& deflater);

  /// Adds one row: the struct of the table's columns. Texts may die after the call.
  /// @returns whether this filled and wrote a chunk.
  /// Throws base::InternalError when a text is wider than its column.
  bool add(const void* row);
  /// Adds the samples of one time: `across` structs.
  bool add_sample(double time_s, const void* samples);
  /// Writes what is buffered as a last, short chunk. No rows may follow.
  void finish();
  /// Stores the number of rows that readers may trust, when it has changed.
  void store_committed();

  /// Rows in the file, those in the buffer left out.
  std::uint64_t rows_written() const { return written_; }

 private:
  struct Stored {
    const Column* column;
    Handle dataset;
    size_t width;                   // bytes of one value
    size_t values_per_row;          // 1, or entities of a sample
    std::vector<std::byte> texts;   // of the buffered rows
    std::vector<std::byte> last;    // values of the chunk written last …
    std::vector<std::byte> packed;  // … and what they became
  };
  bool count_row();
  void write_chunk();
  void write_column(Stored& stored);

  const Table& table_;
  Shape shape_;
  Handle group_;
  std::vector<Stored> columns_;
  size_t row_bytes_ = 0;  // of all samples of a time
  size_t buffered_ = 0;
  std::uint64_t written_ = 0, committed_ = 0;
  std::vector<std::byte> rows_, values_;
  std::vector<double> times_;
  base::PlaneDeflater& deflater_;
};

/// Width of a text column that holds all of `texts`.
template <class Texts>
size_t widest(const Texts& texts) {
  size_t width = 1;
  for (const std::string_view text : texts) width = width < text.size() ? text.size() : width;
  return width;
}

}  // namespace busbar::record
