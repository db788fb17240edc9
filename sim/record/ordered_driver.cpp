// The HDF5 file driver of OrderedFile: passes blocks on with what they are.
#include <algorithm>
#include <iterator>
#include <new>

#include "sim/record/hdf5.h"

namespace busbar::record {

namespace {

// An open file as HDF5 sees it: its own part first.
struct Driver {
  H5FD_t common;
  OrderedFile* blocks;
};

OrderedFile& blocks_of(const H5FD_t* file) {
  return *reinterpret_cast<const Driver*>(file)->blocks;
}

OrderedFile::Kind kind_of(H5FD_mem_t type) {
  switch (type) {
    case H5FD_MEM_SUPER:
      return OrderedFile::Kind::kSuperblock;
    case H5FD_MEM_BTREE:
      return OrderedFile::Kind::kIndex;
    case H5FD_MEM_DRAW:
      return OrderedFile::Kind::kData;
    default:
      return OrderedFile::Kind::kHeader;
  }
}

H5FD_t* open_driver(const char*, unsigned, hid_t access, haddr_t) {
  const auto* blocks = static_cast<OrderedFile* const*>(H5Pget_driver_info(access));
  auto* driver = new (std::nothrow) Driver{};
  if (driver == nullptr || blocks == nullptr) {
    delete driver;
    return nullptr;
  }
  driver->blocks = *blocks;
  return &driver->common;
}

herr_t close_driver(H5FD_t* file) {
  delete reinterpret_cast<Driver*>(file);
  return 0;
}

herr_t query(const H5FD_t*, unsigned long* flags) {
  *flags = 0;  // no aggregation: every block gets its own place from allocate()
  return 0;
}

haddr_t allocate(H5FD_t* file, H5FD_mem_t type, hid_t, hsize_t size) {
  return blocks_of(file).allocate(size, kind_of(type));
}

haddr_t end_of_space(const H5FD_t* file, H5FD_mem_t) { return blocks_of(file).end(); }

haddr_t end_of_file(const H5FD_t* file, H5FD_mem_t) { return blocks_of(file).length(); }

herr_t set_end_of_space(H5FD_t* file, H5FD_mem_t, haddr_t end) {
  blocks_of(file).set_end(end);
  return 0;
}

herr_t read_block(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t at, size_t size, void* out) {
  blocks_of(file).read(at, {static_cast<std::byte*>(out), size});
  return 0;
}

herr_t write_block(H5FD_t* file, H5FD_mem_t type, hid_t, haddr_t at, size_t size,
                   const void* bytes) {
  blocks_of(file).write(at, {static_cast<const std::byte*>(bytes), size}, kind_of(type));
  return 0;
}

H5FD_class_t driver_class() {
  H5FD_class_t driver{};
  driver.name = "busbar-ordered";
  driver.maxaddr = (haddr_t{1} << 62);
  driver.fc_degree = H5F_CLOSE_STRONG;
  driver.fapl_size = sizeof(OrderedFile*);
  driver.open = open_driver;
  driver.close = close_driver;
  driver.query = query;
  driver.alloc = allocate;
  driver.get_eoa = end_of_space;
  driver.set_eoa = set_end_of_space;
  driver.get_eof = end_of_file;
  driver.read = read_block;
  driver.write = write_block;
  const H5FD_mem_t map[H5FD_MEM_NTYPES] = H5FD_FLMAP_DICHOTOMY;
  std::copy(std::begin(map), std::end(map), std::begin(driver.fl_map));
  return driver;
}

// Index nodes of 31 entries: four of a column's index fit one page.
constexpr unsigned kIndexRank = 15;

}  // namespace

OrderedHdf5::OrderedHdf5(OrderedFile& blocks, Mode mode) : blocks_(blocks) {
  const H5FD_class_t driver = driver_class();
  driver_ = Handle(H5FDregister(&driver), "register the file driver");
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), "make access properties");
  OrderedFile* const info = &blocks;
  check(H5Pset_driver(access.get(), driver_.get(), &info), "choose the file driver");
  check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST),
        "choose the oldest format");
  check(H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG), "choose how to close");
  const char* name = blocks.path().c_str();
  if (mode == Mode::kOpen) {
    file_ = Handle(H5Fopen(name, H5F_ACC_RDWR, access.get()), "open the trace again");
    return;
  }
  const Handle creation(H5Pcreate(H5P_FILE_CREATE), "make creation properties");
  check(H5Pset_istore_k(creation.get(), kIndexRank), "set the size of index nodes");
  file_ = Handle(H5Fcreate(name, H5F_ACC_TRUNC, creation.get(), access.get()), "create the trace");
}

void OrderedHdf5::commit() {
  check(H5Fflush(file_.get(), H5F_SCOPE_LOCAL), "flush the trace");
  blocks_.commit();
}

void OrderedHdf5::close() { file_.reset(); }

}  // namespace busbar::record
