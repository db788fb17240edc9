/// The tables that are copied from the scenario: `/platform`, `/workload`, `/scenario/shocks`.
#pragma once

#include <vector>

#include "sim/base/deflate.h"
#include "sim/model/scenario.h"
#include "sim/record/hdf5.h"
#include "sim/record/trace_writer.h"

namespace busbar::record {

/// Writes all tables that are whole before the run begins.
void write_platform(hid_t file, const model::Scenario& scenario, const std::vector<LinkInfo>& links,
                    base::PlaneDeflater& deflater);

}  // namespace busbar::record
