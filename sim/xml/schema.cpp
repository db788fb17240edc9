#include <fmt/format.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <set>

#include "sim/base/error.h"
#include "sim/base/text.h"
#include "sim/xml/document.h"
#include "sim/xml/tree.h"

namespace busbar::xml {
namespace {

std::string prop(xmlNode* node, const char* name) {
  xmlChar* value = xmlGetNoNsProp(node, xml_text(name));
  std::string text = plain_text(value);
  xmlFree(value);
  return text;
}

bool is(const xmlNode* node, const char* name) {
  return node->type == XML_ELEMENT_NODE && std::strcmp(plain_text(node->name), name) == 0;
}

void for_each(xmlNode* node, const std::function<void(xmlNode*)>& visit) {
  for (xmlNode* c = node; c != nullptr; c = c->next) {
    if (c->type != XML_ELEMENT_NODE) continue;
    visit(c);
    for_each(c->children, visit);
  }
}

// Attributes of a complex type or attribute group: its own, and those it refers to.
void collect(xmlNode* root, xmlNode* type, std::set<std::string>& names) {
  for (xmlNode* c = type->children; c != nullptr; c = c->next) {
    if (c->type != XML_ELEMENT_NODE) continue;
    if (is(c, "attribute")) names.insert(prop(c, "name"));
    if (is(c, "simpleContent") || is(c, "complexContent") || is(c, "extension")) {
      collect(root, c, names);
    }
    const std::string wanted = is(c, "attributeGroup") ? prop(c, "ref")
                               : is(c, "extension")    ? prop(c, "base")
                                                       : std::string{};
    if (wanted.empty()) continue;
    for (xmlNode* top = root->children; top != nullptr; top = top->next) {
      if (top->type == XML_ELEMENT_NODE && prop(top, "name") == wanted) collect(root, top, names);
    }
  }
}

// The `{'a', 'b'}` or `( a, b )` that libxml2 puts at the end of some messages.
std::vector<std::string> listed(const std::string& message, char open, char close) {
  const size_t from = message.rfind(open), to = message.rfind(close);
  std::vector<std::string> items;
  if (from == std::string::npos || to == std::string::npos || to < from) return items;
  for (std::string_view piece :
       base::split(std::string_view(message).substr(from + 1, to - from - 1), ',')) {
    piece = base::trim(piece);
    if (piece.starts_with('\'')) piece = piece.substr(1, piece.size() - 2);
    if (!piece.empty() && !piece.starts_with("##")) items.emplace_back(piece);
  }
  return items;
}

// The text between the n-th pair of single quotes.
std::string quoted(const std::string& message, int n) {
  size_t at = 0;
  for (int i = 0;; ++i) {
    const size_t from = message.find('\'', at);
    if (from == std::string::npos) return {};
    const size_t to = message.find('\'', from + 1);
    if (to == std::string::npos) return {};
    if (i == n) return message.substr(from + 1, to - from - 1);
    at = to + 1;
  }
}

// Turns libxml2's validation errors into ours.
class Rewriter {
 public:
  Rewriter(xmlDoc* schema, base::Diagnostics& problems) : schema_(schema), problems_(problems) {}

  static void handle(void* self, xmlErrorPtr error) {
    static_cast<Rewriter*>(self)->rewrite(*error);
  }

 private:
  void rewrite(const xmlError& error) {
    auto* node = static_cast<xmlNode*>(error.node);
    const std::string message{base::trim(error.message == nullptr ? "" : error.message)};
    xmlNode* element = node;
    while (element != nullptr && element->type != XML_ELEMENT_NODE) element = element->parent;
    const std::string name = element == nullptr ? "" : plain_text(element->name);
    const bool about_attribute = message.find("', attribute '") != std::string::npos;
    const std::string attribute = about_attribute ? quoted(message, 1) : "";
    base::Location where = node == nullptr ? base::Location{} : place_of(node);
    if (about_attribute && element != nullptr) {
      if (xmlAttr* a = xmlHasProp(element, xml_text(attribute.c_str())); a != nullptr) {
        where = place_of(reinterpret_cast<xmlNode*>(a));
      }
    }
    switch (error.code) {
      case XML_SCHEMAV_ELEMENT_CONTENT:
        return element_problem(where, element, name, message);
      case XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_1:
        problems_.error(where, "unknown attribute '{}' of <{}>;{}", attribute, name,
                        base::suggestion(attribute, allowed_attributes(schema_, name)));
        return;
      case XML_SCHEMAV_CVC_COMPLEX_TYPE_4:
        problems_.error(where, "<{}> needs the attribute '{}'", name, last_quoted(message));
        return;
      case XML_SCHEMAV_CVC_ENUMERATION_VALID: {
        const std::string value = quoted(message, about_attribute ? 3 : 2);
        problems_.error(where, "{} '{}' is not known;{}", subject(name, attribute), value,
                        base::suggestion(value, listed(message, '{', '}')));
        faulty_ = node;
        return;
      }
      case XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_1:
      case XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_2:
      case XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_3:
        if (node == faulty_) return;  // said already, by its facet
        problems_.error(where, "{} '{}' is not of the form wanted here ({})",
                        subject(name, attribute), quoted(message, about_attribute ? 2 : 1),
                        plain_type(last_quoted(message)));
        return;
      case XML_SCHEMAV_CVC_PATTERN_VALID:
      case XML_SCHEMAV_CVC_MININCLUSIVE_VALID:
      case XML_SCHEMAV_CVC_MAXINCLUSIVE_VALID:
      case XML_SCHEMAV_CVC_MINLENGTH_VALID:
        return;  // the datatype error that follows says it without the expression
      default:
        problems_.error(where, "<{}>: {}", name, after_colon(message));
    }
  }

