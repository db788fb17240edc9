/// Fitted failure models as files of the catalogue.
#pragma once

#include <string>

#include "sim/faults/log_fit.h"

namespace busbar::validation {

/// A `<failures>` file of a fitted model. Every component takes a node out; causes are named in
/// lower case with dashes. `source` says where the log comes from.
std::string failures_xml(const std::string& id, const faults::LogFit& fit,
                         const std::string& source);

}  // namespace busbar::validation
