/// A file whose every state on disk is a readable state, whenever its writer is killed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace busbar::record {

/// Stores the blocks of an HDF5 file (superblock, indices, headers, data) so that the death of the
/// process between any two writes leaves a file that any HDF5 reader opens.
///
/// Blocks beyond the last commit are unknown to readers and written at once. Blocks that readers
/// know are held back until `commit()`, which then makes the file as long as it claims to be and
/// replaces them in this order: the superblock, index nodes from the root down, all others. Each
/// such block lies within one 4 KiB page, and one page is written whole or not at all.
///
/// Never throws after construction, because C code calls it: the first failure is kept in
/// `error()`, and from then on writes are dropped.
class OrderedFile {
 public:
  enum class Kind { kSuperblock, kIndex, kHeader, kData };

  /// Creates or empties a file and locks it against other writers.
  /// Throws base::IoError with the path and the system's reason.
  explicit OrderedFile(std::string path);
  ~OrderedFile();
  OrderedFile(const OrderedFile&) = delete;
  OrderedFile& operator=(const OrderedFile&) = delete;

  /// Reserves `bytes` at the end; all but data keeps clear of page boundaries where it can.
  std::uint64_t allocate(std::uint64_t bytes, Kind kind);
  /// One past the last reserved byte.
  std::uint64_t end() const { return end_; }
  void set_end(std::uint64_t end) { end_ = end; }
  /// Bytes on disk, holes included.
  std::uint64_t length() const { return length_; }

  void write(std::uint64_t at, std::span<const std::byte> bytes, Kind kind);
  /// Reads what was last written, committed or not; what never was reads as zeros.
  void read(std::uint64_t at, std::span<std::byte> bytes);

  /// Shows all writes so far to readers.
  void commit();
  /// Waits until the disk has everything.
  void sync();
  /// Drops all writes from now on.
  void abandon(std::string why);
  /// Renames the file; its lock goes with it. With `replace` false an existing file is a failure.
  void rename(const std::string& path, bool replace);

  const std::string& path() const { return path_; }
  /// Why writing stopped: the system's reason; empty while all is well.
  const std::string& error() const { return error_; }

 private:
  struct Block {
    std::vector<std::byte> bytes;
    int order = 0;  // smaller first
  };
  void put(std::uint64_t at, std::span<const std::byte> bytes);
  void replace(std::uint64_t at, std::span<const std::byte> bytes);
  bool get(std::uint64_t at, std::span<std::byte> bytes);
  void fail(const char* what);

  std::string path_, error_;
  int descriptor_ = -1;
  std::uint64_t end_ = 0, length_ = 0, committed_ = 0;
  std::map<std::uint64_t, Block> held_;
};

/// Whether another process holds the writer's lock on a file; false when there is no such file.
bool is_being_written(const std::string& path);

}  // namespace busbar::record
