/// Where each element and attribute of a text stands, which libxml2 does not say.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace busbar::xml {

struct LineColumn {
  int line = 1, column = 1;
};

/// One start tag, with the places of its attributes' names in their order.
struct TagPlace {
  LineColumn tag;
  std::vector<std::pair<std::string, LineColumn>> attributes;
};

/// All start tags of a text in document order, found in one pass, and the place of a DOCTYPE.
/// For a text that is not well-formed the list may be cut short.
struct Places {
  std::vector<TagPlace> tags;
  bool has_doctype = false;
  LineColumn doctype;
};
Places find_places(std::string_view text);

}  // namespace busbar::xml
