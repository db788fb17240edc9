/// Queue policies and brokers: who starts now, and where a new job queues.
#pragma once

#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "sim/base/error.h"
#include "sim/base/quantity.h"
#include "sim/base/registry.h"
#include "sim/scheduling/pool_state.h"
#include "sim/scheduling/shares.h"
#include "sim/scheduling/waiting_queue.h"

namespace busbar::scheduling {

/// A running job as the policy may know it: by the user's estimate, not by its true end.
struct RunningJob {
  double expected_end_s = 0.0;  // start + requested time
  std::int64_t chips = 0;
  std::int32_t id = -1;
  const Allocation* allocation = nullptr;
  double start_s = 0.0;
  std::int32_t tenant = -1;  // its organisation; -1: none
  /// By expected end, then chips, then id.
  bool operator<(const RunningJob& other) const {
    return std::tie(expected_end_s, chips, id) <
           std::tie(other.expected_end_s, other.chips, other.id);
  }
};

/// A running job whose size may change.
struct ElasticJob {
  std::int32_t id = -1;
  const Allocation* allocation = nullptr;
  model::Span span = model::Span::kCluster;
  const JobSizes* sizes = nullptr;
  size_t size = 0;         // index of its present one
  double work_left = 0.0;  // tokens that count
  double restart_s = 0.0;  // that it still stands still, after a start or a change of size
  double sized_s = 0.0;    // when it got its present size
};

/// An organisation: what it may hold, holds and has used, over all pools.
struct Tenant {
  double quota_chips = 0.0;  // 0: nothing of its own
  double held_chips = 0.0;   // by its running jobs
  double used_chip_s = 0.0;  // a second ago counts more than an hour ago: half after a half-life
};

/// Chips of one part that are held back in a window.
struct Window {
  static constexpr std::int64_t kAllChips = std::numeric_limits<std::int64_t>::max();
  double begin_s = 0.0, end_s = 0.0;
  std::int32_t part = -1;
  std::int64_t chips = kAllChips;  // kAllChips: the part is closed
  std::int32_t tenant = -1;        // whose jobs get them, and count towards them; -1: nobody's
};

/// State of one pool at `now_s`. Every waiting job would fit if the pool were empty.
struct PoolView {
  double now_s = 0.0;
  const PoolState& state;
  const WaitingQueue& queue;            // by rank, then in submission order
  const std::set<RunningJob>& running;  // by expected end
  const Placement& placement;
  std::span<const Tenant> tenants = {};      // by index of the organisation
  std::span<const ElasticJob> elastic = {};  // those that run, by id, for policies that size jobs
  std::span<const Window> windows = {};      // that are open or will be, by begin
};

/// A job that starts, and where. An elastic job starts at the size of its allocation.
struct Start {
  WaitingQueue::Place place = WaitingQueue::kEnd;
  Allocation allocation;
};

/// A running elastic job that goes on with another number of chips.
struct Resize {
  std::int32_t id = -1;
  size_t size = 0;        // index into its sizes, another than the present one
  Allocation allocation;  // found with its own chips given back
};

/// What a pass decided. In this order: jobs give way, shrink, start, grow.
struct Decisions {
  std::vector<std::int32_t> preempted;        // running jobs that give way first, by id
  std::vector<Resize> shrinks;                // in order; each fits in what the earlier ones leave
  std::vector<Start> starts;                  // likewise
  std::vector<Resize> grows;                  // likewise
  Obstacle head_waits_for = Obstacle::kNone;  // of the first job that stays
};

/// A policy that cannot be followed: what it did, and the job it did it to (-1: none). The run
/// ends.
class PolicyFailure : public base::SimulationError {
 public:
  explicit PolicyFailure(const std::string& what, std::int32_t job = -1)
      : SimulationError(what), job_(job) {}
  std::int32_t job() const { return job_; }

