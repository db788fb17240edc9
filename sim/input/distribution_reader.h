/// Random quantities of a mix.
#pragma once

#include "sim/base/diagnostics.h"
#include "sim/base/units.h"
#include "sim/model/workload.h"
#include "sim/xml/document.h"

namespace busbar::input {

/// Reads an element of type `distribution`. `least` is the smallest value that makes sense, in SI
/// units: 1 chip, not 0.
model::Distribution read_distribution(const xml::Element& e, base::Dimension dimension,
                                      double least, base::Diagnostics& problems);

}  // namespace busbar::input
