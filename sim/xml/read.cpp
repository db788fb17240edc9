#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "sim/base/calendar.h"
#include "sim/base/text.h"
#include "sim/xml/document.h"
#include "sim/xml/tree.h"

namespace busbar::xml {

using base::Location;

namespace {

xmlNode* node_of(void* node) { return static_cast<xmlNode*>(node); }

xmlAttr* find_attribute(void* node, std::string_view name) {
  if (node == nullptr) return nullptr;
  for (xmlAttr* a = node_of(node)->properties; a != nullptr; a = a->next) {
    if (name == plain_text(a->name)) return a;
  }
  return nullptr;
}

std::string value_of(const xmlAttr* attribute) {
  xmlChar* text = xmlNodeListGetString(attribute->doc, attribute->children, 1);
  std::string value = plain_text(text);
  xmlFree(text);
  return value;
}

}  // namespace

std::string_view Element::name() const { return plain_text(node_of(node_)->name); }
Location Element::where() const { return node_ == nullptr ? Location{} : place_of(node_of(node_)); }
Location Element::where(std::string_view attribute) const {
  const xmlAttr* found = find_attribute(node_, attribute);
  if (found == nullptr || found->_private == nullptr) return where();
  return *static_cast<const Location*>(found->_private);
}
std::string Element::file() const { return where().file; }

bool Element::has(std::string_view attribute) const {
  return find_attribute(node_, attribute) != nullptr;
}
std::optional<Text> Element::attribute(std::string_view name) const {
  const xmlAttr* found = find_attribute(node_, name);
  if (found == nullptr) return std::nullopt;
  return Text{value_of(found), where(name)};
}
std::string Element::get(std::string_view name, std::string_view fallback) const {
  const xmlAttr* found = find_attribute(node_, name);
  return found == nullptr ? std::string(fallback) : value_of(found);
}
std::vector<std::string> Element::attribute_names() const {
  std::vector<std::string> names;
  for (xmlAttr* a = node_of(node_)->properties; a != nullptr; a = a->next) {
    names.emplace_back(plain_text(a->name));
  }
  return names;
}
std::string Element::text() const {
  xmlChar* content = xmlNodeGetContent(node_of(node_));
  std::string text{base::trim(plain_text(content))};
  xmlFree(content);
  return text;
}

std::vector<Element> Element::children() const {
  std::vector<Element> all;
  if (node_ == nullptr) return all;
  for (xmlNode* c = node_of(node_)->children; c != nullptr; c = c->next) {
    if (c->type == XML_ELEMENT_NODE) all.push_back(Element(document_, c));
  }
  return all;
}
std::vector<Element> Element::children(std::string_view name) const {
  std::vector<Element> some;
  for (const Element& child : children()) {
    if (child.name() == name) some.push_back(child);
  }
  return some;
}
Element Element::child(std::string_view name) const {
  for (const Element& child : children()) {
    if (child.name() == name) return child;
  }
  return {};
}
std::optional<Text> Element::inherited(std::string_view attribute) const {
  for (xmlNode* at = node_of(node_); at != nullptr && at->type == XML_ELEMENT_NODE;
       at = at->parent) {
    if (auto text = Element(document_, at).attribute(attribute)) return text;
  }
  return std::nullopt;
}

// ── Typed reading ────────────────────────────────────────────────────────────────────────────────

double quantity(const Element& element, std::string_view attribute, base::Dimension dimension,
                double fallback, base::Diagnostics& problems, double least, double most) {
  const auto text = element.attribute(attribute);
  if (!text) return fallback;
  const auto parsed = base::parse_quantity(text->value, dimension);
  if (!parsed) {
    problems.error(text->where, "<{}> {}: {}", element.name(), attribute, parsed.error);
    return fallback;
  }
  if (parsed.value < least || parsed.value > most) {
    const bool low = parsed.value < least;
    problems.error(text->where, "<{}> {}: '{}' is {}", element.name(), attribute, text->value,
                   low && least == 0.0 ? std::string("negative")
                   : low               ? fmt::format("below {:g} (SI units)", least)
                                       : fmt::format("above {:g} (SI units)", most));
    return fallback;
  }
  return parsed.value;
}

double required_quantity(const Element& element, std::string_view attribute,
                         base::Dimension dimension, base::Diagnostics& problems, double least,
                         double most) {
  if (!element.has(attribute)) {
    problems.error(element.where(), "<{}> needs {}=\"…\", e.g. '{}'", element.name(), attribute,
                   base::example_of(dimension));
    return least > 0.0 ? least : 0.0;
  }
  return quantity(element, attribute, dimension, least > 0.0 ? least : 0.0, problems, least, most);
}

int integer(const Element& element, std::string_view attribute, int fallback,
            base::Diagnostics& problems, int least, int most) {
  const auto text = element.attribute(attribute);
  if (!text) return fallback;
  const std::string_view digits = base::trim(text->value);
  int value = 0;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (ec != std::errc{} || end != digits.data() + digits.size() || value < least || value > most) {
    problems.error(text->where, "<{}> {}: '{}' is not a whole number from {} to {}", element.name(),
                   attribute, text->value, least, most);
    return fallback;
  }
  return value;
}

bool boolean(const Element& element, std::string_view attribute, bool fallback,
             base::Diagnostics& problems) {
  const auto text = element.attribute(attribute);
  if (!text) return fallback;
  if (text->value == "true") return true;
  if (text->value == "false") return false;
  problems.error(text->where, "<{}> {}: '{}' is neither true nor false", element.name(), attribute,
                 text->value);
  return fallback;
}

double date(const Element& element, std::string_view attribute, double fallback,
            base::Diagnostics& problems) {
  const auto text = element.attribute(attribute);
  if (!text) return fallback;
  if (const auto unix_s = base::parse_date(text->value)) return *unix_s;
  problems.error(text->where, "<{}> {}: '{}' is not a date; write e.g. '2026-01-01'",
                 element.name(), attribute, text->value);
  return fallback;
}

std::vector<std::string> words(const Element& element, std::string_view attribute) {
  return base::split_words(element.get(attribute));
}

}  // namespace busbar::xml
