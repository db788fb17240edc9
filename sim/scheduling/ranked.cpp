#include "sim/scheduling/ranked.h"

#include <cmath>

namespace busbar::scheduling {
namespace {

// Deadlines are seconds since the start of the scenario: thousands of years are less than these.
constexpr double kNoDeadline = 1e12, kLate = 2e12;
constexpr double kRounding_s = 1e-6;

double latest_start_s(const WaitingJob& job) { return job.deadline_s - job.requested_s; }

}  // namespace

double EarliestDeadline::rank(const WaitingJob& job) const {
  if (std::isinf(job.deadline_s)) return kNoDeadline;
  const bool late = job.ranked_s > latest_start_s(job) + kRounding_s;
  return late ? kLate + job.deadline_s : job.deadline_s;
}

base::Seconds EarliestDeadline::rank_holds_until(const WaitingJob& job) const {
  const bool late = job.ranked_s > latest_start_s(job) + kRounding_s;
  return base::Seconds{late ? std::numeric_limits<double>::infinity()
                            : latest_start_s(job) + 2.0 * kRounding_s};
}

}  // namespace busbar::scheduling
