#include "sim/xml/places.h"

namespace busbar::xml {
namespace {

// Walks the text once, counting lines and columns.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  bool done() const { return at_ >= text_.size(); }
  bool looking_at(std::string_view word) const { return text_.substr(at_).starts_with(word); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  LineColumn here() const { return here_; }
  void step() {
    if (done()) return;
    if (text_[at_] == '\n') {
      ++here_.line;
      here_.column = 1;
    } else if ((static_cast<unsigned char>(text_[at_]) & 0xC0) != 0x80) {
      ++here_.column;  // continuation bytes of UTF-8 take no column
    }
    ++at_;
  }
  void skip(size_t count) {
    for (size_t i = 0; i < count; ++i) step();
  }
  void skip_past(std::string_view end) {
    while (!done() && !looking_at(end)) step();
    skip(end.size());
  }
  void skip_space() {
    while (is_space(peek())) step();
  }
  std::string take_name() {
    const size_t from = at_;
    while (!done() && !is_space(peek()) && peek() != '=' && peek() != '>' && peek() != '/') step();
    return std::string(text_.substr(from, at_ - from));
  }
  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

 private:
  std::string_view text_;
  size_t at_ = 0;
  LineColumn here_;
};

TagPlace take_tag(Scanner& in) {
  TagPlace place;
  place.tag = in.here();
  in.step();  // '<'
  in.take_name();
  for (;;) {
    in.skip_space();
    if (in.done() || in.peek() == '>') break;
    if (in.peek() == '/') {
      in.step();
      continue;
    }
    const LineColumn at = in.here();
    std::string name = in.take_name();
    in.skip_space();
    if (in.peek() != '=') break;  // not well-formed; libxml2 will say so
    in.step();
    in.skip_space();
    const char quote = in.peek();
    if (quote != '"' && quote != '\'') break;
    in.step();
    while (!in.done() && in.peek() != quote) in.step();
    in.step();
    place.attributes.emplace_back(std::move(name), at);
  }
  in.step();  // '>'
  return place;
}

}  // namespace

Places find_places(std::string_view text) {
  Places places;
  Scanner in(text);
  while (!in.done()) {
    if (in.peek() != '<') {
      in.step();
    } else if (in.looking_at("<!--")) {
      in.skip_past("-->");
    } else if (in.looking_at("<![CDATA[")) {
      in.skip_past("]]>");
    } else if (in.looking_at("<?")) {
      in.skip_past("?>");
    } else if (in.looking_at("<!DOCTYPE")) {
      places.has_doctype = true;
      places.doctype = in.here();
      return places;
    } else if (in.looking_at("</") || in.looking_at("<!")) {
      in.skip_past(">");
    } else {
      places.tags.push_back(take_tag(in));
    }
  }
  return places;
}

}  // namespace busbar::xml
