/// The sizes at which a stream's jobs can run.
#pragma once

#include "sim/base/diagnostics.h"
#include "sim/model/workload.h"
#include "sim/xml/document.h"

namespace busbar::input {

/// Reads an <elastic> element of a stream whose other parts have been read, and checks that they go
/// together.
model::ElasticSizes read_elastic(const xml::Element& e, const model::TrainingStream& stream,
                                 const model::Workload& workload, base::Diagnostics& problems);

}  // namespace busbar::input
