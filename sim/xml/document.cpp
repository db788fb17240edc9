#include "sim/xml/document.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/base/error.h"
#include "sim/base/text.h"
#include "sim/xml/places.h"
#include "sim/xml/tree.h"

namespace busbar::xml {

using base::Location;

namespace {

constexpr const char* kInclude = "http://www.w3.org/2001/XInclude";
constexpr size_t kDeepestInclude = 20;

// Reads and includes files into one Impl.
class Loader {
 public:
  Loader(Document::Impl& impl, base::Diagnostics& problems) : impl_(impl), problems_(problems) {}

  // Parses one file into a tree whose nodes know their places.
  DocPtr load(const std::string& path, const Location& from);
  // Replaces the xi:include elements below a node. Returns false after a problem.
  bool include(xmlNode* node, const std::string& path, size_t depth);

 private:
  void place_nodes(xmlNode* node, const std::string& path, const std::vector<TagPlace>& tags,
                   size_t& next);
  bool include_one(xmlNode* node, const std::string& path, size_t depth);

  Document::Impl& impl_;
  base::Diagnostics& problems_;
};

std::string read_file(const std::string& path, std::string& why) {
  std::error_code ec;
  if (std::filesystem::is_directory(path, ec)) {
    why = "is a directory";
    return {};
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    why = std::strerror(errno);
    return {};
  }
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// libxml2 ends its messages with a line end and sometimes starts them in upper case.
std::string tidy(const char* message) {
  std::string text{base::trim(message == nullptr ? "" : message)};
  return text.empty() ? "malformed XML" : text;
}

DocPtr Loader::load(const std::string& path, const Location& from) {
  std::string why;
  std::string text = read_file(path, why);
  if (!why.empty()) {
    problems_.error(from, "cannot read '{}': {}", path, why);
    return nullptr;
  }
  const Places places = find_places(text);
  if (places.has_doctype) {
    problems_.error({path, places.doctype.line, places.doctype.column},
                    "DOCTYPE is not allowed: it can pull in other files and grow without bound; "
                    "remove it");
    return nullptr;
  }
  xmlParserCtxtPtr context = xmlNewParserCtxt();
  // The first error is the cause; what follows it is confusion.
  struct First {
    std::string message;
    int line = 0, column = 0;
  } first;
  xmlSetStructuredErrorFunc(&first, [](void* data, xmlErrorPtr error) {
    auto& kept = *static_cast<First*>(data);
    if (kept.message.empty()) kept = {tidy(error->message), error->line, error->int2};
  });
  const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                      XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES;
  DocPtr doc(xmlCtxtReadMemory(context, text.data(), static_cast<int>(text.size()), path.c_str(),
                               nullptr, options));
  if (!doc) {
    problems_.error({path, first.line, first.column}, "not well-formed XML: {}",
                    first.message.empty() ? "nothing was read" : first.message);
  }
  xmlSetStructuredErrorFunc(nullptr, nullptr);
  xmlFreeParserCtxt(context);
  if (!doc) return nullptr;
  size_t next = 0;
  place_nodes(xmlDocGetRootElement(doc.get()), path, places.tags, next);
  impl_.files.push_back({path, std::move(text)});
  return doc;
}

void Loader::place_nodes(xmlNode* node, const std::string& path, const std::vector<TagPlace>& tags,
                         size_t& next) {
  if (node == nullptr || node->type != XML_ELEMENT_NODE) return;
  base::ensure(next < tags.size(), "an element without a place");
  const TagPlace& tag = tags[next++];
  node->_private = const_cast<Location*>(impl_.remember({path, tag.tag.line, tag.tag.column}));
  for (xmlAttr* attribute = node->properties; attribute != nullptr; attribute = attribute->next) {
    for (const auto& [name, at] : tag.attributes) {
      const size_t colon = name.find(':');
      const std::string local = colon == std::string::npos ? name : name.substr(colon + 1);
      if (local == plain_text(attribute->name)) {
        attribute->_private = const_cast<Location*>(impl_.remember({path, at.line, at.column}));
      }
    }
  }
  for (xmlNode* child = node->children; child != nullptr; child = child->next) {
    place_nodes(child, path, tags, next);
  }
}

// Copies what libxml2's copy leaves out.
void copy_places(const xmlNode* from, xmlNode* to) {
  to->_private = from->_private;
  const xmlAttr* a = from->properties;
  for (xmlAttr* b = to->properties; a != nullptr && b != nullptr; a = a->next, b = b->next) {
    b->_private = a->_private;
  }
  const xmlNode* c = from->children;
  for (xmlNode* d = to->children; c != nullptr && d != nullptr; c = c->next, d = d->next) {
    if (c->type == XML_ELEMENT_NODE) copy_places(c, d);
  }
}

bool is_include(const xmlNode* node) {
  return node->type == XML_ELEMENT_NODE && node->ns != nullptr &&
         std::strcmp(plain_text(node->ns->href), kInclude) == 0;
}

bool Loader::include_one(xmlNode* node, const std::string& path, size_t depth) {
  const Location where = place_of(node);
  const auto attribute = [&](const char* name) {
    xmlChar* value = xmlGetNoNsProp(node, xml_text(name));
    std::string text = plain_text(value);
    xmlFree(value);
    return text;
  };
  if (std::strcmp(plain_text(node->name), "include") != 0) {
    problems_.error(where, "unknown XInclude element 'xi:{}'; use xi:include",
                    plain_text(node->name));
    return false;
  }
  if (const std::string parse = attribute("parse"); !parse.empty() && parse != "xml") {
    problems_.error(where, "xi:include with parse=\"{}\" is not allowed; only XML is included",
                    parse);
    return false;
  }
  if (!attribute("xpointer").empty()) {
    problems_.error(where, "xi:include with xpointer is not supported; include whole files");
    return false;
  }
  const std::string href = attribute("href");
  if (href.empty()) {
    problems_.error(where, "xi:include has no href; write href=\"other.xml\"");
    return false;
  }
  namespace fs = std::filesystem;
  const fs::path target = fs::path(path).parent_path() / href;
  const std::string file = target.lexically_normal().string();
  std::error_code ec;
  const std::string canonical = fs::weakly_canonical(target, ec).string();
  if (depth > kDeepestInclude) {
    problems_.error(where, "includes are nested more than {} deep", kDeepestInclude);
    return false;
  }
  // A file that is already part of the document, or is being read, adds nothing a second time.
  if (!impl_.included.insert(canonical).second) {
    xmlUnlinkNode(node);
    xmlFreeNode(node);
    return true;
  }
  DocPtr other = load(file, where);
  if (!other) return false;
  xmlNode* root = xmlDocGetRootElement(other.get());
  if (!include(root, file, depth + 1)) return false;
  xmlNode* copy = xmlDocCopyNode(root, node->doc, 1);
  base::ensure(copy != nullptr, "copying an included element failed");
  copy_places(root, copy);
  // A file of the same kind as the one it is included in adds what it holds: a world of worlds.
  if (node->parent != nullptr && xmlStrEqual(copy->name, node->parent->name) != 0) {
    for (xmlNode* child = copy->children; child != nullptr;) {
      xmlNode* next = child->next;
      if (child->type == XML_ELEMENT_NODE) {
        xmlUnlinkNode(child);
        xmlAddPrevSibling(node, child);
      }
      child = next;
    }
    xmlUnlinkNode(node);
    xmlFreeNode(copy);
  } else {
    xmlReplaceNode(node, copy);
  }
  xmlFreeNode(node);
  return true;
}

bool Loader::include(xmlNode* node, const std::string& path, size_t depth) {
  bool fine = true;
  for (xmlNode* child = node->children; child != nullptr;) {
    xmlNode* next = child->next;
    if (is_include(child)) {
      fine = include_one(child, path, depth) && fine;
    } else if (child->type == XML_ELEMENT_NODE) {
      fine = include(child, path, depth) && fine;
    }
    child = next;
  }
  return fine;
}

}  // namespace

Location place_of(const xmlNode* node) {
  for (const xmlNode* at = node; at != nullptr; at = at->parent) {
    if (at->type == XML_DOCUMENT_NODE) break;
    if (at->_private != nullptr) return *static_cast<const Location*>(at->_private);
  }
  return {};
}

Document::Document(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

std::optional<Document> Document::parse(const std::string& path, base::Diagnostics& problems) {
  auto impl = std::make_unique<Impl>();
  Loader loader(*impl, problems);
  std::error_code ec;
  impl->included.insert(std::filesystem::weakly_canonical(path, ec).string());
  DocPtr doc = loader.load(path, {path});
  if (!doc) return std::nullopt;
  xmlNode* root = xmlDocGetRootElement(doc.get());
  impl->doc = std::move(doc);
  if (!loader.include(root, path, 1)) return std::nullopt;
  return Document(std::move(impl));
}

Element Document::root() const { return {this, xmlDocGetRootElement(impl_->doc.get())}; }
const std::vector<SourceFile>& Document::files() const { return impl_->files; }

std::string Document::canonical() const {
  xmlChar* text = nullptr;
  const int size = xmlC14NDocDumpMemory(impl_->doc.get(), nullptr, XML_C14N_1_0, nullptr, 0, &text);
  base::ensure(size >= 0, "canonical form of a document failed");
  std::string result(plain_text(text), static_cast<size_t>(size));
  xmlFree(text);
  return result;
}

}  // namespace busbar::xml
