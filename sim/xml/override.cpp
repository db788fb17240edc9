#include <libxml/xpath.h>

#include "sim/base/error.h"
#include "sim/base/text.h"
#include "sim/xml/document.h"
#include "sim/xml/tree.h"

namespace busbar::xml {

using base::Location;

namespace {

// Position of the first `=` that stands in no bracket and no quote.
size_t find_equals(std::string_view text) {
  int depth = 0;
  char quote = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '[' || c == '(') {
      ++depth;
    } else if (c == ']' || c == ')') {
      --depth;
    } else if (c == '=' && depth == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

// Splits `…/@name` into the element part and the attribute's name.
bool ends_in_attribute(const std::string& xpath, std::string& element, std::string& attribute) {
  const size_t at = xpath.rfind("/@");
  if (at == std::string::npos || at == 0) return false;
  attribute = xpath.substr(at + 2);
  if (attribute.empty() || attribute.find_first_of("/[]()*@|: '\"=") != std::string::npos) {
    return false;
  }
  // `…//@a` means any element below.
  const bool any = xpath[at - 1] == '/';
  element = any ? xpath.substr(0, at + 1) + "*" : xpath.substr(0, at);
  return true;
}

struct XPathResult {
  xmlXPathContextPtr context = nullptr;
  xmlXPathObjectPtr object = nullptr;
  ~XPathResult() {
    if (object != nullptr) xmlXPathFreeObject(object);
    if (context != nullptr) xmlXPathFreeContext(context);
  }
  bool is_node_set() const { return object != nullptr && object->type == XPATH_NODESET; }
  int size() const {
    return is_node_set() && object->nodesetval != nullptr ? object->nodesetval->nodeNr : 0;
  }
  xmlNode* operator[](int i) const { return object->nodesetval->nodeTab[i]; }
};

void evaluate(xmlDoc* doc, const std::string& xpath, XPathResult& result) {
  result.context = xmlXPathNewContext(doc);
  result.context->error = [](void*, xmlErrorPtr) {};
  result.object = xmlXPathEvalExpression(xml_text(xpath.c_str()), result.context);
}

}  // namespace

std::optional<Override> parse_override(std::string_view text, base::Diagnostics& problems) {
  const std::string source = "--set";
  Override change;
  change.text = std::string(text);
  change.name = source + " \"" + change.text + "\"";
  problems.add_source(change.name, change.text);
  const size_t equals = find_equals(text);
  if (equals == std::string_view::npos) {
    problems.error({change.name, 1, 1},
                   "no '=' outside brackets and quotes; write XPATH=VALUE, e.g. "
                   "\"//site[@id='abilene']/grid/@limit=600 MW\"");
    return std::nullopt;
  }
  change.xpath = std::string(base::trim(text.substr(0, equals)));
  change.value = std::string(base::trim(text.substr(equals + 1)));
  if (change.xpath.empty()) {
    problems.error({change.name, 1, 1}, "no XPath before '='");
    return std::nullopt;
  }
  return change;
}

int Document::override_values(const Override& change, base::Diagnostics& problems) {
  const auto value_column = static_cast<int>(change.text.find(change.value, change.xpath.size()));
  auto* place = const_cast<Location*>(impl_->remember({change.name, 1, value_column + 1}));

  std::string element, attribute;
  const bool sets_attribute = ends_in_attribute(change.xpath, element, attribute);
  XPathResult found;
  evaluate(impl_->doc.get(), sets_attribute ? element : change.xpath, found);
  if (found.object == nullptr || !found.is_node_set()) {
    problems.error({change.name, 1, 1}, "'{}' is not an XPath of elements or attributes",
                   change.xpath);
    return 0;
  }
  int count = 0;
  // `//@a` would add the attribute to every element: with a descendant step only those that have
  // it.
  const bool only_present = sets_attribute && element.ends_with("/*");
  for (int i = 0; i < found.size(); ++i) {
    xmlNode* node = found[i];
    if (sets_attribute) {
      if (node->type != XML_ELEMENT_NODE) continue;
      if (only_present && xmlHasNsProp(node, xml_text(attribute.c_str()), nullptr) == nullptr) {
        continue;
      }
      xmlAttr* set = xmlSetProp(node, xml_text(attribute.c_str()), xml_text(change.value.c_str()));
      set->_private = place;
    } else if (node->type == XML_ATTRIBUTE_NODE) {
      auto* set = reinterpret_cast<xmlAttr*>(node);
      set = xmlSetProp(node->parent, set->name, xml_text(change.value.c_str()));
      set->_private = place;
    } else if (node->type == XML_ELEMENT_NODE) {
      if (xmlFirstElementChild(node) != nullptr) {
        problems.error({change.name, 1, 1},
                       "'{}' matches <{}>, which has elements inside; set one of its attributes",
                       change.xpath, plain_text(node->name));
        continue;
      }
      xmlChar* escaped =
          xmlEncodeEntitiesReentrant(impl_->doc.get(), xml_text(change.value.c_str()));
      xmlNodeSetContent(node, escaped);
      xmlFree(escaped);
      node->_private = place;
    } else {
      continue;
    }
    ++count;
  }
  return count;
}

}  // namespace busbar::xml
