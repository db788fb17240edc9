#include "sim/record/trace_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include "sim/base/error.h"
#include "sim/record/hdf5.h"
#include "sim/record/schema.h"

namespace busbar::record {

namespace {

std::string without_padding(const char* text, size_t width) {
  return {text, static_cast<size_t>(std::find(text, text + width, '\0') - text)};
}

// The text, real or whole number of a scalar attribute; nothing for lists and other types.
std::optional<TraceReader::Value> scalar_value(hid_t attribute) {
  const Handle space(H5Aget_space(attribute), "read an attribute");
  const Handle type(H5Aget_type(attribute), "read an attribute");
  if (H5Sget_simple_extent_type(space.get()) != H5S_SCALAR) return std::nullopt;
  switch (H5Tget_class(type.get())) {
    case H5T_STRING: {
      if (H5Tis_variable_str(type.get()) > 0) return std::nullopt;
      std::string text(H5Tget_size(type.get()), '\0');
      check(H5Aread(attribute, type.get(), text.data()), "read an attribute");
      return without_padding(text.data(), text.size());
    }
    case H5T_FLOAT: {
      double value = 0.0;
      check(H5Aread(attribute, H5T_NATIVE_DOUBLE, &value), "read an attribute");
      return value;
    }
    case H5T_INTEGER: {
      if (H5Tget_sign(type.get()) == H5T_SGN_NONE) {
        std::uint64_t value = 0;
        check(H5Aread(attribute, H5T_NATIVE_UINT64, &value), "read an attribute");
        return value;
      }
      std::int64_t value = 0;
      check(H5Aread(attribute, H5T_NATIVE_INT64, &value), "read an attribute");
      return value;
    }
    default:
      return std::nullopt;
  }
}

std::string parent(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

class TraceReader::Impl {
 public:
  explicit Impl(std::string path) : path_(std::move(path)) {
    silence_hdf5();
    open();
    check_type();
  }

  [[noreturn]] void fail(const std::string& why) const {
    throw base::IoError(fmt::format("'{}': {}", path_, why));
  }

  // Runs a read; what HDF5 cannot read is damage.
  template <class Work>
  auto read(const Work& work) const {
    try {
      return work();
    } catch (const base::IoError& error) {
      if (std::string_view(error.what()).starts_with("HDF5 ")) {
        fail(fmt::format("damaged trace: {}; run the scenario again", error.what()));
      }
      throw;
    }
  }

  std::optional<Value> attribute(const std::string& object, const std::string& name) const {
    const Handle owner(H5Oopen(file_.get(), object.c_str(), H5P_DEFAULT), "open " + object);
    const htri_t exists = H5Aexists(owner.get(), name.c_str());
    check(exists, "look for attribute " + name);
    if (exists == 0) return std::nullopt;
    const Handle found(H5Aopen(owner.get(), name.c_str(), H5P_DEFAULT), "open attribute " + name);
    return scalar_value(found.get());
  }

  std::string text_attribute(const std::string& object, const std::string& name) const {
    const auto value = attribute(object, name);
    if (!value || !std::holds_alternative<std::string>(*value)) return {};
    return std::get<std::string>(*value);
  }

  size_t rows(const std::string& table) const {
    if (!has(table)) fail(fmt::format("no table '{}'; is it a trace of another version?", table));
    const auto value = attribute(table, "rows_committed");
    if (!value || !std::holds_alternative<std::int64_t>(*value)) {
      fail(fmt::format("'{}' is not a table of rows", table));
    }
    return static_cast<size_t>(std::get<std::int64_t>(*value));
  }

  const std::string& path() const { return path_; }
  bool has(const std::string& path) const {
    for (size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
      const std::string part = path.substr(0, at);
      if (H5Lexists(file_.get(), part.c_str(), H5P_DEFAULT) <= 0) return false;
      if (at == std::string::npos) return true;
    }
  }

  // A dataset and its committed part.
  struct Selection {
    Handle dataset, file_space, memory_space;
    size_t values = 0;
  };
  Selection select(const std::string& column) const {
    const size_t committed = rows(parent(column));
    if (!has(column)) {
      fail(fmt::format("no column '{}'; is it a trace of another version?", column));
    }
    Selection selection;
    selection.dataset = {H5Dopen2(file_.get(), column.c_str(), H5P_DEFAULT), "open " + column};
    selection.file_space = {H5Dget_space(selection.dataset.get()), "read the size of " + column};
    hsize_t size[2] = {0, 1};
    const int rank = H5Sget_simple_extent_ndims(selection.file_space.get());
    if (rank < 1 || rank > 2) fail(fmt::format("'{}' is not a column", column));
    H5Sget_simple_extent_dims(selection.file_space.get(), size, nullptr);
    if (size[0] < committed) {
      fail(fmt::format("damaged trace: '{}' has {} rows of {}; run the scenario again", column,
                       size[0], committed));
    }
    const hsize_t from[2] = {0, 0};
    const hsize_t count[2] = {committed, size[1]};
    selection.values = committed * size[1];
    if (selection.values == 0) return selection;
    check(H5Sselect_hyperslab(selection.file_space.get(), H5S_SELECT_SET, from, nullptr, count,
                              nullptr),
          "select rows");
    selection.memory_space = {H5Screate_simple(rank, count, nullptr), "make a space"};
    return selection;
  }

  bool holds_texts(const std::string& column) const {
    const Selection selection = select(column);
    const Handle type(H5Dget_type(selection.dataset.get()), "read the type of " + column);
    return H5Tget_class(type.get()) == H5T_STRING;
  }

  template <class Number>
  std::vector<Number> column_of(const std::string& column, hid_t memory_type) const {
    if (holds_texts(column)) {
      fail(fmt::format("'{}' holds texts, not numbers", column));
    }
    const Selection selection = select(column);
    std::vector<Number> values(selection.values);
    if (values.empty()) return values;
    check(H5Dread(selection.dataset.get(), memory_type, selection.memory_space.get(),
                  selection.file_space.get(), H5P_DEFAULT, values.data()),
          "read " + column);
    return values;
  }

  std::vector<std::string> texts(const std::string& column) const {
    const Selection selection = select(column);
    const Handle type(H5Dget_type(selection.dataset.get()), "read the type of " + column);
    if (H5Tget_class(type.get()) != H5T_STRING || H5Tis_variable_str(type.get()) > 0) {
      fail(fmt::format("'{}' holds no texts of fixed width", column));
    }
    const size_t width = H5Tget_size(type.get());
    std::string padded(width * selection.values, '\0');
    std::vector<std::string> all;
    if (padded.empty()) return all;
    check(H5Dread(selection.dataset.get(), type.get(), selection.memory_space.get(),
                  selection.file_space.get(), H5P_DEFAULT, padded.data()),
          "read " + column);
    all.reserve(selection.values);
    for (size_t i = 0; i < selection.values; ++i) {
      all.push_back(without_padding(padded.data() + i * width, width));
    }
    return all;
  }

  hid_t file() const { return file_.get(); }

 private:
  void open() {
    std::ifstream plain(path_, std::ios::binary);
    if (!plain || plain.peek() == std::ifstream::traits_type::eof()) {
      const int reason = errno;
      if (!plain.is_open()) fail(fmt::format("cannot open: {}", std::strerror(reason)));
      fail("cannot read: the file is empty or a directory; give a trace written by `busbar run`");
    }
    if (H5Fis_hdf5(path_.c_str()) <= 0) {
      fail("not an HDF5 file; give a trace written by `busbar run`");
    }
    try {
      file_ = {H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open it"};
    } catch (const base::IoError& error) {
      fail(fmt::format(
          "truncated or damaged: {}; copy it again from where it was written, or run the scenario "
          "again",
          error.what()));
    }
  }

  void check_type() const {
    read([&] {
      const std::string type = text_attribute("/", "filetype");
      if (type != "busbar-trace") {
        fail(
            fmt::format("an HDF5 file, but not a trace: attribute 'filetype' {}, expected "
                        "'busbar-trace'; give a trace written by `busbar run`",
                        type.empty() ? "is missing" : fmt::format("is '{}'", type)));
      }
      std::int32_t version[2] = {0, 0};
      const Handle found(H5Aopen(file_.get(), "version", H5P_DEFAULT), "open the version");
      const Handle space(H5Aget_space(found.get()), "read the version");
      if (H5Sget_simple_extent_npoints(space.get()) != 2) {
        fail("damaged trace: attribute 'version' is not a pair of numbers");
      }
      check(H5Aread(found.get(), H5T_NATIVE_INT32, version), "read the version");
      if (version[0] != kFormatVersion[0]) {
        fail(
            fmt::format("trace format {}.{}; this program reads {}.x; use the program that wrote "
                        "it (attribute 'version' of /provenance)",
                        version[0], version[1], kFormatVersion[0]));
      }
    });
  }

  std::string path_;
  Handle file_;
};

TraceReader::TraceReader(std::string path) : impl_(std::make_unique<Impl>(std::move(path))) {}
TraceReader::~TraceReader() = default;
TraceReader::TraceReader(TraceReader&&) noexcept = default;

std::string TraceReader::status() const {
  return impl_->read([&] {
    const std::string status = impl_->text_attribute("/", "status");
    // A whole trace has lost its `.part`; one killed before that is not called complete.
    const bool unfinished =
        status == "running" || (status == "complete" && impl_->path().ends_with(".part"));
    return unfinished ? std::string("incomplete") : status;
  });
}

std::map<std::string, TraceReader::Value> TraceReader::attributes(const std::string& group) const {
  return impl_->read([&] {
    std::map<std::string, Value> all;
    if (group != "/" && !impl_->has(group)) impl_->fail(fmt::format("no group '{}'", group));
    const Handle owner(H5Oopen(impl_->file(), group.c_str(), H5P_DEFAULT), "open " + group);
    H5O_info_t info;
    check(H5Oget_info2(owner.get(), &info, H5O_INFO_NUM_ATTRS), "count attributes");
    for (hsize_t i = 0; i < info.num_attrs; ++i) {
      const Handle attribute(
          H5Aopen_by_idx(owner.get(), ".", H5_INDEX_NAME, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT),
          "open an attribute");
      std::string name(static_cast<size_t>(H5Aget_name(attribute.get(), 0, nullptr)), '\0');
      H5Aget_name(attribute.get(), name.size() + 1, name.data());
      if (auto value = scalar_value(attribute.get())) all[name] = *value;
    }
    return all;
  });
}

bool TraceReader::has(const std::string& path) const { return impl_->has(path); }

size_t TraceReader::rows(const std::string& table) const {
  return impl_->read([&] { return impl_->rows(table); });
}

std::vector<std::string> TraceReader::columns(const std::string& table) const {
  return impl_->read([&] {
    impl_->rows(table);
    std::vector<std::string> names;
    const Handle group(H5Gopen2(impl_->file(), table.c_str(), H5P_DEFAULT), "open " + table);
    check(H5Literate(
              group.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr,
              [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
                static_cast<std::vector<std::string>*>(out)->emplace_back(name);
                return 0;
              },
              &names),
          "list columns");
    return names;
  });
}

bool TraceReader::holds_texts(const std::string& column) const {
  return impl_->read([&] { return impl_->holds_texts(column); });
}

std::vector<double> TraceReader::numbers(const std::string& column) const {
  return impl_->read([&] { return impl_->column_of<double>(column, H5T_NATIVE_DOUBLE); });
}

std::vector<std::string> TraceReader::texts(const std::string& column) const {
  return impl_->read([&] { return impl_->texts(column); });
}

std::vector<std::string> TraceReader::meanings(const std::string& column) const {
  return impl_->read([&] {
    std::vector<std::string> words;
    const std::string all = note(column, "flag_meanings");
    for (size_t from = 0; from < all.size();) {
      const size_t to = std::min(all.find(' ', from), all.size());
      words.push_back(all.substr(from, to - from));
      from = to + 1;
    }
    std::vector<std::string> texts;
    for (const std::int32_t value : impl_->column_of<std::int32_t>(column, H5T_NATIVE_INT32)) {
      if (value < 0 || static_cast<size_t>(value) >= words.size()) {
        impl_->fail(fmt::format("'{}' holds {}, which has no meaning there", column, value));
      }
      texts.push_back(words[static_cast<size_t>(value)]);
    }
    return texts;
  });
}

std::string TraceReader::note(const std::string& path, const std::string& attribute) const {
  return impl_->read([&] {
    if (!impl_->has(path)) {
      impl_->fail(fmt::format("no '{}'; is it a trace of another version?", path));
    }
    return impl_->text_attribute(path, attribute);
  });
}

}  // namespace busbar::record
