#include "tests/property/invariants.h"

namespace busbar::property {

std::set<std::string> happenings(const Tables& trace) {
  std::set<std::string> all;
  for (const auto& event : trace.events) all.insert("event " + event.kind);
  for (const auto& job : trace.jobs) all.insert("job " + job.state);
  for (const auto& segment : trace.segments) all.insert("segment ended by " + segment.reason);
  return all;
}

std::vector<std::string> broken_rules(const Tables& trace, const RunDraw& run) {
  Complaints broken;
  check_work(trace, run, broken);
  check_turns(trace, run, broken);
  check_chips(trace, run, broken);
  check_energy(trace, run, broken);
  return broken.all;
}

}  // namespace busbar::property
