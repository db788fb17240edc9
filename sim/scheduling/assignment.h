/// A batch of jobs to sites: the generalised assignment problem where a job is as large everywhere.
///
/// Jobs do not split. Letting them split gives a transport problem, whose least cost bounds that of
/// every assignment from below; its flow is rounded to whole jobs and then improved.
/// See sim/doc/models/scheduling.md.
#pragma once

#include <cstdint>
#include <vector>

namespace busbar::scheduling {

/// What is to be assigned. Costs count from 0, in any one unit; infinity forbids a place.
struct AssignmentProblem {
  std::vector<std::int64_t> sizes;         // by job, at least 1
  std::vector<std::int64_t> capacities;    // by site, from 0, in the unit of the sizes
  std::vector<std::vector<double>> costs;  // [job][site], of the whole job
  std::vector<double> outside;             // by job: of no site at all, e.g. of waiting; finite
};

/// Who goes where.
struct Assignment {
  static constexpr int kOutside = -1;
  std::vector<int> site;  // by job
  double cost = 0.0;      // sum over the jobs
  double bound = 0.0;     // least cost if jobs could split; no assignment costs less

  /// By how much the cost may exceed the optimum, relative to the bound.
  double gap() const { return bound > 0.0 ? (cost - bound) / bound : 0.0; }
};

/// Assigns jobs so that their costs are least and every site holds its own.
///
/// Exact, to nine digits of the costs, where all sizes are equal: the flow has no part of a job
/// then. Else jobs that the flow leaves whole stay where it puts them; those that it splits follow,
/// the largest first, each to its cheapest place with room; then jobs move while that lowers the
/// cost, alone or with others that make room. Ties: the lower job, then the lower site.
Assignment assign(const AssignmentProblem& problem);

}  // namespace busbar::scheduling
