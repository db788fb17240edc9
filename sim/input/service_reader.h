/// The phases of a disaggregated service.
#pragma once

#include "sim/input/reading.h"
#include "sim/model/workload.h"

namespace busbar::input {

/// Reads a `<disaggregated>`; what its phases do not say is as the service has it.
model::Disaggregation read_disaggregated(const xml::Element& e, const model::Service& service,
                                         base::Diagnostics& problems);

}  // namespace busbar::input
