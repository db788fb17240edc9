#include "sim/record/ordered_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "sim/base/error.h"

namespace busbar::record {

namespace {

constexpr std::uint64_t kPage = 4096;  // the least unit that a kernel writes whole

// Open-file-description locks: unlike POSIX locks they end with the descriptor, unlike flock()
// they do not stop HDF5 readers from looking at a growing file.
struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

// The place of a known block in a commit. Index nodes start with `TREE`, a type and their level.
int order_of(std::span<const std::byte> bytes, OrderedFile::Kind kind) {
  constexpr int kHighestLevel = 255;
  if (kind == OrderedFile::Kind::kSuperblock) return 0;
  if (bytes.size() > 5 && std::memcmp(bytes.data(), "TREE", 4) == 0) {
    return 1 + kHighestLevel - std::to_integer<int>(bytes[5]);
  }
  return 2 + kHighestLevel;
}

}  // namespace

OrderedFile::OrderedFile(std::string path) : path_(std::move(path)) {
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    throw base::IoError(fmt::format("cannot write '{}': {}", path_, std::strerror(errno)));
  }
  struct flock lock = whole_file(F_WRLCK);
  if (::fcntl(descriptor_, F_OFD_SETLK, &lock) != 0 && (errno == EAGAIN || errno == EACCES)) {
    ::close(descriptor_);
    throw base::IoError(fmt::format(
        "cannot write '{}': another run is writing it; wait for it or choose another output",
        path_));
  }
  if (::ftruncate(descriptor_, 0) != 0) {
    const int reason = errno;
    ::close(descriptor_);
    throw base::IoError(fmt::format("cannot write '{}': {}", path_, std::strerror(reason)));
  }
}

OrderedFile::~OrderedFile() { ::close(descriptor_); }

std::uint64_t OrderedFile::allocate(std::uint64_t bytes, Kind kind) {
  std::uint64_t at = end_;
  if (kind != Kind::kData) {
    at = (at + 7) / 8 * 8;
    const bool straddles = at / kPage != (at + bytes - 1) / kPage;
    if (bytes > 0 && bytes <= kPage && straddles) at = (at + kPage - 1) / kPage * kPage;
  }
  end_ = at + bytes;
  return at;
}

void OrderedFile::write(std::uint64_t at, std::span<const std::byte> bytes, Kind kind) {
  if (!error_.empty()) return;
  if (at >= committed_) return put(at, bytes);
  Block& block = held_[at];
  block.bytes.assign(bytes.begin(), bytes.end());
  block.order = order_of(bytes, kind);
}

void OrderedFile::read(std::uint64_t at, std::span<std::byte> bytes) {
  if (!get(at, bytes)) fail("read");
  // Held blocks that overlap: they start before the end, and the last one before may reach in.
  auto block = held_.upper_bound(at);
  if (block != held_.begin()) --block;
  for (; block != held_.end() && block->first < at + bytes.size(); ++block) {
    const std::uint64_t from = std::max(at, block->first);
    const std::uint64_t to = std::min(at + bytes.size(), block->first + block->second.bytes.size());
    if (from >= to) continue;
    std::memcpy(bytes.data() + (from - at), block->second.bytes.data() + (from - block->first),
                to - from);
  }
}

void OrderedFile::commit() {
  if (!error_.empty()) return;
  if (length_ < end_) {
    if (::ftruncate(descriptor_, static_cast<off_t>(end_)) != 0) return fail("extend");
    length_ = end_;
  }
  std::vector<std::map<std::uint64_t, Block>::const_iterator> blocks;
  for (auto block = held_.cbegin(); block != held_.cend(); ++block) blocks.push_back(block);
  std::stable_sort(blocks.begin(), blocks.end(),
                   [](const auto& a, const auto& b) { return a->second.order < b->second.order; });
  for (const auto& block : blocks) replace(block->first, block->second.bytes);
  if (!error_.empty()) return;
  held_.clear();
  committed_ = end_;
}

// Writes only what differs: a block across pages (a header with many attributes) changes in one
// aligned number at a time, so that it stays readable too.
void OrderedFile::replace(std::uint64_t at, std::span<const std::byte> bytes) {
  std::vector<std::byte> old(bytes.size());
  if (!get(at, old)) return fail("read");
  const auto first = std::mismatch(bytes.begin(), bytes.end(), old.begin()).first - bytes.begin();
  if (first == static_cast<std::ptrdiff_t>(bytes.size())) return;
  size_t last = bytes.size();
  while (bytes[last - 1] == old[last - 1]) --last;
  put(at + static_cast<std::uint64_t>(first),
      bytes.subspan(static_cast<size_t>(first), last - static_cast<size_t>(first)));
}

void OrderedFile::put(std::uint64_t at, std::span<const std::byte> bytes) {
  while (!bytes.empty() && error_.empty()) {
    const ssize_t written =
        ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail("write");
    at += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<size_t>(written));
    length_ = std::max(length_, at);
  }
}

bool OrderedFile::get(std::uint64_t at, std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t taken = ::pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0) return false;
    if (taken == 0) {
      std::fill(bytes.begin(), bytes.end(), std::byte{0});
      return true;
    }
    at += static_cast<std::uint64_t>(taken);
    bytes = bytes.subspan(static_cast<size_t>(taken));
  }
  return true;
}

void OrderedFile::sync() {
  if (error_.empty() && ::fdatasync(descriptor_) != 0) fail("sync");
}

void OrderedFile::abandon(std::string why) {
  if (error_.empty()) error_ = std::move(why);
}

void OrderedFile::rename(const std::string& path, bool replace_existing) {
  if (!error_.empty()) return;
  int failed = ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, path.c_str(),
                           replace_existing ? 0U : static_cast<unsigned>(RENAME_NOREPLACE));
  // File systems without RENAME_NOREPLACE: look, then rename.
  if (failed != 0 && errno == EINVAL && !replace_existing) {
    if (::access(path.c_str(), F_OK) == 0) {
      errno = EEXIST;
    } else {
      failed = ::rename(path_.c_str(), path.c_str());
    }
  }
  if (failed != 0) {
    error_ = fmt::format("cannot rename it to '{}': {}", path, std::strerror(errno));
    return;
  }
  path_ = path;
}

void OrderedFile::fail(const char* what) {
  const int reason = errno;
  if (!error_.empty()) return;
  error_ = fmt::format("cannot {}: {}", what, std::strerror(reason));
  if (reason == ENOSPC || reason == EDQUOT) {
    error_ += "; free some space or choose an output on another disk";
  }
}

bool is_being_written(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  struct flock lock = whole_file(F_RDLCK);
  const bool locked = ::fcntl(descriptor, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  ::close(descriptor);
  return locked;
}

}  // namespace busbar::record
