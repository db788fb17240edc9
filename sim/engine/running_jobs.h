/// Running jobs: chains of segments from start to end.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "sim/engine/active_job.h"
#include "sim/engine/clock.h"
#include "sim/engine/fleet.h"
#include "sim/engine/job_books.h"
#include "sim/engine/journal.h"
#include "sim/engine/network.h"
#include "sim/engine/replicas.h"
#include "sim/engine/restart_loads.h"
#include "sim/engine/site_parts.h"
#include "sim/engine/traffic_desk.h"
#include "sim/engine/work_model.h"
#include "sim/model/job.h"

namespace busbar::engine {

/// Runs jobs that have been given their place.
///
/// A running job is a chain of segments of constant step time: one timer, and one flow per path
/// where its traffic shares a link. Work, energy, carbon and cost are integrated at every edge.
/// What failures do to them is in running_failures.cpp.
class RunningJobs {
 public:
  struct Parts {
    const model::Platform& platform;
    Clock& clock;
    Fleet& fleet;
    const Network& network;
    TrafficDesk& traffic;
    Journal& journal;
    WorkModel& works;
    JobBooks& books;
  };
  /// What a job was given when it starts.
  struct Start {
    std::int32_t pool = -1;
    scheduling::Allocation allocation;            // taken from the pool here
    Work work;                                    // at the size that it asks for
    double requested_s = 0.0;                     // for the whole of its work
    std::optional<Work> other_size;               // of an elastic job that starts at another
    std::int64_t chips = 0;                       // of its allocation
    const scheduling::JobSizes* sizes = nullptr;  // where the policy sizes jobs
    std::int32_t tenant = -1;                     // its organisation
    record::Bound waited_for = record::Bound::kNone;
  };
  /// @param jobs  all jobs by id; they outlive this.
  RunningJobs(Parts parts, const std::vector<model::Job>& jobs);

  void start(std::int32_t job, Start start);
  /// Why a running job stops before its end, and what its next start begins with.
  struct Stop {
    record::EndReason reason = record::EndReason::kPreemption;
    RestartCost restart;
    bool announced = false;    // early enough for a checkpoint
    bool copies_lost = false;  // of those in memory
  };
  /// A running job stops: it goes back to its last checkpoint and is kept here until it starts
  /// again. Returns the pools that it leaves room in.
  std::vector<std::int32_t> stop(std::int32_t job, const Stop& why);
  /// What an elastic job goes on with.
  struct SizeChange {
    scheduling::Allocation allocation;  // taken from the pool here, once its own is given back
    Work work;
    double chips = 0.0;
    double reshard_s = 0.0;
  };
  void change_size(std::int32_t job, SizeChange change);
  /// Slots of the elastic jobs that run, by job.
  const std::map<std::int32_t, std::int32_t>& resizable() const { return resizable_; }
  const ActiveJob& in_slot(std::int32_t slot) const { return active_[static_cast<size_t>(slot)]; }
  /// A job that was stopped goes on as other work, in another pool: what it has done and what is
  /// left are the same parts of it, in the steps that it takes there. One that never ran is left
  /// alone.
  void carry_over(std::int32_t job, const Work& work, const RestartCost& restart);

  /// The same, but it keeps its place and starts again at once. A second time at one instant counts
  /// as one.
  void restart_in_place(std::int32_t job, const Stop& why);

  /// A hot spare takes the place of the domain at a position of what a running job holds at a part.
  /// False: there is none where it could stand.
  bool swap(std::int32_t job, std::int32_t part, std::int64_t at);

  /// A failure of a domain that a running job holds.
  struct Blow {
    std::int32_t part = -1;
    std::int64_t at = 0;  // which one of those that it holds there
    bool lost = false;    // out of service until it is repaired
    double detection_s = 0.0;
    bool announced = false;
    base::Seconds reconfigure, rejoin;
  };
  /// Goes on without the replica that is hit. False: it cannot, and nothing has changed.
  bool go_on(std::int32_t job, const Blow& blow);
  /// Gives free domains, then hot spares, to replicas of this pool's jobs that lack some.
  void refill(std::int32_t pool);
  /// A straggler slows a job down to a part of its speed until it is replaced.
  void slow_down(std::int32_t job, double speed, double for_s);

  const ActiveJob& running(std::int32_t job) const;
  /// The same; null: it does not run.
  const ActiveJob* find(std::int32_t job) const;
  /// Running jobs by id.
  std::vector<const ActiveJob*> in_order() const;
  /// A job that was stopped and waits; null: none.
  const ActiveJob* preempted(std::int32_t job) const;
  /// A job that has ended and given everything back.
  struct Ended {
    std::int32_t job;
    bool completed;
    double chips;                     // that it had
    std::vector<std::int32_t> pools;  // that it leaves room in
  };
  using Listener = std::function<void(const Ended& end)>;
  void on_end(Listener listener) { listener_ = std::move(listener); }
  /// Routes between sites are others now: jobs over several follow them.
  void routes_changed();
  std::int64_t count() const { return count_; }
  /// Closes the segments of jobs that still run and writes their rows.
  void close();

 private:
  std::int32_t take_slot();
  std::int32_t slot_of(std::int32_t job) const;
  bool resume(ActiveJob& active);
  void begin(std::int32_t slot);
  void enlist(std::int32_t slot);
  void delist(const ActiveJob& active);
  void load(std::int32_t slot);
  void loaded(std::int32_t slot, double took_s);
  double go_back(ActiveJob& active, const Stop& why) const;
  void catch_up(std::int32_t slot, OutReplica& replica, double detection_s);
  void release_spares(std::int32_t index, const OutReplica& replica);
  static std::vector<scheduling::PodShare> places_for(OutReplica& replica,
                                                      const scheduling::Part& part,
                                                      std::int64_t most);
  void rejoin(std::int32_t slot, std::int64_t replica);
  void close_degraded(ActiveJob& active);
  void reshape(std::int32_t slot, record::EventKind event,
               const std::function<void(ActiveJob&)>& change);
  JobTraffic traffic_of(const ActiveJob& active) const;
  void send(std::int32_t slot);
  void change_step(std::int32_t slot, double step_s);
  void plan_end(std::int32_t slot);
  void follow_routes(std::int32_t slot);
  void resize(std::int32_t slot, record::EventKind event,
              const std::function<void(ActiveJob&)>& change);
  void catch_up(std::int32_t slot);
  void end(std::int32_t slot);
  std::vector<std::int32_t> leave(std::int32_t slot);
  struct Farewell {
    record::EndReason reason;
    record::EventKind event;
    record::JobState state;
    std::int64_t JobCounts::*count;
  };
  static const Farewell& farewell_of(const ActiveJob& active, model::Ending ending, double done_s);
  std::vector<std::pair<std::int32_t, std::int32_t>> slots_in_order() const;
  const model::Job& job_of(const ActiveJob& active) const {
    return jobs_[static_cast<size_t>(active.job)];
  }

  Parts parts_;
  const std::vector<model::Job>& jobs_;
  SiteParts sites_;
  Replicas replicas_;
  RestartLoads loads_;
  Listener listener_;
  std::deque<ActiveJob> active_;  // slots
  std::vector<std::int32_t> free_slots_;
  std::map<std::int32_t, std::int32_t> resizable_;            // slots, by job
  std::map<std::int32_t, ActiveJob> preempted_;               // by job, until it starts again
  std::set<std::pair<std::int32_t, std::int32_t>> degraded_;  // jobs with replicas out, and slots
  std::int64_t count_ = 0, stays_ = 0;
};

}  // namespace busbar::engine
