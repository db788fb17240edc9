#include "sim/engine/job_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/base/calendar.h"
#include "sim/base/error.h"
#include "sim/engine/deadlines.h"
#include "sim/scheduling/pass.h"

namespace busbar::engine {

using record::Bound;
using record::EventKind;

namespace {

Bound bound_of(scheduling::Obstacle obstacle) {
  switch (obstacle) {
    case scheduling::Obstacle::kItPower:
      return Bound::kItPower;
    case scheduling::Obstacle::kGridPower:
      return Bound::kGridPower;
    case scheduling::Obstacle::kChips:
      return Bound::kChips;
    case scheduling::Obstacle::kWindow:
      return Bound::kWindow;
    case scheduling::Obstacle::kNone:
      break;
  }
  return Bound::kQueueOrder;
}

}  // namespace

JobDesk::JobDesk(Parts parts, std::vector<model::Job> jobs)
    : parts_(parts),
      jobs_(std::move(jobs)),
      works_(parts.scenario, parts.fleet, *parts.behaviours.step_model),
      options_({parts.scenario, *parts.behaviours.placement, parts.fleet, parts.network, works_}),
      books_(parts.scenario, parts.fleet, parts.clock, parts.journal),
      running_({parts.scenario.platform, parts.clock, parts.fleet, parts.network, parts.traffic,
                parts.journal, works_, books_},
               jobs_),
      later_starts_({parts.clock, parts.fleet, options_, works_, parts.journal, books_},
                    parts.behaviours.broker->terms().delay),
      pauses_(
          {parts.clock, parts.fleet, options_, later_starts_, parts.behaviours.broker->terms()}),
      relocation_({parts.scenario, *parts.behaviours.broker, *parts.behaviours.placement,
                   parts.clock, parts.fleet, parts.network, parts.traffic, parts.journal, works_,
                   options_, books_, running_, pauses_, jobs_},
                  moves()),
      held_({parts.scenario, parts.clock, jobs_, waited_for_},
            {[this](const std::vector<std::int32_t>& released) { admit(released); },
             [this](std::int32_t job) { call_off(job); }}),
      tenants_(parts.scenario, parts.behaviours.queue_policy->usage_half_life()),
      resizing_(
          {*parts.behaviours.queue_policy, parts.clock, parts.fleet, works_, running_, tenants_},
          jobs_, [this](std::int32_t pool) { request_decision(pool); }),
      ranking_(*parts.behaviours.queue_policy, parts.clock, parts.fleet,
               [this](std::int32_t pool) { request_decision(pool); }),
      waited_for_(jobs_.size(), Bound::kNone),
      pool_of_(jobs_.size(), -1),
      largest_queued_(parts.fleet.pools.size(), 0.0) {
  if (parts.behaviours.broker->divides()) {
    rounds_.emplace(RoundDesk::Parts{*parts.behaviours.broker, parts.clock, parts.fleet, works_,
                                     books_, running_, relocation_, jobs_},
                    moves());
  }
  running_.on_end([this](const RunningJobs::Ended& end) { ended(end); });
  set_islands();
}

// ── Arrival and queue ────────────────────────────────────────────────────────────────────────────

void JobDesk::open() {
  if (next_arrival_ == jobs_.size()) return;
  parts_.clock.at(jobs_[next_arrival_].submit_s, Phase::kArrival, next_arrival_,
                  [this] { arrive(); });
}

void JobDesk::arrive() {
  const auto job = static_cast<std::int32_t>(next_arrival_++);
  const model::Job& j = jobs_[static_cast<size_t>(job)];
  ++books_.counts.submitted;
  parts_.journal.note(EventKind::kSubmit, job, j.chips);
  if (held_.arrive(job)) arrived_.push_back(job);
  if (!more_at_this_instant() || !parts_.behaviours.broker->sees_batches()) {
    admit(std::exchange(arrived_, {}));
  }
  open();
}

bool JobDesk::more_at_this_instant() const {
  return next_arrival_ < jobs_.size() && jobs_[next_arrival_].submit_s <= parts_.clock.now();
}

double JobDesk::requested_s(const model::Job& job, const Work& work) const {
  return job.requested_s > 0.0 ? job.requested_s : work.run_time_s() * job.request_factor;
}

// Of a job that gave way: what is left, and its restart.
double JobDesk::requested_left_s(std::int32_t job, const Work& work) const {
  if (const ActiveJob* before = running_.preempted(job)) {
    return before->requested_left_s() + before->restart_due.total_s();
  }
  return requested_s(jobs_[static_cast<size_t>(job)], work);
}

// Asks the broker for pools among those that can run the jobs at all: job by job, or for all
// together if it sees them so.
void JobDesk::admit(const std::vector<std::int32_t>& jobs) {
  const scheduling::Broker& broker = *parts_.behaviours.broker;
  const bool together = broker.sees_batches() && jobs.size() > 1;
  std::vector<std::int32_t> batch;
  std::vector<std::vector<scheduling::PoolOption>> batch_options;
  const auto queue = [this](std::int32_t job, const scheduling::PoolOption& chosen) {
    pool_of_[static_cast<size_t>(job)] = chosen.pool;
    ++waiting_;
    if (chosen.not_before_s <= 0.0) return enqueue(job, chosen.pool);
    waited_for_[static_cast<size_t>(job)] = Bound::kDelay;
    later_starts_.hold(job, chosen, [this, job, pool = chosen.pool] { come_back(job, pool); });
  };
  for (const std::int32_t job : jobs) {
    const model::Job& j = jobs_[static_cast<size_t>(job)];
    std::vector<scheduling::PoolOption> options = options_.of(j, parts_.clock.now());
    if (options.empty()) {
      ++books_.counts.rejected;
      parts_.journal.note(EventKind::kReject, job, j.chips);
      books_.write_row(job, j, -1, record::JobState::kRejected, Bound::kNone);
      held_.rejected(job);
    } else if (rounds_) {
      ++waiting_;
      rounds_->admit(job);
    } else if (together) {
      batch.push_back(job);
      batch_options.push_back(std::move(options));
    } else {
      later_starts_.add(j, options);
      queue(job, options[options.size() == 1 ? 0 : broker.choose(options)]);
    }
  }
  if (batch.empty()) return;
  const scheduling::BatchChoice choice = broker.choose_together(batch_options);
  books_.counts.assigned_together += static_cast<std::int64_t>(batch.size());
  books_.counts.batch_cost += choice.cost;
  books_.counts.batch_cost_bound += choice.bound;
  for (size_t i = 0; i < batch.size(); ++i) queue(batch[i], batch_options[i][choice.options[i]]);
}

// What a job asks a pool for, an elastic one its least size.
scheduling::WaitingJob JobDesk::waiting_in(std::int32_t job, std::int32_t index) {
  const model::Job& j = jobs_[static_cast<size_t>(job)];
  const Work work = works_.evaluate(j, index);
  scheduling::WaitingJob waiting{.id = job, .request = works_.request(j, work)};
  waiting.requested_s = requested_left_s(job, work);
  resizing_.ask_for_least(waiting, j, index);
  return waiting;
}

// Puts a job into its pool's queue, or aside while even the empty pool could not hold it.
void JobDesk::enqueue(std::int32_t job, std::int32_t index) {
  const model::Job& j = jobs_[static_cast<size_t>(job)];
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  const double now = parts_.clock.now();
  scheduling::WaitingJob waiting = waiting_in(job, index);
  const scheduling::Request& request = waiting.request;
  pool.queued_chip_s += waiting.requested_s * static_cast<double>(request.chips);
  double& largest = largest_queued_[static_cast<size_t>(index)];
  largest = std::max(largest, static_cast<double>(request.chips));
  const scheduling::Obstacle obstacle =
      parts_.fleet.obstacle_when_empty(now, pool, request, *parts_.behaviours.placement);
  if (obstacle != scheduling::Obstacle::kNone) {
    // The chips of an empty pool that do not suffice are those not delivered yet.
    waited_for_[static_cast<size_t>(job)] =
        obstacle == scheduling::Obstacle::kChips ? Bound::kDelivery : bound_of(obstacle);
    pool.deferred.push_back(job);
    pool.deferred_chips += request.chips;
    return;
  }
  waiting.submit_s = j.submit_s;
  waiting.priority = works_.priority_of(j);
  waiting.tenant = tenants_.tenant_of(j);
  waiting.deadline_s = deadline_of(parts_.scenario, j);
  ranking_.push(waiting, index);
  request_decision(index);
}

// Failures and repairs are many, and each changes little: where one building without a power limit
// still holds the largest job that ever queued, no job has become possible or impossible.
bool JobDesk::all_still_fit(std::int32_t index) const {
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  if (!parts_.scenario.failures || pool.parts.size() > 1 || !pool.deferred.empty()) return false;
  if (pool.state.parts.front().pods.rule() == scheduling::PodCounts::Rule::kSlices) return false;
  const SiteMeter& site = parts_.fleet.sites[static_cast<size_t>(pool.state.parts.front().site)];
  const double now = parts_.clock.now();
  return std::isinf(site.it_limit_w(now)) && std::isinf(site.grid_limit_w(now)) &&
         largest_queued_[static_cast<size_t>(index)] <= pool.capacity_chips();
}

void JobDesk::capacity_changed(std::int32_t index) {
  if (rounds_) rounds_->fill_later();
  if (all_still_fit(index)) return request_decision(index);
  const std::vector<std::int32_t> candidates = empty_queue(index);
  for (const std::int32_t job : candidates) enqueue(job, index);
  request_decision(index);
}

void JobDesk::request_decision(std::int32_t index) {
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  if (pool.decision_pending) return;
  pool.decision_pending = true;
  parts_.clock.at(parts_.clock.now(), Phase::kDecision, static_cast<std::uint64_t>(index),
                  [this, index] { decide(index); });
}

// A policy that cannot be followed ends the run: told with the time and the job.
scheduling::Decisions JobDesk::decision_for(const Pool& pool, std::int32_t index) {
  const double now = parts_.clock.now();
  const auto elastic = resizing_.running_in(index);
  const scheduling::PoolView view{now,
                                  pool.state,
                                  pool.queue,
                                  pool.running,
                                  *parts_.behaviours.placement,
                                  tenants_.at(now),
                                  elastic,
                                  pool.windows};
  try {
    scheduling::Decisions decisions = parts_.behaviours.queue_policy->decide(view);
    if (!pool.windows.empty() && !parts_.behaviours.queue_policy->sizes_jobs()) {
      scheduling::drop_starts_into_windows(view, decisions);
    }
    return decisions;
  } catch (const scheduling::PolicyFailure& failure) {
    const auto job = static_cast<size_t>(failure.job());
    const bool known = failure.job() >= 0 && job < jobs_.size();
    throw scheduling::PolicyFailure(
        fmt::format("at {} ({:.6f} s): {}{}",
                    base::format_date_time(parts_.scenario.start_unix_s + now), now, failure.what(),
                    known                 ? fmt::format(": '{}' (id {})", jobs_[job].name, job)
                    : failure.job() != -1 ? fmt::format(": id {}", failure.job())
                                          : ""),
        failure.job());
  }
}

void JobDesk::decide(std::int32_t index) {
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  pool.decision_pending = false;
  if (hook_) hook_(index);
  running_.refill(index);
  if (pool.queue.empty() && !resizing_.any_in(index)) return resizing_.plan_round(index);
  parts_.fleet.refresh_headroom(parts_.clock.now(), pool);
  scheduling::Decisions decisions = decision_for(pool, index);
  for (const std::int32_t job : decisions.preempted) {
    stop(job, {record::EndReason::kPreemption,
               {.before_s = parts_.behaviours.queue_policy->restart_time().value}});
  }
  resizing_.apply(index, std::move(decisions.shrinks));
  for (scheduling::Start& choice : decisions.starts) {
    const scheduling::WaitingJob waiting = pool.queue[choice.place];
    ranking_.erase(choice.place, index);
    pool.queued_chip_s -= waiting.requested_s * static_cast<double>(waiting.request.chips);
    --waiting_;
    start(waiting, index, std::move(choice.allocation));
  }
  resizing_.apply(index, std::move(decisions.grows));
  resizing_.plan_round(index);
  if (const auto head = pool.queue.front(); head != scheduling::WaitingQueue::kEnd) {
    waited_for_[static_cast<size_t>(pool.queue[head].id)] = bound_of(decisions.head_waits_for);
  }
  // Back to where they stood in the queue, once no decision refers to its places.
  for (const std::int32_t job : decisions.preempted) requeue(job);
}

std::int64_t JobDesk::waiting_jobs(std::int32_t index) const {
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  return static_cast<std::int64_t>(pool.queue.size() + pool.deferred.size());
}

std::int64_t JobDesk::waiting_chips(std::int32_t index) const {
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  return pool.queue.chips() + pool.deferred_chips;
}

// ── Start and end ────────────────────────────────────────────────────────────────────────────────

void JobDesk::start(const scheduling::WaitingJob& waiting, std::int32_t index,
                    scheduling::Allocation allocation) {
  const model::Job& j = jobs_[static_cast<size_t>(waiting.id)];
  const double now = parts_.clock.now();
  ++starts_;
  Bound& waited_for = waited_for_[static_cast<size_t>(waiting.id)];
  if (running_.preempted(waiting.id) == nullptr) {  // for the first time
    if (now <= j.submit_s) waited_for = Bound::kNone;
    if (now > j.submit_s && waited_for == Bound::kNone) waited_for = Bound::kQueueOrder;
    ++books_.counts.started;
    ++books_.counts.waited_for[waited_for];
    held_.started(waiting.id);
  }
  RunningJobs::Start start{index, std::move(allocation), works_.evaluate(j, index)};
  start.requested_s = requested_s(j, start.work);
  start.tenant = waiting.tenant;
  start.waited_for = waited_for;
  resizing_.give_size(start, j);
  tenants_.hold(waiting.tenant,
                start.sizes != nullptr ? static_cast<double>(start.chips) : start.work.chips, now);
  running_.start(waiting.id, std::move(start));
}

void JobDesk::stop(std::int32_t job, const RunningJobs::Stop& why) {
  const model::Job& j = jobs_[static_cast<size_t>(job)];
  tenants_.hold(tenants_.tenant_of(j), -running_.running(job).chips, parts_.clock.now());
  for (const std::int32_t pool : running_.stop(job, why)) request_decision(pool);
}

void JobDesk::requeue(std::int32_t job) {
  ++waiting_;
  enqueue(job, pool_of_[static_cast<size_t>(job)]);
}

void JobDesk::ended(const RunningJobs::Ended& end) {
  const model::Job& j = jobs_[static_cast<size_t>(end.job)];
  tenants_.hold(tenants_.tenant_of(j), -end.chips, parts_.clock.now());
  for (const std::int32_t pool : end.pools) request_decision(pool);
  if (rounds_) rounds_->ended(end.job);
  held_.ended(end.job, end.completed);
}

// A job that is never submitted, because the one before it did not complete.
void JobDesk::call_off(std::int32_t job) {
  const model::Job& j = jobs_[static_cast<size_t>(job)];
  ++books_.counts.cancelled;
  ++books_.counts.never_submitted;
  parts_.journal.note(EventKind::kCancel, job, j.chips);
  books_.write_row(job, j, -1, record::JobState::kCancelled, Bound::kPredecessor);
}

// No job is placed at sites that do not reach each other.
void JobDesk::set_islands() {
  for (Pool& pool : parts_.fleet.pools) {
    for (scheduling::Part& part : pool.state.parts) {
      part.island = parts_.network.islands()[static_cast<size_t>(part.site)];
    }
  }
}

void JobDesk::routes_changed() {
  set_islands();
  running_.routes_changed();
  relocation_.routes_changed();
  for (size_t pool = 0; pool < parts_.fleet.pools.size(); ++pool) {
    if (parts_.fleet.pools[pool].state.parts.size() > 1) {
      capacity_changed(static_cast<std::int32_t>(pool));
    }
  }
}

void JobDesk::close() {
  running_.close();
  std::vector<std::int32_t> waiting = held_.held();
  for (const auto& more : {later_starts_.held(), relocation_.under_way(),
                           rounds_ ? rounds_->held() : std::vector<std::int32_t>{}}) {
    waiting.insert(waiting.end(), more.begin(), more.end());
  }
  for (const Pool& pool : parts_.fleet.pools) {
    waiting.insert(waiting.end(), pool.deferred.begin(), pool.deferred.end());
    for (auto at = pool.queue.front(); at != scheduling::WaitingQueue::kEnd;
         at = pool.queue.after(at)) {
      waiting.push_back(pool.queue[at].id);
    }
  }
  std::sort(waiting.begin(), waiting.end());
  books_.counts.waiting = static_cast<std::int64_t>(waiting.size());
  for (const std::int32_t job : waiting) {
    const std::int32_t pool = pool_of_[static_cast<size_t>(job)];
    if (pool >= 0 && jobs_[static_cast<size_t>(job)].chips > options_.ceiling(pool)) {
      ++books_.counts.stranded;
    }
    if (const ActiveJob* before = running_.preempted(job)) {
      ActiveJob last = *before;
      last.waited_for = waited_for_[static_cast<size_t>(job)];
      books_.write_row(last, jobs_[static_cast<size_t>(job)], record::JobState::kWaiting,
                       std::nan(""));
      continue;
    }
    const model::Job& j = jobs_[static_cast<size_t>(job)];
    books_.write_row(job, j, pool, record::JobState::kWaiting,
                     waited_for_[static_cast<size_t>(job)],
                     pool >= 0 ? works_.evaluate(j, pool).steps : 0.0);
  }
}

}  // namespace busbar::engine
