/// The reference page of the trace format.
#pragma once

#include <string>

namespace busbar::record {

/// Renders the tables and attributes of `schema.h` as Markdown: the text of
/// `sim/doc/formats/trace.md`.
std::string format_page();

}  // namespace busbar::record
