/// Collected problems of input files, printed like a compiler's: place, rule, remedy, snippet,
/// caret.
#pragma once

#include <fmt/format.h>

#include <iosfwd>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace busbar::base {

/// A place in a text. `file` may also name a source registered with `Diagnostics::add_source`
/// (an override from the command line). Line and column count from 1; 0 means unknown.
struct Location {
  std::string file;
  int line = 0;
  int column = 0;
};

enum class Severity { kWarning, kError };

struct Diagnostic {
  Severity severity = Severity::kError;
  Location where;
  std::string message;
};

/// Gathers problems until the reader is done, so that the user sees all of them at once.
class Diagnostics {
 public:
  /// Most errors printed; the rest are counted.
  static constexpr size_t kMostPrinted = 50;

  void add(Diagnostic problem);
  template <class... Args>
  void error(const Location& where, fmt::format_string<Args...> text, Args&&... args) {
    add({Severity::kError, where, fmt::format(text, std::forward<Args>(args)...)});
  }
  template <class... Args>
  void warning(const Location& where, fmt::format_string<Args...> text, Args&&... args) {
    add({Severity::kWarning, where, fmt::format(text, std::forward<Args>(args)...)});
  }

  /// Makes `text` the source shown for locations whose file is `name`.
  void add_source(std::string name, std::string text);

  bool has_errors() const { return errors_ > 0; }
  size_t errors() const { return errors_; }
  const std::vector<Diagnostic>& all() const { return problems_; }

  /// Prints all problems sorted by file, line and column, equal ones once, at most kMostPrinted,
  /// each with its source line and a caret; file names are printed as given.
  void print(std::ostream& out) const;

 private:
  std::vector<Diagnostic> problems_;
  std::set<std::string> seen_;  // a problem found twice is one
  std::map<std::string, std::string> sources_;
  size_t errors_ = 0;
};

}  // namespace busbar::base
