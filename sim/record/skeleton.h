/// What a trace holds before the run begins: all groups and datasets, the scenario, the inputs.
#pragma once

#include <map>
#include <string_view>

#include "sim/base/deflate.h"
#include "sim/record/hdf5.h"
#include "sim/record/table_writer.h"
#include "sim/record/trace_writer.h"

namespace busbar::record {

/// Widths of attributes that are replaced when the trace is closed.
inline constexpr size_t kStatusWidth = 16, kFingerprintWidth = 16;

/// The shapes of the tables that grow, by path, for the entities of a scenario.
using Shapes = std::map<std::string_view, Shape>;
Shapes shapes_of(const model::Scenario& scenario, const TraceWriter::Options& options);

/// Writes everything that is known before the run.
/// @param started_utc  text of `/provenance@started_utc`.
void write_skeleton(hid_t file, const model::Scenario& scenario, const Provenance& provenance,
                    const TraceWriter::Options& options, const Shapes& shapes,
                    const std::string& started_utc, base::PlaneDeflater& deflater);

}  // namespace busbar::record
