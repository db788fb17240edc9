/// How a stream's jobs exchange between sites.
#pragma once

#include "sim/base/diagnostics.h"
#include "sim/model/workload.h"
#include "sim/xml/document.h"

namespace busbar::input {

/// Reads an <across-sites> element and checks that its parts go together.
model::AcrossSites read_across_sites(const xml::Element& e, base::Diagnostics& problems);

}  // namespace busbar::input
