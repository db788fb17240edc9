/// Generated jobs as a file that replays identically.
#pragma once

#include <string>
#include <vector>

#include "workloads/generator/generator.h"

namespace busbar::generator {

/// Writes jobs as CSV, one a row: name, source (stream or trace of the mix), submit_s, chips,
/// duration_s, tokens, requested_s, request_factor, ending, stop_s, stage (of a campaign); where
/// jobs follow others or are tasks of arrays also after (name of a job above), think_s, when (done
/// or ended), array (a number of its own for each array of a stream with one). Numbers are the
/// shortest that read back to the same bits. Throws IoError.
void write_jobs(const std::string& path, const model::Scenario& scenario,
                const std::vector<model::Job>& jobs);

/// Reads them back for a scenario with the same streams and traces, in the order of the file.
std::vector<model::Job> read_jobs(const std::string& path, const model::Scenario& scenario,
                                  base::Diagnostics& problems);

}  // namespace busbar::generator
