/// The jobs of one training stream.
#pragma once

#include <vector>

#include "workloads/generator/generator.h"

namespace busbar::generator {

/// Draws every job of a stream submitted before the scenario's horizon, in order of submission.
///
/// Arrival times, sizes, lengths, requests and endings come from random streams of their own, named
/// for the purpose and the stream: another size distribution moves no arrival.
std::vector<model::Job> draw_jobs(const model::Scenario& scenario, std::int32_t stream,
                                  const base::RandomStreams& random,
                                  const base::Registry<ArrivalProcess>& processes);

}  // namespace busbar::generator
