/// Jobs over several sites: how these share the batch, and what becomes of it when they are cut
/// off from each other.
#pragma once

#include <vector>

#include "sim/engine/active_job.h"
#include "sim/engine/fleet.h"
#include "sim/engine/network.h"
#include "sim/engine/work_model.h"

namespace busbar::engine {

/// Decides which sites of a job take part. Changes nothing but the job that it is given.
class SiteParts {
 public:
  SiteParts(const Fleet& fleet, const Network& network, WorkModel& works)
      : fleet_(fleet), network_(network), works_(works) {}

  /// Shares the batch of a job that starts among its sites, by the speed of each with its part of
  /// the chips: all finish a step together. Sets its work, which a low-communication method makes
  /// more, and the local time of its steps.
  void divide(ActiveJob& active, const model::Job& job);
  /// Part of the batch that the sites and replicas do which take part.
  double share_of(const ActiveJob& active) const;
  /// Where the job works now: what waits is left out.
  std::vector<scheduling::Share> working(const ActiveJob& active) const;

  /// Whether sites that take part no longer reach each other.
  bool is_split(const ActiveJob& active) const;
  /// Goes on at the sites that reach each other and together do the largest part of the batch (of
  /// equals, with the first site). What the others have not exchanged is lost, and of a synchronous
  /// job the step that was under way. Returns the steps, of the whole batch, that are lost.
  double shrink(ActiveJob& active);
  /// Sites that do not take part but can be reached from those that do, in order.
  std::vector<std::int32_t> reachable(const ActiveJob& active) const;
  /// Lets them take part again.
  void join(ActiveJob& active, const std::vector<std::int32_t>& sites) const;
  /// Links from the sites that take part to those that fetch their state.
  std::vector<std::int32_t> catch_up_path(const ActiveJob& active,
                                          const std::vector<std::int32_t>& sites) const;

 private:
  std::int32_t island(const SitePart& part) const {
    return network_.islands()[static_cast<size_t>(part.site)];
  }
  const Fleet& fleet_;
  const Network& network_;
  WorkModel& works_;
};

}  // namespace busbar::engine
