/// XML files read with care: XInclude, overrides by XPath, XSD, and a place for every value.
///
/// The order of use is parse -> override_values -> validate -> read elements. Every problem goes to
/// Diagnostics with file, line and column of the element or attribute meant, also for included
/// files and for values given by overrides; reading goes on, so all problems are found at once.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/base/units.h"

namespace busbar::xml {

class Document;

/// The text of an attribute or element and where it stands.
struct Text {
  std::string value;
  base::Location where;
};

/// A view of one element of a document. Cheap to copy; valid while its document lives.
class Element {
 public:
  explicit operator bool() const { return node_ != nullptr; }
  std::string_view name() const;
  /// Where its start tag stands.
  base::Location where() const;
  /// Where an attribute stands (its name), or the element if it has none of that name.
  base::Location where(std::string_view attribute) const;
  /// The file the element was written in: the including or the included one.
  std::string file() const;

  bool has(std::string_view attribute) const;
  /// The attribute's text, if present.
  std::optional<Text> attribute(std::string_view name) const;
  /// The attribute's text or a fallback.
  std::string get(std::string_view name, std::string_view fallback = "") const;
  /// Names of all attributes, in document order.
  std::vector<std::string> attribute_names() const;
  /// The element's own text, trimmed.
  std::string text() const;

  /// Child elements, all or by name, in document order.
  std::vector<Element> children() const;
  std::vector<Element> children(std::string_view name) const;
  /// The first child of that name; empty (false) if none.
  Element child(std::string_view name) const;
  /// Nearest ancestor-or-self attribute of that name (for `source` and `assumed`).
  std::optional<Text> inherited(std::string_view attribute) const;

 private:
  friend class Document;
  Element(const Document* document, void* node) : document_(document), node_(node) {}
  const Document* document_ = nullptr;
  void* node_ = nullptr;

 public:
  Element() = default;
};

/// One `--set XPATH=VALUE`.
struct Override {
  std::string text;  // as given, for messages
  std::string xpath;
  std::string value;
  std::string name;  // source name for Diagnostics: `--set`
};

/// Splits at the first `=` outside brackets and quotes. Reports to `problems` and returns nothing
/// when there is none or a side is empty. Registers the text as a source, so that later problems in
/// the value show it with a caret.
std::optional<Override> parse_override(std::string_view text, base::Diagnostics& problems);

/// A file that was read, whole.
struct SourceFile {
  std::string path;
  std::string text;
};

/// A parsed XML document with its included files.
class Document {
 public:
  /// Reads a file: refuses DOCTYPE (so entities and bombs), resolves XInclude (parse="xml" only;
  /// relative to the file it stands in; a file included twice contributes its elements once),
  /// strips xml:base. Returns nothing after reporting when the file is not well-formed.
  static std::optional<Document> parse(const std::string& path, base::Diagnostics& problems);

  /// Sets each node the XPath matches: attributes and elements' text. A last step `@a` on a matched
  /// element without it adds it. Returns how many nodes were set; a malformed XPath is reported.
  int override_values(const Override& change, base::Diagnostics& problems);

  /// Checks against an XSD given as text (compiled in), rewriting libxml2's messages into ours:
  /// element and attribute by name, allowed ones with did-you-mean, no regular expressions.
  bool validate(std::string_view schema_name, std::string_view schema_text,
                base::Diagnostics& problems);

  Element root() const;
  /// Every file read, the main one first, each once.
  const std::vector<SourceFile>& files() const;
  /// The document after includes and overrides, in canonical form (C14N), for the scenario's hash.
  std::string canonical() const;

  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();
  struct Impl;

 private:
  friend class Element;
  explicit Document(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// ── Typed reading, with problems at the place of the value ──────────────────────────────────────

/// Reads a quantity attribute in SI units. Absent: the fallback. Unparsable or outside
/// [least, most]: reported, and the fallback is returned so that reading can go on.
double quantity(const Element& element, std::string_view attribute, base::Dimension dimension,
                double fallback, base::Diagnostics& problems, double least = 0.0,
                double most = 1e300);
/// As above for an attribute that must be there.
double required_quantity(const Element& element, std::string_view attribute,
                         base::Dimension dimension, base::Diagnostics& problems, double least = 0.0,
                         double most = 1e300);
/// Reads an integer attribute.
int integer(const Element& element, std::string_view attribute, int fallback,
            base::Diagnostics& problems, int least = 0, int most = 2'000'000'000);
bool boolean(const Element& element, std::string_view attribute, bool fallback,
             base::Diagnostics& problems);
/// Reads a calendar date as seconds since 1970 UTC.
double date(const Element& element, std::string_view attribute, double fallback,
            base::Diagnostics& problems);
/// Reads a white-space separated list.
std::vector<std::string> words(const Element& element, std::string_view attribute);

}  // namespace busbar::xml
