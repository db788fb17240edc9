#include "sim/base/rows.h"

#include <zlib.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>

#include "sim/base/error.h"
#include "sim/base/text.h"

namespace busbar::base {

// zlib reads plain files transparently and gzip files by their magic bytes.
struct LineReader::Impl {
  std::string path;
  gzFile file = nullptr;
  std::array<char, 1 << 16> buffer;
  size_t filled = 0, used = 0;
  std::string line;
  int number = 0;

  ~Impl() {
    if (file != nullptr) gzclose(file);
  }

  bool fill() {
    const int count = gzread(file, buffer.data(), static_cast<unsigned>(buffer.size()));
    int code = Z_OK;
    const char* reason = gzerror(file, &code);
    if (count < 0 || (code != Z_OK && code != Z_STREAM_END)) {
      const bool truncated = code == Z_BUF_ERROR;
      throw IoError(fmt::format("{}: {} after line {}", path,
                                truncated ? "truncated gzip data" : reason, number));
    }
    filled = static_cast<size_t>(count);
    used = 0;
    return count > 0;
  }
};

LineReader::LineReader(std::string path) : impl_(std::make_unique<Impl>()) {
  impl_->file = gzopen(path.c_str(), "rb");
  if (impl_->file == nullptr) {
    throw IoError(fmt::format("{}: cannot open: {}", path, std::strerror(errno)));
  }
  impl_->path = std::move(path);
}
LineReader::~LineReader() = default;
LineReader::LineReader(LineReader&&) noexcept = default;

std::optional<std::string_view> LineReader::next() {
  Impl& in = *impl_;
  in.line.clear();
  bool any = false;
  for (;;) {
    if (in.used == in.filled && !in.fill()) break;
    any = true;
    const char* from = in.buffer.data() + in.used;
    const size_t left = in.filled - in.used;
    const auto* end = static_cast<const char*>(std::memchr(from, '\n', left));
    const size_t count = end != nullptr ? static_cast<size_t>(end - from) : left;
    in.line.append(from, count);
    in.used += count + (end != nullptr ? 1 : 0);
    if (end != nullptr) break;
  }
  if (!any) return std::nullopt;
  ++in.number;
  if (in.line.ends_with('\r')) in.line.pop_back();
  std::string_view view = in.line;
  if (in.number == 1 && view.starts_with("\xEF\xBB\xBF")) view.remove_prefix(3);
  return view;
}

Location LineReader::where(int column) const { return {impl_->path, impl_->number, column}; }

namespace {

// Splits one CSV record into fields, reusing their storage. False if a quote is left open.
bool split_csv(std::string_view line, std::vector<std::string>& fields) {
  size_t count = 0;
  const auto field = [&]() -> std::string& {
    if (count == fields.size()) fields.emplace_back();
    fields[count].clear();
    return fields[count++];
  };
  size_t at = 0;
  for (;;) {
    std::string& text = field();
    if (at < line.size() && line[at] == '"') {
      for (++at;; ++at) {
        if (at >= line.size()) return false;
        if (line[at] != '"') {
          text += line[at];
        } else if (at + 1 < line.size() && line[at + 1] == '"') {
          text += line[++at];
        } else {
          ++at;
          break;
        }
      }
    } else {
      const size_t comma = std::min(line.find(',', at), line.size());
      text.assign(line.substr(at, comma - at));
      at = comma;
    }
    if (at >= line.size()) break;
    if (line[at] != ',') return false;
    ++at;
  }
  fields.resize(count);
  return true;
}

}  // namespace

CsvReader::CsvReader(std::string path) : lines_(std::move(path)) {
  const auto line = lines_.next();
  if (!line || trim(*line).empty() || !split_csv(*line, header_)) {
    throw IoError(fmt::format("{}: no CSV header in the first line", lines_.where().file));
  }
  for (std::string& name : header_) name = std::string(trim(name));
}

int CsvReader::column(std::string_view name) const {
  for (size_t i = 0; i < header_.size(); ++i) {
    if (header_[i] == name) return static_cast<int>(i);
  }
  return -1;
}

bool CsvReader::next(Diagnostics& problems) {
  while (const auto line = lines_.next()) {
    if (trim(*line).empty()) continue;
    if (!split_csv(*line, fields_)) {
      problems.error(lines_.where(), "malformed quotes in this CSV row");
      continue;
    }
    if (fields_.size() != header_.size()) {
      problems.error(lines_.where(), "row has {} fields where the header has {}", fields_.size(),
                     header_.size());
      continue;
    }
    return true;
  }
  return false;
}

std::optional<double> parse_number(std::string_view text) {
  text = trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0.0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

}  // namespace busbar::base
