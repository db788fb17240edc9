/// Elastic jobs whose sizes the queue policy chooses: what it sees of them, and what it decides.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "sim/engine/clock.h"
#include "sim/engine/fleet.h"
#include "sim/engine/running_jobs.h"
#include "sim/engine/tenant_books.h"
#include "sim/engine/work_model.h"
#include "sim/model/job.h"

namespace busbar::engine {

/// Nothing to do under a policy that leaves all jobs the sizes that they ask for.
class Resizing {
 public:
  struct Parts {
    const scheduling::QueuePolicy& policy;
    Clock& clock;
    Fleet& fleet;
    WorkModel& works;
    RunningJobs& running;
    TenantBooks& tenants;
  };
  /// @param jobs      all jobs by id; they outlive this.
  /// @param look_at   asks for a pass of a pool.
  Resizing(Parts parts, const std::vector<model::Job>& jobs,
           std::function<void(std::int32_t pool)> look_at);

  /// Sizes of a job in a pool; null: it keeps the one that it asks for.
  const scheduling::JobSizes* sizes(const model::Job& job, std::int32_t pool) const;
  /// Lets a job wait as an elastic one: for its least size, and the time that it takes there.
  void ask_for_least(scheduling::WaitingJob& waiting, const model::Job& job,
                     std::int32_t pool) const;
  /// Gives a job that starts the size of its allocation.
  void give_size(RunningJobs::Start& start, const model::Job& job) const;
  /// Elastic jobs that run in a pool, by id.
  std::vector<scheduling::ElasticJob> running_in(std::int32_t pool) const;
  /// Whether there are any.
  bool any_in(std::int32_t pool) const;
  void apply(std::int32_t pool, std::vector<scheduling::Resize> resizes);
  /// Sees to it that a pool is looked at once a round as long as elastic jobs run there.
  void plan_round(std::int32_t pool);

 private:
  Parts parts_;
  const std::vector<model::Job>& jobs_;
  std::function<void(std::int32_t)> look_at_;
  std::vector<Clock::Handle> rounds_;  // by pool, the next; 0: none
};

}  // namespace busbar::engine
