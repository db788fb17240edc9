#include "sim/input/reading.h"

#include <filesystem>

#include "sim/base/rows.h"

namespace busbar::input {

namespace {

bool set_on_command_line(const base::Location& where) { return where.file.starts_with("--set"); }

}  // namespace

std::string referenced(const xml::Element& element, std::string_view attribute) {
  std::string href = element.get(attribute);
  const base::Location where = element.where(attribute);
  if (set_on_command_line(where)) return href;
  return (std::filesystem::path(where.file).parent_path() / href).lexically_normal().string();
}

std::string path_of(const xml::Element& element, std::string_view attribute,
                    base::Diagnostics& problems) {
  const std::string path = referenced(element, attribute);
  const base::Location where = element.where(attribute);
  std::error_code ec;
  if (!set_on_command_line(where) && !std::filesystem::exists(path, ec)) {
    problems.error(where, "no file '{}'", path);
  }
  return path;
}

void cite(const xml::Element& element, const std::string& subject,
          std::vector<model::Citation>& citations, base::Diagnostics& problems) {
  const auto source = element.inherited("source");
  const auto assumed = element.inherited("assumed");
  const bool own_assumed = element.has("assumed") && !element.has("source");
  if (!source && !assumed) {
    problems.error(element.where(),
                   "{} has no source; write source=\"…\", or assumed=\"why\" for a guess", subject);
    return;
  }
  // The nearest of the two holds: an assumption inside a sourced element is one.
  const bool is_assumed = own_assumed || (!element.has("source") && assumed && !source);
  const xml::Text& text = is_assumed ? *assumed : *source;
  if (base::trim(text.value).empty()) {
    problems.error(text.where, "{} has an empty {}; say where the numbers come from", subject,
                   is_assumed ? "assumption" : "source");
  }
  citations.push_back({subject, text.value, is_assumed, element.where()});
}

std::vector<double> numbers(const xml::Element& element, std::string_view attribute, size_t wanted,
                            base::Diagnostics& problems) {
  std::vector<double> values;
  const auto text = element.attribute(attribute);
  if (!text) return values;
  for (const std::string& word : base::split_words(text->value)) {
    const auto value = base::parse_number(word);
    if (!value || *value < 0.0) {
      problems.error(text->where, "<{}> {}: '{}' is not a number from 0", element.name(), attribute,
                     word);
      return {};
    }
    values.push_back(*value);
  }
  if (values.size() != wanted) {
    problems.error(text->where, "<{}> {}: {} numbers where {} are needed", element.name(),
                   attribute, values.size(), wanted);
    return {};
  }
  return values;
}

std::vector<int> extents(const xml::Element& element, std::string_view attribute,
                         base::Diagnostics& problems) {
  std::vector<int> values;
  const auto text = element.attribute(attribute);
  if (!text) return values;
  for (const std::string_view piece : base::split(text->value, 'x')) {
    const auto value = base::parse_number(piece);
    if (!value || *value < 1.0 || *value != static_cast<int>(*value)) {
      problems.error(text->where, "<{}> {}: '{}' is not of the form 4x4x4", element.name(),
                     attribute, text->value);
      return {};
    }
    values.push_back(static_cast<int>(*value));
  }
  return values;
}

}  // namespace busbar::input
