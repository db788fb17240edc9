/// Jobs on their way from one pool to another: what they leave, send and find again.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "sim/engine/clock.h"
#include "sim/engine/fleet.h"
#include "sim/engine/job_books.h"
#include "sim/engine/journal.h"
#include "sim/engine/network.h"
#include "sim/engine/pauses.h"
#include "sim/engine/pool_options.h"
#include "sim/engine/running_jobs.h"
#include "sim/engine/traffic_desk.h"
#include "sim/engine/work_model.h"
#include "sim/model/job.h"
#include "sim/scheduling/policy.h"
#include "sim/scheduling/relocation.h"

namespace busbar::engine {

/// Moves jobs between pools of one site each, and asks a broker which.
///
/// A running job saves first, or goes back to its last checkpoint, and gives its chips up. Its
/// state is sent over the WAN as one flow; a job without a checkpoint has none to send. Once that
/// has arrived the job queues in its new pool, where it stands by its submission; when it starts it
/// pays on its chips for the checkpoint written, the switch to another vendor, and reading the
/// state.
class Relocation {
 public:
  struct Parts {
    const model::Scenario& scenario;
    const scheduling::Broker& broker;
    const scheduling::Placement& placement;
    Clock& clock;
    Fleet& fleet;
    const Network& network;
    TrafficDesk& traffic;
    Journal& journal;
    WorkModel& works;
    PoolOptions& options;
    JobBooks& books;
    RunningJobs& running;
    const Pauses& pauses;
    const std::vector<model::Job>& jobs;
  };
  /// What the queues do for a job that moves.
  struct Hooks {
    std::function<void(std::int32_t job, std::int32_t pool)> withdraw;  // a waiting job leaves
    std::function<void(std::int32_t job, const RunningJobs::Stop&)> stop;
    std::function<void(std::int32_t job, std::int32_t pool)> arrive;  // queues there
    /// Stops until it may start again where it runs.
    std::function<void(std::int32_t job, const RunningJobs::Stop&, const scheduling::PoolOption&)>
        pause;
  };
  Relocation(const Parts& parts, Hooks hooks) : parts_(parts), hooks_(std::move(hooks)) {}

  /// Looks at every job that waits or runs, by id, and moves those for which the broker finds it
  /// worth its cost. A running job moves only to where it fits at once and nobody waits; or it
  /// pauses. Returns how many go or pause.
  std::int64_t review();
  /// What a running job that pauses where it is pays when it starts again, and whether it saves.
  RunningJobs::Stop pausing(const ActiveJob& job) const;
  /// Sends a job to another pool, whatever it is worth: one that runs, or one that pauses and left
  /// its state in a pool. Returns whether it goes: it cannot without a route, or if either pool is
  /// over several sites.
  bool send_to(std::int32_t job, const ActiveJob* running, std::int32_t from, std::int32_t to);
  /// Sends a job that was stopped, and stands in no queue, to another pool. Its state is in the
  /// pool that it leaves; of pools over several sites, at the first. Without a route it waits for
  /// one, if it has any.
  void bring_away(std::int32_t job, std::int32_t from, std::int32_t to);
  bool is_under_way(std::int32_t job) const { return journeys_.count(job) > 0; }

  /// Transfers over links that are cut begin again; they wait while there is no route.
  void routes_changed();
  /// Jobs on their way, by id.
  std::vector<std::int32_t> under_way() const;
  /// Whether any is under transfer, rather than waiting for a route.
  bool sending() const;

 private:
  // A job where it is now.
  struct Candidate {
    std::int32_t pool = -1;
    const ActiveJob* running = nullptr;  // null: it waits
    bool deferred = false;               // even its empty pool could not hold it
    bool told = false;                   // to go; it stands in no queue if it does not run
    double ahead_chip_s = 0.0;           // requested, of the jobs before it in its queue
  };
  // What a job has to do in a pool, and what it takes to get there.
  struct Move {
    PoolOptions::Rest rest;
    Work work;
    bool saves = false;
    double restart_s = 0.0, state_bytes = 0.0;
  };
  // What a running job leaves with that starts again where it is, and how long it runs then.
  struct Pause {
    RunningJobs::Stop stop;
    double rest_s = 0.0;
  };
  struct Journey {
    std::int32_t from = -1, to = -1;  // pools
    double chips = 0.0, state_bytes = 0.0, chip_s = 0.0;
    std::vector<std::int32_t> path;
    std::int32_t transfer = 0;  // 0: it waits for a route
  };
  std::map<std::int32_t, Candidate> candidates() const;
  void look_at(std::int32_t job, const Candidate& candidate);
  scheduling::PoolOption staying(std::int32_t job, const Candidate& candidate, double most_s);
  void add_later(std::int32_t job, const Candidate& candidate, const std::vector<Move>& moves,
                 scheduling::Choices& choices);
  Pause pause_of(const ActiveJob& job) const;
  void add_pauses(const ActiveJob& active, scheduling::Choices& choices);
  std::optional<Move> move_to(std::int32_t job, const Candidate& candidate, std::int32_t pool);
  Move rest_of(std::int32_t job, const Candidate& candidate, std::int32_t pool,
               const Work& work) const;
  base::Seconds starting_again(double chips, double state_bytes, std::int32_t pool) const;
  double leaving(const ActiveJob& active, std::int32_t pool, Move& move) const;
  void go(std::int32_t job, const Candidate& candidate, std::int32_t pool, const Move& move);
  void send(std::int32_t job);
  void arrived(std::int32_t job);
  bool one_site(std::int32_t pool) const;
  base::Id<model::Site> site_of(std::int32_t pool) const;
  std::optional<std::vector<std::int32_t>> path(std::int32_t from, std::int32_t to) const;
  const model::Storage* storage(std::int32_t pool) const;
  bool could_hold(const model::Job& job, const Work& work, bool runs, std::int32_t pool) const;
  ActiveJob as_of_now(const ActiveJob& job) const;

  Parts parts_;
  Hooks hooks_;
  std::map<std::int32_t, Journey> journeys_;  // by job
};

}  // namespace busbar::engine
