/// Workload files into the model.
#pragma once

#include "sim/base/registry.h"
#include "sim/model/workload.h"
#include "sim/xml/document.h"

namespace busbar::input {

/// Reads a <workload> (or a <models> catalogue alone) that its schema has accepted. Names of the
/// platform are checked later.
model::Workload read_workload_element(const xml::Element& root, const base::KnownBehaviours& known,
                                      base::Diagnostics& problems);

}  // namespace busbar::input
