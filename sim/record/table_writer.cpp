#include "sim/record/table_writer.h"

#include <fmt/format.h>
#include <hdf5_hl.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "sim/base/error.h"

namespace busbar::record {

namespace {

constexpr char kCommitted[] = "rows_committed";
constexpr char kTime[] = "time_s";

struct SampleTime {
  double value;
};
constexpr Column kTimeColumn =
    column<&SampleTime::value>(kTime, "s", "time since the start of the scenario");

hid_t file_type(Storage storage) {
  switch (storage) {
    case Storage::kInt8:
      return H5T_STD_I8LE;
    case Storage::kInt32:
      return H5T_STD_I32LE;
    case Storage::kInt64:
      return H5T_STD_I64LE;
    default:
      return H5T_IEEE_F64LE;
  }
}

std::string dataset_path(const Table& table, std::string_view column) {
  return fmt::format("{}/{}", table.path, column);
}

void describe(hid_t dataset, const Column& column) {
  if (column.storage != Storage::kText) {
    set_attribute(dataset, "units", std::string(column.units));
  }
  set_attribute(dataset, "long_name", std::string(column.long_name));
  if (!column.reference.empty()) {
    set_attribute(dataset, "reference", std::string(column.reference));
  }
  if (column.meanings.empty()) return;
  std::vector<std::int8_t> values(column.meanings.size());
  std::iota(values.begin(), values.end(), std::int8_t{0});
  set_numbers(dataset, "flag_values", H5T_STD_I8LE, H5T_NATIVE_INT8, values.size(), values.data());
  set_attribute(dataset, "flag_meanings", fmt::format("{}", fmt::join(column.meanings, " ")));
}

// Creates one empty, growing, compressed dataset: [rows] or [rows, across].
Handle create_column(hid_t group, const Column& column, const Shape& shape, bool matrix,
                     size_t text_width) {
  const int rank = matrix ? 2 : 1;
  const hsize_t size[2] = {0, shape.across};
  const hsize_t most[2] = {H5S_UNLIMITED, shape.across > 0 ? shape.across : H5S_UNLIMITED};
  const hsize_t chunk[2] = {shape.chunk_rows, std::max<size_t>(shape.across, 1)};
  const std::string name(column.name);
  const Handle space(H5Screate_simple(rank, size, most), "make the space of " + name);
  const Handle creation(H5Pcreate(H5P_DATASET_CREATE), "make dataset properties");
  check(H5Pset_chunk(creation.get(), rank, chunk), "set chunks");
  check(H5Pset_shuffle(creation.get()), "set shuffle");
  check(H5Pset_deflate(creation.get(), 1), "set gzip");
  check(H5Pset_obj_track_times(creation.get(), false), "switch object times off");
  const Handle text = column.storage == Storage::kText ? text_type(text_width) : Handle();
  const hid_t type = column.storage == Storage::kText ? text.get() : file_type(column.storage);
  Handle dataset(
      H5Dcreate2(group, name.c_str(), type, space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
      "create dataset " + name);
  describe(dataset.get(), column);
  return dataset;
}

}  // namespace

void create_table(hid_t file, const Table& table, const Shape& shape) {
  const Handle group = make_group(file, std::string(table.path));
  set_attribute(group.get(), kCommitted, std::int64_t{0});
  set_attribute(group.get(), "long_name", std::string(table.what));
  const bool samples = table.growth == Growth::kSamples;
  Handle time;
  if (samples) {
    set_attribute(group.get(), "across", std::string(table.across));
    time = create_column(group.get(), kTimeColumn, shape, false, 0);
    check(H5DSset_scale(time.get(), kTime), "make a dimension scale");
  }
  size_t texts = 0;
  for (const Column& column : table.columns) {
    const bool text = column.storage == Storage::kText;
    const Handle dataset =
        create_column(group.get(), column, shape, samples, text ? shape.text_width.at(texts++) : 0);
    if (samples) check(H5DSattach_scale(dataset.get(), time.get(), 0), "attach a dimension scale");
  }
}

TableWriter::TableWriter(hid_t file, const Table& table, Shape shape, base::PlaneDeflater& deflater)
    : table_(table),
      shape_(std::move(shape)),
      group_(H5Gopen2(file, std::string(table.path).c_str(), H5P_DEFAULT), "open a table"),
      deflater_(deflater) {
  const bool samples = table.growth == Growth::kSamples;
  const Handle access(H5Pcreate(H5P_DATASET_ACCESS), "make access properties");
  check(H5Pset_chunk_cache(access.get(), 0, 0, 0.0), "switch the chunk cache off");
  const auto open = [&](const Column& column, size_t width, size_t values_per_row) {
    const std::string path = dataset_path(table, column.name);
    columns_.push_back({&column,
                        Handle(H5Dopen2(file, path.c_str(), access.get()), "open " + path),
                        width,
                        values_per_row,
                        {},
                        {},
                        {}});
  };
  if (samples) open(kTimeColumn, sizeof(double), 1);
  size_t texts = 0;
  for (const Column& column : table.columns) {
    const bool text = column.storage == Storage::kText;
    open(column, text ? shape_.text_width.at(texts++) : size_of(column.storage),
         samples ? shape_.across : 1);
    if (text) columns_.back().texts.resize(columns_.back().width * shape_.chunk_rows);
    row_bytes_ = column.row_bytes * (samples ? shape_.across : 1);
  }
}

bool TableWriter::add(const void* row) {
  if (rows_.empty()) rows_.resize(row_bytes_ * shape_.chunk_rows);
  std::memcpy(rows_.data() + buffered_ * row_bytes_, row, row_bytes_);
  for (Stored& stored : columns_) {
    if (stored.column->storage != Storage::kText) continue;
    base::ensure(stored.column->text(row).size() <= stored.width,
                 "a text is wider than its column of the trace");
    stored.column->gather(row, 1, stored.width, stored.texts.data() + buffered_ * stored.width);
  }
  return count_row();
}

bool TableWriter::add_sample(double time_s, const void* samples) {
  if (times_.empty()) {
    times_.resize(shape_.chunk_rows);
    rows_.resize(row_bytes_ * shape_.chunk_rows);
  }
  times_[buffered_] = time_s;
  if (row_bytes_ > 0) std::memcpy(rows_.data() + buffered_ * row_bytes_, samples, row_bytes_);
  return count_row();
}

bool TableWriter::count_row() {
  if (++buffered_ < shape_.chunk_rows) return false;
  write_chunk();
  return true;
}

void TableWriter::finish() {
  if (buffered_ > 0) write_chunk();
}

void TableWriter::write_chunk() {
  for (Stored& stored : columns_) write_column(stored);
  written_ += buffered_;
  buffered_ = 0;
}

void TableWriter::write_column(Stored& stored) {
  const hsize_t size[2] = {written_ + buffered_, shape_.across};
  check(H5Dset_extent(stored.dataset.get(), size), "extend a dataset");
  const size_t count = buffered_ * stored.values_per_row;
  const size_t bytes = shape_.chunk_rows * stored.values_per_row * stored.width;
  if (bytes == 0) return;

  // The rest of a short last chunk is zeros.
  values_.assign(bytes, std::byte{0});
  if (stored.column == &kTimeColumn) {
    std::memcpy(values_.data(), times_.data(), count * sizeof(double));
  } else if (stored.column->storage == Storage::kText) {
    std::copy_n(stored.texts.begin(), count * stored.width, values_.begin());
  } else {
    stored.column->gather(rows_.data(), count, stored.width, values_.data());
  }
  // Columns that stay as they are (no steps, one site) need no new compression.
  if (values_ != stored.last) {
    const auto packed = deflater_.compress(values_, stored.width);
    stored.packed.assign(packed.begin(), packed.end());
    stored.last.swap(values_);
  }
  const hsize_t offset[2] = {written_, 0};
  check(H5Dwrite_chunk(stored.dataset.get(), H5P_DEFAULT, 0, offset, stored.packed.size(),
                       stored.packed.data()),
        "write a chunk");
}

void TableWriter::store_committed() {
  if (committed_ == written_) return;
  set_attribute(group_.get(), kCommitted, static_cast<std::int64_t>(written_));
  committed_ = written_;
}

}  // namespace busbar::record
