#include "sim/base/diagnostics.h"

#include <fmt/ostream.h>

#include <algorithm>
#include <fstream>
#include <ostream>
#include <sstream>
#include <tuple>

namespace busbar::base {
namespace {

constexpr size_t kLongestSnippet = 160;

// Returns line `number` (from 1) of `text`, or an empty string.
std::string line_of(const std::string& text, int number) {
  std::istringstream in(text);
  std::string line;
  for (int i = 0; i < number; ++i) {
    if (!std::getline(in, line)) return {};
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

std::string read_line(const std::string& path, int number) {
  std::ifstream in(path, std::ios::binary);
  std::string line;
  for (int i = 0; in && i < number; ++i) {
    if (!std::getline(in, line)) return {};
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  const bool printable = std::all_of(line.begin(), line.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 || c == '\t';
  });
  return printable ? line : std::string{};
}

// Cuts a long line around the column, so that the caret stays in sight.
void print_snippet(std::ostream& out, std::string line, int column) {
  if (line.empty()) return;
  size_t at = column > 0 ? static_cast<size_t>(column - 1) : 0;
  if (line.size() > kLongestSnippet) {
    const size_t from = at > kLongestSnippet / 2 ? at - kLongestSnippet / 2 : 0;
    line = line.substr(from, kLongestSnippet);
    at -= from;
  }
  fmt::print(out, "    {}\n", line);
  if (column <= 0 || at > line.size()) return;
  std::string pad;
  for (size_t i = 0; i < at; ++i) pad += line[i] == '\t' ? '\t' : ' ';
  fmt::print(out, "    {}^\n", pad);
}

}  // namespace

void Diagnostics::add(Diagnostic problem) {
  const Location& at = problem.where;
  if (!seen_.insert(fmt::format("{}:{}:{}:{}", at.file, at.line, at.column, problem.message))
           .second) {
    return;
  }
  if (problem.severity == Severity::kError) ++errors_;
  problems_.push_back(std::move(problem));
}

void Diagnostics::add_source(std::string name, std::string text) {
  sources_[std::move(name)] = std::move(text);
}

void Diagnostics::print(std::ostream& out) const {
  const auto key = [](const Diagnostic& d) {
    return std::tie(d.where.file, d.where.line, d.where.column, d.message);
  };
  std::vector<Diagnostic> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const auto& a, const auto& b) { return key(a) < key(b); });

  size_t printed = 0;
  for (const Diagnostic& d : sorted) {
    if (printed == kMostPrinted) break;
    ++printed;
    std::string place = d.where.file;
    if (d.where.line > 0) place += fmt::format(":{}", d.where.line);
    if (d.where.line > 0 && d.where.column > 0) place += fmt::format(":{}", d.where.column);
    fmt::print(out, "{}{}{}: {}\n", place, place.empty() ? "" : ": ",
               d.severity == Severity::kError ? "error" : "warning", d.message);
    if (d.where.line <= 0) continue;
    const auto source = sources_.find(d.where.file);
    print_snippet(out,
                  source != sources_.end() ? line_of(source->second, d.where.line)
                                           : read_line(d.where.file, d.where.line),
                  d.where.column);
  }
  if (printed < sorted.size()) fmt::print(out, "… and {} more\n", sorted.size() - printed);
}

}  // namespace busbar::base
