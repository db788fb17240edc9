/// The XSD files, compiled in.
#pragma once

#include <string_view>

namespace busbar::input {

/// Text of a schema by its file name: `platform.xsd`, `workload.xsd`, `scenario.xsd`.
std::string_view schema_text(std::string_view name);

}  // namespace busbar::input
