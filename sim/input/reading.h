/// What the readers of this folder share: references by name, provenance, numbers in lists.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/base/ids.h"
#include "sim/base/text.h"
#include "sim/model/provenance.h"
#include "sim/xml/document.h"

namespace busbar::input {

/// The file that an attribute names: relative to the XML that it stands in, or to the working
/// directory where --set wrote it.
std::string referenced(const xml::Element& element, std::string_view attribute);

/// The same; a file of the XML that is missing is a problem.
std::string path_of(const xml::Element& element, std::string_view attribute,
                    base::Diagnostics& problems);

/// Notes the `source` or `assumed` that holds for an element; reports when there is none.
void cite(const xml::Element& element, const std::string& subject,
          std::vector<model::Citation>& citations, base::Diagnostics& problems);

/// Finds what an attribute names; reports with a suggestion when there is no such thing. An absent
/// attribute is none without a problem.
template <class Entity>
base::Id<Entity> resolve(const xml::Element& element, std::string_view attribute,
                         std::string_view kind, const base::Table<Entity>& table,
                         base::Diagnostics& problems) {
  const auto text = element.attribute(attribute);
  if (!text) return {};
  const base::Id<Entity> id = table.find(text->value);
  if (!id) {
    problems.error(text->where, "unknown {} '{}';{}", kind, text->value,
                   base::suggestion(text->value, table.names()));
  }
  return id;
}

/// Remembers where each entity stands, to name the first when a second has its id.
class FirstPlaces {
 public:
  /// Adds an entity to its table; reports a taken name with the place of the first.
  template <class Entity>
  base::Id<Entity> add(base::Table<Entity>& table, Entity entity, const xml::Element& element,
                       std::string_view kind, base::Diagnostics& problems) {
    const std::string name = entity.name;
    const base::Id<Entity> id = table.add(std::move(entity));
    const std::string key = std::string(kind) + " " + name;
    if (id) {
      places_[key] = element.where("id");
    } else {
      const base::Location& first = places_[key];
      problems.error(element.where("id"), "{} '{}' is defined twice; first at {}:{}", kind, name,
                     first.file, first.line);
    }
    return id;
  }

 private:
  std::map<std::string, base::Location> places_;
};

/// Reads a list of plain numbers; reports one that is none, or another count than wanted.
std::vector<double> numbers(const xml::Element& element, std::string_view attribute, size_t wanted,
                            base::Diagnostics& problems);

/// One whole number of each name in a list of words, from an attribute like "4x4x4".
std::vector<int> extents(const xml::Element& element, std::string_view attribute,
                         base::Diagnostics& problems);

}  // namespace busbar::input
