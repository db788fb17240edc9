/// Rules that every run keeps, whatever was drawn.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/property/random_run.h"
#include "tests/property/trace_tables.h"

namespace busbar::property {

/// What a trace breaks, at most ten sentences.
std::vector<std::string> broken_rules(const Tables& trace, const RunDraw& run);
/// Kinds of events, ends and segments in a trace.
std::set<std::string> happenings(const Tables& trace);

/// Jobs, and the balance of their work: done + lost + left = asked, and what they ran.
void check_work(const Tables& trace, const RunDraw& run, Complaints& broken);
/// Which jobs may run when: order of submission, arrays, quotas, closed clusters.
void check_turns(const Tables& trace, const RunDraw& run, Complaints& broken);
/// Chips at every edge and sample.
void check_chips(const Tables& trace, const RunDraw& run, Complaints& broken);
/// Energy, carbon and money of jobs, clusters and sites.
void check_energy(const Tables& trace, const RunDraw& run, Complaints& broken);

}  // namespace busbar::property