  void element_problem(const base::Location& where, xmlNode* element, const std::string& name,
                       const std::string& message) {
    const std::vector<std::string> expected = listed(message, '(', ')');
    if (message.find("Missing child") != std::string::npos) {
      problems_.error(where, "<{}> needs <{}> inside", name, base::join(expected, "> or <"));
      return;
    }
    const bool has_parent = element != nullptr && element->parent != nullptr &&
                            element->parent->type == XML_ELEMENT_NODE;
    const std::string place =
        has_parent ? fmt::format(" in <{}>", plain_text(element->parent->name)) : "";
    if (expected.empty()) {
      problems_.error(where, "<{}> is not allowed{} here", name, place);
    } else if (std::find(expected.begin(), expected.end(), name) != expected.end()) {
      problems_.error(where, "<{}> is out of place{}", name, place);
    } else {
      problems_.error(where, "unknown element <{}>{};{}", name, place,
                      base::suggestion(name, expected));
    }
  }

  static std::string subject(const std::string& element, const std::string& attribute) {
    return attribute.empty() ? fmt::format("<{}>:", element)
                             : fmt::format("<{}> {}:", element, attribute);
  }
  static std::string last_quoted(const std::string& message) {
    const size_t to = message.rfind('\'');
    const size_t from = to == std::string::npos ? to : message.rfind('\'', to - 1);
    return from == std::string::npos ? "" : message.substr(from + 1, to - from - 1);
  }
  // `xs:nonNegativeInteger` and names of ours in words.
  static std::string plain_type(const std::string& type) {
    if (type == "xs:positiveInteger") return "a whole number from 1";
    if (type == "xs:nonNegativeInteger") return "a whole number from 0";
    if (type == "xs:integer") return "a whole number";
    if (type == "xs:boolean") return "true or false";
    if (type == "xs:date") return "a date like 2026-01-01";
    return "a " + type;
  }
  static std::string after_colon(const std::string& message) {
    const size_t colon = message.find("': ");
    return colon == std::string::npos ? message : message.substr(colon + 3);
  }

  xmlDoc* schema_;
  base::Diagnostics& problems_;
  xmlNode* faulty_ = nullptr;
};

}  // namespace

std::vector<std::string> allowed_attributes(xmlDoc* schema, const std::string& element) {
  xmlNode* root = xmlDocGetRootElement(schema);
  std::set<std::string> names;
  for_each(root, [&](xmlNode* node) {
    if (!is(node, "element") || prop(node, "name") != element) return;
    for (xmlNode* c = node->children; c != nullptr; c = c->next) {
      if (c->type == XML_ELEMENT_NODE && is(c, "complexType")) collect(root, c, names);
    }
    const std::string type = prop(node, "type");
    for (xmlNode* top = root->children; !type.empty() && top != nullptr; top = top->next) {
      if (top->type == XML_ELEMENT_NODE && prop(top, "name") == type) collect(root, top, names);
    }
  });
  names.erase("");
  return {names.begin(), names.end()};
}

bool Document::validate(std::string_view schema_name, std::string_view schema_text,
                        base::Diagnostics& problems) {
  DocPtr schema_doc(xmlReadMemory(schema_text.data(), static_cast<int>(schema_text.size()),
                                  std::string(schema_name).c_str(), nullptr, XML_PARSE_NONET));
  base::ensure(schema_doc != nullptr, "a compiled-in schema is not well-formed");
  xmlSchemaParserCtxtPtr parser = xmlSchemaNewDocParserCtxt(schema_doc.get());
  std::string why;
  xmlSchemaSetParserStructuredErrors(
      parser,
      [](void* text, xmlErrorPtr error) { *static_cast<std::string*>(text) += error->message; },
      &why);
  xmlSchemaPtr schema = xmlSchemaParse(parser);
  xmlSchemaFreeParserCtxt(parser);
  base::ensure(schema != nullptr, ("a compiled-in schema is not valid: " + why).c_str());

  const size_t before = problems.errors();
  Rewriter rewriter(schema_doc.get(), problems);
  xmlSchemaValidCtxtPtr validator = xmlSchemaNewValidCtxt(schema);
  xmlSchemaSetValidStructuredErrors(validator, &Rewriter::handle, &rewriter);
  const int result = xmlSchemaValidateDoc(validator, impl_->doc.get());
  xmlSchemaFreeValidCtxt(validator);
  xmlSchemaFree(schema);
  base::ensure(result == 0 || problems.errors() > before, "a schema problem without a message");
  return result == 0;
}

}  // namespace busbar::xml