 private:
  std::int32_t job_;
};

/// Decides which waiting jobs start now.
///
/// Called after every arrival, completion and change of capacity, at most once per simulated
/// instant. Pure: the same view gives the same decisions.
class QueuePolicy {
 public:
  virtual ~QueuePolicy() = default;
  virtual Decisions decide(const PoolView& pool) const = 0;
  /// Where a job stands in its queue: the lowest rank first, then by submission, then by id.
  /// Asked when the job queues, and when its rank changes.
  virtual double rank(const WaitingJob&) const { return 0.0; }
  /// After which time a job that still waits has another rank; infinite: its rank stays.
  virtual base::Seconds rank_holds_until(const WaitingJob&) const {
    return base::Seconds{std::numeric_limits<double>::infinity()};
  }
  /// How often a pool is looked at in which elastic jobs run, though nothing happens there;
  /// infinite: the policy gives all jobs the sizes that they ask for, and changes none. One that
  /// sizes jobs lets none start or grow into a window.
  virtual base::Seconds round() const {
    return base::Seconds{std::numeric_limits<double>::infinity()};
  }
  bool sizes_jobs() const { return round().value < std::numeric_limits<double>::infinity(); }
  /// After how long a chip-second that an organisation has used counts half.
  virtual base::Seconds usage_half_life() const {
    return base::Seconds{std::numeric_limits<double>::infinity()};
  }
  /// What a job that gave way spends when it starts again, before it goes on with its work.
  virtual base::Seconds restart_time() const { return base::Seconds{0.0}; }
};

/// A pool that could run a new job, and the job there. Pools that its organisation's residency
/// rules bar are no options. A pool over several sites counts as their mean by chips.
struct PoolOption {
  std::int32_t pool = -1;
  bool room_now = false;         // fits at once and nobody waits
  double capacity_chips = 0.0;   // installed and usable
  double backlog_chip_s = 0.0;   // chip-seconds that wait or run, by requested times
  double run_time_s = 0.0;       // of this job there, its model's efficiency on the vendor included
  double not_before_s = 0.0;     // from now, that it could start: it waits on purpose or travels
  double lent_chip_s = 0.0;      // of its chips in that time, to others that wait for them
  double price_usd_per_s = 0.0;  // list price of this job's chips there

  double chips = 0.0;        // of this job
  double free_chips = 0.0;   // that a job like this could take at once; 0 if somebody waits
  double energy_j = 0.0;     // of the facility for this job, over its expected run
  double energy_usd = 0.0;   // of that, at the site's prices by hour
  double wan_usd = 0.0;      // to send what it has there
  double carbon_g = 0.0;     // of that, at the grid's intensity by hour
  double from_home_s = 0.0;  // one way over the WAN from the job's home; infinite: no route
  double from_data_s = 0.0;  // …from its data; 0 if the workload names none
  double power_share = 0.0;  // of the site's tightest limit, drawn once it runs; 0: no limit

  /// None where it fits at once, else the backlog over the capacity; at least until it may start.
  double wait_s() const {
    const double queue_s =
        room_now ? 0.0 : backlog_chip_s / (capacity_chips > 1.0 ? capacity_chips : 1.0);
    return queue_s > not_before_s ? queue_s : not_before_s;
  }
  double done_after_s() const { return wait_s() + run_time_s; }
};

/// Where the jobs of one instant queue: for each the index of its option. Cost and the bound below
/// it are those of their assignment, in the broker's own unit; 0: there was none.
struct BatchChoice {
  std::vector<size_t> options;
  double cost = 0.0, bound = 0.0;
};

/// How long a broker's choices stand.
struct Terms {
  base::Seconds review;  // between its looks at jobs that wait or run; 0: it takes no second look
  double gain = 0.0;     // part of what a job's rest takes that a move must save, its cost paid
  base::Seconds delay;   // for which it may hold a new job back
  base::Seconds pause;   // for which it may stop a running one
};

/// Chooses the pool where a new job queues, and whether it goes on in another. Pure.
class Broker {
 public:
  virtual ~Broker() = default;
  virtual Terms terms() const { return {}; }
  /// What each option takes in the broker's own unit: it wants the least. Empty: it has none, so
  /// it can tell no gain.
  virtual std::vector<double> values(std::span<const PoolOption>) const { return {}; }
  /// @param options  at least one, in the order of the world file.
  /// @returns the index of the chosen option.
  virtual size_t choose(std::span<const PoolOption> options) const = 0;
  /// Whether jobs that come at one instant are to be seen together, by choose_together().
  virtual bool sees_batches() const { return false; }
  /// @param jobs  the options of each, at least one, before any of them queues.
  virtual BatchChoice choose_together(std::span<const std::vector<PoolOption>> jobs) const {
    BatchChoice batch;
    for (const auto& options : jobs) batch.options.push_back(choose(options));
    return batch;
  }
  /// Whether it chooses no pool for good, but divides the time of all pools among the jobs, by
  /// divide() and next_round(), at every review.
  virtual bool divides() const { return false; }
  virtual Shares divide(const ShareProblem&) const { return {}; }
};

void add_builtin(base::Registry<QueuePolicy>& policies);
void add_builtin(base::Registry<Placement>& placements);
void add_builtin(base::Registry<Broker>& brokers);

}  // namespace busbar::scheduling
