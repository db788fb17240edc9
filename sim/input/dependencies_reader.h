/// Jobs that come together or one after the other.
#pragma once

#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/model/workload.h"
#include "sim/xml/document.h"

namespace busbar::input {

/// Reads the <array> of a stream.
model::JobArray read_array(const xml::Element& e, base::Diagnostics& problems);

/// Joins each stream of a <workload> to the one that it follows, once all have been read. Reports
/// unknown ones, replayed logs, circles, arrivals beside `after`, and campaigns whose stages use
/// streams of arrays or followers. Returns the names of all streams that follow others.
std::vector<std::string> read_followed(const xml::Element& root, model::Workload& workload,
                                       base::Diagnostics& problems);

}  // namespace busbar::input
