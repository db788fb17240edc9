/// The few HDF5 calls that traces need, with handles that close themselves and errors that throw.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sim/record/ordered_file.h"

namespace busbar::record {

/// Owns an HDF5 identifier of any kind.
class Handle {
 public:
  Handle() = default;
  /// Takes ownership. Throws base::IoError `HDF5 cannot <what>: <reason>` when `id` is negative.
  Handle(hid_t id, const std::string& what);
  ~Handle() { reset(); }
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  Handle& operator=(Handle&& other) noexcept;
  hid_t get() const { return id_; }
  void reset();

 private:
  hid_t id_ = H5I_INVALID_HID;
};

/// Throws base::IoError `HDF5 cannot <what>: <reason>` when a call returned a negative status.
void check(herr_t status, const std::string& what);

/// Keeps HDF5 from printing its error stack: errors are thrown instead.
void silence_hdf5();

/// An HDF5 file that is stored through an OrderedFile.
class OrderedHdf5 {
 public:
  /// Creates the file in the oldest format (libver earliest), or opens it again for changes.
  enum class Mode { kCreate, kOpen };
  OrderedHdf5(OrderedFile& blocks, Mode mode);
  OrderedHdf5(const OrderedHdf5&) = delete;
  OrderedHdf5& operator=(const OrderedHdf5&) = delete;

  hid_t id() const { return file_.get(); }
  /// Shows all changes so far to readers.
  void commit();
  /// Closes the file; its last changes still wait for OrderedFile::commit().
  void close();

 private:
  OrderedFile& blocks_;
  Handle driver_;  // outlives the file
  Handle file_;
};

// ── Attributes ───────────────────────────────────────────────────────────────────────────────────

/// A fixed-length UTF-8 string type, padded with NULs; width at least 1.
Handle text_type(size_t width);

using AttributeValue = std::variant<double, std::int64_t, std::uint64_t, std::string>;

/// Creates an attribute or replaces the value of one of the same type and width.
void set_attribute(hid_t object, const std::string& name, const AttributeValue& value);
/// Creates or replaces a text of a fixed width, so that it can be replaced by a longer one later.
void set_text(hid_t object, const std::string& name, std::string_view text, size_t width);
void set_numbers(hid_t object, const std::string& name, hid_t file_type, hid_t memory_type,
                 size_t count, const void* values);

/// Creates a group, and the groups above it where missing.
Handle make_group(hid_t file, const std::string& path);

}  // namespace busbar::record
