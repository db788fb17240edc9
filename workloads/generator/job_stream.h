/// The jobs of one training stream or campaign.
#pragma once

#include <vector>

#include "workloads/generator/generator.h"

namespace busbar::generator {

/// Draws every job of the stream at `index`, submitted before the scenario's horizon, in order of
/// submission.
///
/// Arrival times, sizes, lengths, requests and endings come from random streams of their own, named
/// for the purpose and the stream: another size distribution moves no arrival. Arrays are numbered
/// from 0; their tasks share a size.
std::vector<model::Job> draw_jobs(const model::Scenario& scenario, std::int32_t index,
                                  const base::RandomStreams& random,
                                  const base::Registry<ArrivalProcess>& processes);

/// Draws what the stream at `index` submits after each job of the stream that it follows, in the
/// order of those in `jobs`, which has all of them. First known when the other is submitted; the
/// engine holds it until the other has ended.
std::vector<model::Job> draw_followers(const model::Scenario& scenario, std::int32_t index,
                                       const std::vector<model::Job>& jobs,
                                       const base::RandomStreams& random);

/// Draws every job of the campaign at `index`, submitted at its start; the engine holds back those
/// of later stages. They do not fail or end early by themselves: a campaign repeats what went
/// wrong.
std::vector<model::Job> draw_campaign(const model::Scenario& scenario, std::int32_t index,
                                      const base::RandomStreams& random);

}  // namespace busbar::generator
