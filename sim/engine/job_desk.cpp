#include "sim/engine/job_desk.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"

namespace busbar::engine {

using record::Bound;
using record::EventKind;

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kRounding_s = 1e-6;  // of steps times step time

Bound bound_of(scheduling::Obstacle obstacle) {
  switch (obstacle) {
    case scheduling::Obstacle::kItPower:
      return Bound::kItPower;
    case scheduling::Obstacle::kGridPower:
      return Bound::kGridPower;
    case scheduling::Obstacle::kChips:
      return Bound::kChips;
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
      books_(parts.scenario, parts.fleet, parts.clock, parts.journal),
      campaigns_(parts.scenario, jobs_),
      tenants_(parts.scenario, parts.behaviours.queue_policy->usage_half_life()),
      waited_for_(jobs_.size(), Bound::kNone),
      pool_of_(jobs_.size(), -1) {
  parts_.solver.on_change([this](std::span<const Share> shares) { shares_changed(shares); });
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
  if (campaigns_.waits(j)) {
    waited_for_[static_cast<size_t>(job)] = Bound::kEarlierStage;
    campaigns_.hold(job, j);
  } else {
    admit(job);
  }
  open();
}

scheduling::Request JobDesk::request_for(std::int32_t job, const Work& work) const {
  const model::Job& j = jobs_[static_cast<size_t>(job)];
  return {static_cast<std::int64_t>(j.chips), work.busy_w_per_chip, works_.span_of(j)};
}

// What a job may still run: less by what it has kept, if it was preempted, and more by a restart.
double JobDesk::requested_s(std::int32_t job, const Work& work) const {
  const model::Job& j = jobs_[static_cast<size_t>(job)];
  const double whole_s = j.requested_s > 0.0 ? j.requested_s : work.run_time_s() * j.request_factor;
  const auto before = preempted_.find(job);
  if (before == preempted_.end()) return whole_s;
  return whole_s - before->second.kept_s + parts_.behaviours.queue_policy->restart_time().value;
}

// Asks the broker for a pool among those that can run the job at all.
void JobDesk::admit(std::int32_t job) {
  const model::Job& j = jobs_[static_cast<size_t>(job)];
  const double now = parts_.clock.now();
  std::vector<scheduling::PoolOption> options;
  for (const std::int32_t index : works_.pools_for(j)) {
    const Work work = works_.evaluate(j, index);
    if (!work.feasible) continue;
    Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
    scheduling::PoolOption option;
    option.pool = index;
    if (pool.queue.empty() && !pool.decision_pending) {
      parts_.fleet.refresh_headroom(now, pool);
      scheduling::Allocation found;
      scheduling::Obstacle why = scheduling::Obstacle::kNone;
      option.room_now =
          pool.state.find(request_for(job, work), *parts_.behaviours.placement, found, why);
    }
    option.capacity_chips = pool.capacity_chips();
    option.backlog_chip_s = pool.backlog_chip_s(now);
    option.run_time_s = work.run_time_s();
    const auto& platform = parts_.scenario.platform;
    option.price_usd_per_s =
        j.chips * platform.accelerator_of(platform.clusters[pool.clusters.front()]).price.value;
    options.push_back(option);
  }
  if (options.empty()) {
    ++books_.counts.rejected;
    parts_.journal.note(EventKind::kReject, job, j.chips);
    books_.write_row(job, j, -1, record::JobState::kRejected, Bound::kNone);
    return;
  }
  // Waiting for a delivery is an option only where no pool has as many chips yet.
  const auto undelivered = [&](const auto& option) { return option.capacity_chips < j.chips; };
  if (!std::all_of(options.begin(), options.end(), undelivered)) {
    std::erase_if(options, undelivered);
  }
  const size_t choice = options.size() == 1 ? 0 : parts_.behaviours.broker->choose(options);
  pool_of_[static_cast<size_t>(job)] = options[choice].pool;
  ++waiting_;
  enqueue(job, options[choice].pool);
}

// Puts a job into its pool's queue, or aside while even the empty pool could not hold it.
void JobDesk::enqueue(std::int32_t job, std::int32_t index) {
  const model::Job& j = jobs_[static_cast<size_t>(job)];
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  const Work work = works_.evaluate(j, index);
  const scheduling::Request request = request_for(job, work);
  const double now = parts_.clock.now();
  const double requested = requested_s(job, work);
  pool.queued_chip_s += requested * j.chips;
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
  scheduling::WaitingJob waiting{.id = job, .request = request, .requested_s = requested};
  waiting.submit_s = j.submit_s;
  waiting.priority = works_.priority_of(j);
  waiting.tenant = tenants_.tenant_of(j);
  waiting.rank = parts_.behaviours.queue_policy->rank(waiting);
  pool.queue.push(waiting);
  request_decision(index);
}

void JobDesk::capacity_changed(std::int32_t index) {
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  // In submission order: what waits in the queue, then what was set aside, merged by id.
  std::vector<std::int32_t> candidates;
  candidates.swap(pool.deferred);
  pool.deferred_chips = 0;
  pool.queued_chip_s = 0.0;
  for (auto at = pool.queue.front(); at != scheduling::WaitingQueue::kEnd;
       at = pool.queue.front()) {
    candidates.push_back(pool.queue[at].id);
    pool.queue.erase(at);
  }
  std::sort(candidates.begin(), candidates.end());
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

void JobDesk::decide(std::int32_t index) {
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  pool.decision_pending = false;
  if (hook_) hook_(index);
  if (pool.queue.empty()) return;
  parts_.fleet.refresh_headroom(parts_.clock.now(), pool);
  scheduling::Decisions decisions = parts_.behaviours.queue_policy->decide(
      {parts_.clock.now(), pool.state, pool.queue, pool.running, *parts_.behaviours.placement,
       tenants_.at(parts_.clock.now())});
  for (const std::int32_t job : decisions.preempted) preempt(job);
  for (scheduling::Start& choice : decisions.starts) {
    const scheduling::WaitingJob waiting = pool.queue[choice.place];
    pool.queue.erase(choice.place);
    pool.queued_chip_s -= waiting.requested_s * static_cast<double>(waiting.request.chips);
    --waiting_;
    const model::Job& j = jobs_[static_cast<size_t>(waiting.id)];
    start(waiting.id, index, std::move(choice.allocation), works_.evaluate(j, index));
  }
  if (const auto head = pool.queue.front(); head != scheduling::WaitingQueue::kEnd) {
    waited_for_[static_cast<size_t>(pool.queue[head].id)] = bound_of(decisions.head_waits_for);
  }
  // Back to where they stood in the queue, once no decision refers to its places.
  for (const std::int32_t job : decisions.preempted) {
    ++waiting_;
    enqueue(job, index);
  }
}

std::int64_t JobDesk::waiting_jobs(std::int32_t index) const {
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  return static_cast<std::int64_t>(pool.queue.size() + pool.deferred.size());
}

std::int64_t JobDesk::waiting_chips(std::int32_t index) const {
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  return pool.queue.chips() + pool.deferred_chips;
}

// ── Running ──────────────────────────────────────────────────────────────────────────────────────

void JobDesk::start(std::int32_t job, std::int32_t index, scheduling::Allocation allocation,
                    const Work& work) {
  const model::Job& j = jobs_[static_cast<size_t>(job)];
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  const double now = parts_.clock.now();
  pool.state.take(allocation);
  std::int32_t slot = static_cast<std::int32_t>(active_.size());
  if (free_slots_.empty()) {
    active_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  active = ActiveJob{};
  active.steps_left = work.steps;
  const double run_s = requested_s(job, work);
  double kept_s = 0.0, restart_s = 0.0;
  const auto before = preempted_.find(job);
  const bool again = before != preempted_.end();
  if (again) {
    active = std::move(before->second);
    preempted_.erase(before);
    kept_s = active.kept_s;
    restart_s = parts_.behaviours.queue_policy->restart_time().value;
  } else {
    active.start_s = now;
    active.checkpoint_interval_s = works_.checkpoint_interval_s(j);
  }
  active.job = job;
  active.pool = index;
  active.allocation = std::move(allocation);
  active.work = work;
  active.begin(now, restart_s);
  active.expected_end_s = now + run_s;
  // Without a request of its own a job is only expected, not obliged, to end by its estimate.
  const bool limited = j.requested_s > 0.0 || j.request_factor > 1.0;
  active.kill_s = limited ? active.expected_end_s : kNever;
  active.stop_s =
      j.ending == model::Ending::kCompletion ? kNever : now + j.stop_s - kept_s + restart_s;
  active.step_s = work.step_s;
  ++active_count_;
  if (!again) {
    Bound& waited_for = waited_for_[static_cast<size_t>(job)];
    if (now <= j.submit_s) waited_for = Bound::kNone;
    if (now > j.submit_s && waited_for == Bound::kNone) waited_for = Bound::kQueueOrder;
    ++books_.counts.started;
    ++books_.counts.waited_for[waited_for];
    campaigns_.started(j, now);
  }
  pool.running.insert({active.expected_end_s, static_cast<std::int64_t>(j.chips), job,
                       &active.allocation, now, tenants_.tenant_of(j)});
  tenants_.hold(tenants_.tenant_of(j), j.chips, now);
  pool.running_chip_end_s += active.expected_end_s * j.chips;
  pool.running_chips += j.chips;
  parts_.journal.note(EventKind::kStart, job, j.chips);
  open_flows(slot);
  books_.take(active);
  plan_end(slot);
}

// One flow for each shared path, bounded by what the job would send if it ran at full speed.
void JobDesk::open_flows(std::int32_t slot) {
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  if (active.work.domain_bytes_per_step <= 0.0 && active.work.gradient_bytes <= 0.0) return;
  for (const Traffic& traffic :
       parts_.network.traffic(active.pool, active.allocation, active.work.domain_bytes_per_step,
                              active.work.gradient_bytes)) {
    // The last bucket of gradients cannot hide: one round trip a step.
    active.latency_s = std::max(active.latency_s, 2.0 * traffic.latency_s);
    if (traffic.path.empty() || traffic.bytes_per_step <= 0.0) continue;
    const double demand_Bps = traffic.bytes_per_step / active.work.step_s;
    const std::int32_t id = parts_.solver.add(traffic.path, demand_Bps);
    if (static_cast<size_t>(id) >= flow_owner_.size()) flow_owner_.resize(id + 1, -1);
    flow_owner_[static_cast<size_t>(id)] = slot;
    active.flows.push_back({id, traffic.bytes_per_step, demand_Bps});
  }
  active.step_s = active.work.step_s + active.latency_s;
}

void JobDesk::plan_end(std::int32_t slot) {
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  parts_.clock.cancel(active.end);
  active.end =
      parts_.clock.at(std::min({active.done_s(), active.kill_s, active.stop_s}), Phase::kEnd,
                      static_cast<std::uint64_t>(active.job), [this, slot] { end(slot); });
}

// A job whose share of a link changed goes on in a new segment with another step time.
void JobDesk::shares_changed(std::span<const Share> shares) {
  std::vector<std::int32_t> touched;
  for (const Share& share : shares) {
    const std::int32_t slot = flow_owner_[static_cast<size_t>(share.flow)];
    if (slot < 0) continue;
    for (JobFlow& flow : active_[static_cast<size_t>(slot)].flows) {
      if (flow.id == share.flow) flow.rate_Bps = share.rate_Bps;
    }
    touched.push_back(slot);
  }
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  for (const std::int32_t slot : touched) {
    ActiveJob& active = active_[static_cast<size_t>(slot)];
    double step_s = active.work.step_s;
    for (const JobFlow& flow : active.flows) {
      step_s = std::max(step_s, flow.bytes_per_step / std::max(flow.rate_Bps, 1e-9));
    }
    step_s += active.latency_s;
    if (std::abs(step_s - active.step_s) <= 1e-9 * active.step_s) continue;
    books_.close_segment(active, jobs_[static_cast<size_t>(active.job)],
                         record::EndReason::kShareChanged);
    books_.change_step(active, step_s);
    parts_.journal.note(EventKind::kShare, active.job, step_s);
    plan_end(slot);
  }
}

// What an end is called in each table. A job that reaches its own failure or cancellation ends by
// it, even at the second at which its work would have been done.
const JobDesk::Farewell& JobDesk::farewell_of(const ActiveJob& active, model::Ending ending,
                                              double done_s) {
  using record::EndReason;
  using record::JobState;
  static constexpr Farewell kDone{EndReason::kDone, EventKind::kEnd, JobState::kCompleted,
                                  &JobCounts::completed};
  static constexpr Farewell kKilled{EndReason::kKilled, EventKind::kKill, JobState::kKilled,
                                    &JobCounts::killed};
  static constexpr Farewell kFailed{EndReason::kFailure, EventKind::kFail, JobState::kFailed,
                                    &JobCounts::failed};
  static constexpr Farewell kCancelled{EndReason::kCancelled, EventKind::kCancel,
                                       JobState::kCancelled, &JobCounts::cancelled};
  if (active.stop_s <= std::min(done_s, active.kill_s) + kRounding_s) {
    return ending == model::Ending::kFailure ? kFailed : kCancelled;
  }
  return done_s > active.kill_s ? kKilled : kDone;
}

void JobDesk::end(std::int32_t slot) {
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  const double now = parts_.clock.now();
  const model::Job& j = jobs_[static_cast<size_t>(active.job)];
  const Farewell& farewell = farewell_of(active, j.ending, active.done_s());
  books_.close_segment(active, j, farewell.reason);
  // Exactly, whatever the rounding of seconds over step time.
  if (farewell.state == record::JobState::kCompleted) active.steps_left = 0.0;
  parts_.journal.note(farewell.event, active.job, j.chips);
  ++(books_.counts.*farewell.count);
  books_.write_row(active, j, farewell.state, now, waited_for_[static_cast<size_t>(active.job)]);
  leave(slot);
  // The next stage of a campaign is submitted when the one before has ended.
  for (const std::int32_t next : campaigns_.ended(j, now)) {
    jobs_[static_cast<size_t>(next)].submit_s = now;
    waited_for_[static_cast<size_t>(next)] = Bound::kNone;
    admit(next);
  }
}

// Gives back all that a running job holds, and its slot.
void JobDesk::leave(std::int32_t slot) {
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  const double now = parts_.clock.now();
  const model::Job& j = jobs_[static_cast<size_t>(active.job)];
  books_.give_back(active);
  for (const JobFlow& flow : active.flows) {
    parts_.solver.remove(flow.id);
    flow_owner_[static_cast<size_t>(flow.id)] = -1;
  }
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(active.pool)];
  pool.running.erase(
      {active.expected_end_s, static_cast<std::int64_t>(j.chips), active.job, nullptr});
  pool.running_chip_end_s -= active.expected_end_s * j.chips;
  pool.running_chips -= j.chips;
  tenants_.hold(tenants_.tenant_of(j), -j.chips, now);
  pool.state.give_back(active.allocation);
  // Power that is free again may start jobs of every pool at these sites.
  std::vector<std::int32_t> wake{active.pool};
  for (const scheduling::Share& share : active.allocation.shares) {
    const auto site = pool.state.parts[static_cast<size_t>(share.part)].site;
    for (const std::int32_t other : parts_.fleet.pools_at({site})) wake.push_back(other);
  }
  --active_count_;
  active.job = -1;
  free_slots_.push_back(slot);
  for (const std::int32_t other : wake) request_decision(other);
}

// A running job gives way: it loses its work since the last checkpoint and waits again.
void JobDesk::preempt(std::int32_t job) {
  const auto running = std::find_if(active_.begin(), active_.end(),
                                    [&](const ActiveJob& active) { return active.job == job; });
  base::ensure(running != active_.end(), "a job is preempted that does not run");
  const model::Job& j = jobs_[static_cast<size_t>(job)];
  parts_.clock.cancel(running->end);
  books_.close_segment(*running, j, record::EndReason::kPreemption);
  running->give_way();
  ++books_.counts.preempted;
  parts_.journal.note(EventKind::kPreempt, job, j.chips);
  ActiveJob& kept = preempted_[job] = *running;
  leave(static_cast<std::int32_t>(running - active_.begin()));
  kept.flows.clear();
  kept.latency_s = 0.0;
  kept.end = 0;
}

void JobDesk::close() {
  std::vector<std::pair<std::int32_t, ActiveJob*>> running;
  for (ActiveJob& active : active_) {
    if (active.job >= 0) running.emplace_back(active.job, &active);
  }
  std::sort(running.begin(), running.end());
  books_.counts.running = static_cast<std::int64_t>(running.size());
  for (const auto& [job, active] : running) {
    const model::Job& j = jobs_[static_cast<size_t>(job)];
    books_.close_segment(*active, j, record::EndReason::kRunEnd);
    books_.write_row(*active, j, record::JobState::kRunning, std::nan(""),
                     waited_for_[static_cast<size_t>(job)]);
  }
  std::vector<std::int32_t> waiting = campaigns_.held();
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
    if (const auto before = preempted_.find(job); before != preempted_.end()) {
      books_.write_row(before->second, jobs_[static_cast<size_t>(job)], record::JobState::kWaiting,
                       std::nan(""), waited_for_[static_cast<size_t>(job)]);
      continue;
    }
    books_.write_row(job, jobs_[static_cast<size_t>(job)], pool_of_[static_cast<size_t>(job)],
                     record::JobState::kWaiting, waited_for_[static_cast<size_t>(job)]);
  }
}

}  // namespace busbar::engine
