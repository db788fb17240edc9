/// Jobs that go on without a replica in which something failed.
#pragma once

#include <cstdint>

#include "sim/engine/active_job.h"
#include "sim/engine/fleet.h"

namespace busbar::engine {

/// Decides which replica a failure hits and what it then lacks. Domains are counted: those of
/// replicas that are out come first, then the others, each replica of equally many. Changes nothing
/// but the job that it is given.
class Replicas {
 public:
  explicit Replicas(const Fleet& fleet) : fleet_(fleet) {}

  /// Whether a job goes on if the domain at a position of what it holds at a part is hit: it has
  /// replicas, all of whole domains, and one is left besides.
  bool can_drop(const ActiveJob& active, std::int32_t part, std::int64_t at) const;
  /// The domain at a position of what a job holds at a part is hit. Its replica drops out if it
  /// takes part; the domain leaves the job if it is lost.
  struct Drop {
    size_t replica = 0;    // position in `out`
    bool was_out = false;  // it did not take part before either
  };
  Drop drop(ActiveJob& active, std::int32_t part, std::int64_t at, bool lost) const;
  /// Gives a replica domains that it lacks.
  void fill(ActiveJob& active, OutReplica& replica, std::int64_t domains) const;

 private:
  const Fleet& fleet_;
};

}  // namespace busbar::engine
