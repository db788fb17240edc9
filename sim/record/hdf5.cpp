#include "sim/record/hdf5.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/error.h"

namespace busbar::record {

namespace {

// The innermost message of HDF5's error stack.
std::string last_error() {
  std::string reason = "no reason given";
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned level, const H5E_error2_t* error, void* out) -> herr_t {
        if (level == 0 && error->desc != nullptr) *static_cast<std::string*>(out) = error->desc;
        return 0;
      },
      &reason);
  H5Eclear2(H5E_DEFAULT);
  return reason;
}

[[noreturn]] void fail(const std::string& what) {
  throw base::IoError(fmt::format("HDF5 cannot {}: {}", what, last_error()));
}

}  // namespace

Handle::Handle(hid_t id, const std::string& what) : id_(id) {
  if (id_ < 0) fail(what);
}

Handle& Handle::operator=(Handle&& other) noexcept {
  if (this != &other) {
    reset();
    id_ = std::exchange(other.id_, H5I_INVALID_HID);
  }
  return *this;
}

void Handle::reset() {
  const hid_t id = std::exchange(id_, H5I_INVALID_HID);
  if (id < 0) return;
  // A file closed with everything in it takes its other handles along.
  switch (H5Iget_type(id)) {
    case H5I_FILE:
      H5Fclose(id);
      return;
    case H5I_GROUP:
      H5Gclose(id);
      return;
    case H5I_DATASET:
      H5Dclose(id);
      return;
    case H5I_DATASPACE:
      H5Sclose(id);
      return;
    case H5I_DATATYPE:
      H5Tclose(id);
      return;
    case H5I_ATTR:
      H5Aclose(id);
      return;
    case H5I_GENPROP_LST:
      H5Pclose(id);
      return;
    case H5I_VFL:
      H5FDunregister(id);
      return;
    default:
      return;
  }
}

void check(herr_t status, const std::string& what) {
  if (status < 0) fail(what);
}

void silence_hdf5() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

Handle text_type(size_t width) {
  Handle type(H5Tcopy(H5T_C_S1), "make a text type");
  check(H5Tset_size(type.get(), std::max<size_t>(width, 1)), "set the width of a text");
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "set the encoding of a text");
  check(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), "set the padding of a text");
  return type;
}

namespace {

// Creates the attribute where it is missing.
Handle open_attribute(hid_t object, const std::string& name, hid_t type, hid_t space) {
  const htri_t exists = H5Aexists(object, name.c_str());
  check(exists, "look for attribute " + name);
  if (exists > 0) return {H5Aopen(object, name.c_str(), H5P_DEFAULT), "open attribute " + name};
  return {H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT),
          "create attribute " + name};
}

void set_scalar(hid_t object, const std::string& name, hid_t file_type, hid_t memory_type,
                const void* value) {
  const Handle space(H5Screate(H5S_SCALAR), "make a scalar");
  const Handle attribute = open_attribute(object, name, file_type, space.get());
  check(H5Awrite(attribute.get(), memory_type, value), "write attribute " + name);
}

}  // namespace

void set_text(hid_t object, const std::string& name, std::string_view text, size_t width) {
  const Handle type = text_type(width);
  std::string padded(text);
  padded.resize(std::max<size_t>(width, 1), '\0');
  set_scalar(object, name, type.get(), type.get(), padded.data());
}

void set_attribute(hid_t object, const std::string& name, const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    set_text(object, name, *text, text->size());
  } else if (const auto* real = std::get_if<double>(&value)) {
    set_scalar(object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, real);
  } else if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    set_scalar(object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, whole);
  } else {
    set_scalar(object, name, H5T_STD_U64LE, H5T_NATIVE_UINT64, &std::get<std::uint64_t>(value));
  }
}

void set_numbers(hid_t object, const std::string& name, hid_t file_type, hid_t memory_type,
                 size_t count, const void* values) {
  const hsize_t length = count;
  const Handle space(H5Screate_simple(1, &length, nullptr), "make a list");
  const Handle attribute = open_attribute(object, name, file_type, space.get());
  check(H5Awrite(attribute.get(), memory_type, values), "write attribute " + name);
}

Handle make_group(hid_t file, const std::string& path) {
  const Handle links(H5Pcreate(H5P_LINK_CREATE), "make link properties");
  check(H5Pset_create_intermediate_group(links.get(), 1), "ask for the groups above");
  return {H5Gcreate2(file, path.c_str(), links.get(), H5P_DEFAULT, H5P_DEFAULT),
          "create group " + path};
}

}  // namespace busbar::record
