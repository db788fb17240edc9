/// What the sources of this folder share: the libxml2 tree behind a Document.
#pragma once

#include <libxml/tree.h>

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/xml/document.h"

namespace busbar::xml {

struct FreeDoc {
  void operator()(xmlDoc* doc) const { xmlFreeDoc(doc); }
};
using DocPtr = std::unique_ptr<xmlDoc, FreeDoc>;

/// A document with the place of each node in the node's `_private`.
struct Document::Impl {
  DocPtr doc;
  std::vector<SourceFile> files;
  std::deque<base::Location> places;  // stable addresses
  std::set<std::string> included;     // canonical paths of everything read

  const base::Location* remember(base::Location place) {
    places.push_back(std::move(place));
    return &places.back();
  }
};

inline const xmlChar* xml_text(const char* text) { return reinterpret_cast<const xmlChar*>(text); }
inline const char* plain_text(const xmlChar* text) {
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}
/// The place of an element or attribute, or of its nearest ancestor that has one.
base::Location place_of(const xmlNode* node);
/// Names of all attributes that an XSD allows on elements of a name, and the documentation of a
/// simple type.
std::vector<std::string> allowed_attributes(xmlDoc* schema, const std::string& element);

}  // namespace busbar::xml
