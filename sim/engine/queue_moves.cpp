#include <algorithm>

#include "sim/engine/job_desk.h"

// Jobs that leave their chips or their queue: because of what happens to the capacity, or because
// the broker moves them.

namespace busbar::engine {

void JobDesk::vacate(std::int32_t job, bool announced) {
  Hit all;
  all.announced = announced;
  RunningJobs::Stop why = failure_of(running_.running(job), all);
  why.reason = record::EndReason::kCapacity;
  stop(job, why);
}

// What waits in a pool, queued or set aside, in submission order.
std::vector<std::int32_t> JobDesk::empty_queue(std::int32_t index) {
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  std::vector<std::int32_t> jobs;
  jobs.swap(pool.deferred);
  pool.deferred_chips = 0;
  pool.queued_chip_s = 0.0;
  for (auto at = pool.queue.front(); at != scheduling::WaitingQueue::kEnd;
       at = pool.queue.front()) {
    jobs.push_back(pool.queue[at].id);
    ranking_.erase(at, index);
  }
  std::sort(jobs.begin(), jobs.end());
  return jobs;
}

// All that cannot stay leave before any asks, so that none sees the others' backlog.
void JobDesk::broker_anew(std::int32_t index) {
  std::vector<std::int32_t> leaving;
  for (const std::int32_t job : empty_queue(index)) {
    const auto least = static_cast<double>(waiting_in(job, index).request.chips);
    if (least > options_.ceiling(index)) {
      leaving.push_back(job);
    } else {
      enqueue(job, index);
    }
  }
  for (const std::int32_t job : leaving) {
    if (rounds_) {  // it goes elsewhere when the fleet is divided again
      enqueue(job, index);
    } else {
      broker_elsewhere(job, index);
    }
  }
  request_decision(index);
}

// A job that has run takes its checkpoint along, over the WAN.
void JobDesk::broker_elsewhere(std::int32_t job, std::int32_t from) {
  const auto options = options_.of(jobs_[static_cast<size_t>(job)], parts_.clock.now());
  std::int32_t to = from;
  if (!options.empty()) to = options[parts_.behaviours.broker->choose(options)].pool;
  if (to == from) return enqueue(job, from);
  pool_of_[static_cast<size_t>(job)] = to;
  ++books_.counts.rebrokered;
  parts_.journal.note(record::EventKind::kRebrokered, job,
                      parts_.fleet.pools[static_cast<size_t>(to)].clusters.front().index);
  if (running_.preempted(job) == nullptr) return enqueue(job, to);
  relocation_.bring_away(job, from, to);
}

// ── Moves by the broker ──────────────────────────────────────────────────────────────────────────

Relocation::Hooks JobDesk::moves() {
  return {
      [this](std::int32_t job, std::int32_t pool) { withdraw(job, pool); },
      [this](std::int32_t job, const RunningJobs::Stop& why) {
        stop(job, why);
        ++waiting_;
      },
      [this](std::int32_t job, std::int32_t pool) {
        pool_of_[static_cast<size_t>(job)] = pool;
        come_back(job, pool);
      },
      [this](std::int32_t job, const RunningJobs::Stop& why, const scheduling::PoolOption& until) {
        stop(job, why);
        ++waiting_;
        waited_for_[static_cast<size_t>(job)] = record::Bound::kDelay;
        later_starts_.pause(job, until, [this, job, pool = until.pool] { come_back(job, pool); });
      }};
}

// A job that was on its way, or held back: its pool may have lost what it needs meanwhile.
void JobDesk::come_back(std::int32_t job, std::int32_t pool) {
  const auto least = static_cast<double>(waiting_in(job, pool).request.chips);
  if (rounds_ || least <= options_.ceiling(pool)) return enqueue(job, pool);
  broker_elsewhere(job, pool);
}

void JobDesk::withdraw(std::int32_t job, std::int32_t index) {
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  if (const auto at = std::find(pool.deferred.begin(), pool.deferred.end(), job);
      at != pool.deferred.end()) {
    const scheduling::WaitingJob waiting = waiting_in(job, index);
    pool.queued_chip_s -= waiting.requested_s * static_cast<double>(waiting.request.chips);
    pool.deferred_chips -= waiting.request.chips;
    pool.deferred.erase(at);
    return;
  }
  auto at = pool.queue.front();
  while (pool.queue[at].id != job) at = pool.queue.after(at);
  pool.queued_chip_s -=
      pool.queue[at].requested_s * static_cast<double>(pool.queue[at].request.chips);
  ranking_.erase(at, index);
  request_decision(index);
}

}  // namespace busbar::engine
