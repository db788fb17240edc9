#include "sim/engine/relocation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/faults/restart.h"

namespace busbar::engine {

using base::Id;
using record::EventKind;
using scheduling::PoolOption;
using Rest = PoolOptions::Rest;

// ── Where jobs are ───────────────────────────────────────────────────────────────────────────────

bool Relocation::one_site(std::int32_t index) const {
  const auto& parts = parts_.fleet.pools[static_cast<size_t>(index)].state.parts;
  return std::all_of(parts.begin(), parts.end(),
                     [&](const scheduling::Part& part) { return part.site == parts.front().site; });
}

Id<model::Site> Relocation::site_of(std::int32_t index) const {
  return {parts_.fleet.pools[static_cast<size_t>(index)].state.parts.front().site};
}

const model::Storage* Relocation::storage(std::int32_t index) const {
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  const model::Platform& platform = parts_.scenario.platform;
  return platform.storage_of(platform.clusters[pool.clusters.front()]);
}

// From storage to storage, over the WAN where the sites differ. Nothing: there is no route.
std::optional<std::vector<std::int32_t>> Relocation::path(std::int32_t from,
                                                          std::int32_t to) const {
  const Id<model::Site> here = site_of(from), there = site_of(to);
  const auto& islands = parts_.network.islands();
  if (islands[static_cast<size_t>(here.index)] != islands[static_cast<size_t>(there.index)]) {
    return std::nullopt;
  }
  std::vector<std::int32_t> links;
  const std::int32_t read = parts_.network.storage_read(from, 0);
  if (here == there && read == parts_.network.storage_read(to, 0)) return links;
  if (read >= 0) links.push_back(read);
  if (here != there) {
    for (const std::int32_t link : parts_.network.path(here, there)) links.push_back(link);
  }
  const std::int32_t write = parts_.network.storage_write(to, 0);
  if (write >= 0) links.push_back(write);
  return links;
}

ActiveJob Relocation::as_of_now(const ActiveJob& job) const {
  ActiveJob now = job;
  now.work_on(parts_.clock.now() - job.segment_start_s);
  now.segment_start_s = parts_.clock.now();
  return now;
}

// All jobs that could move. Those over several sites, or in a pool over several, stay.
std::map<std::int32_t, Relocation::Candidate> Relocation::candidates() const {
  std::map<std::int32_t, Candidate> all;
  for (size_t i = 0; i < parts_.fleet.pools.size(); ++i) {
    const auto index = static_cast<std::int32_t>(i);
    const Pool& pool = parts_.fleet.pools[i];
    if (!one_site(index)) continue;
    for (const std::int32_t job : pool.deferred) all[job] = {.pool = index, .deferred = true};
    double ahead_chip_s = 0.0;
    for (auto at = pool.queue.front(); at != scheduling::WaitingQueue::kEnd;
         at = pool.queue.after(at)) {
      const scheduling::WaitingJob& waiting = pool.queue[at];
      all[waiting.id] = {.pool = index, .ahead_chip_s = ahead_chip_s};
      ahead_chip_s += waiting.requested_s * static_cast<double>(waiting.request.chips);
    }
  }
  for (const ActiveJob* active : parts_.running.in_order()) {
    // One that loads its checkpoint does so first: nobody knows yet how long that takes.
    if (!one_site(active->pool) || std::isinf(active->restart_left_s)) continue;
    all[active->job] = {.pool = active->pool, .running = active};
  }
  return all;
}

// ── The second look ──────────────────────────────────────────────────────────────────────────────

std::int64_t Relocation::review() {
  const JobCounts& counts = parts_.books.counts;
  const std::int64_t before = counts.moved + counts.paused;
  for (const auto& [job, candidate] : candidates()) look_at(job, candidate);
  return counts.moved + counts.paused - before;
}

void Relocation::look_at(std::int32_t job, const Candidate& candidate) {
  scheduling::Choices choices;
  std::vector<Move> moves;
  const model::Job& j = parts_.jobs[static_cast<size_t>(job)];
  for (const std::int32_t pool : parts_.works.pools_for(j)) {
    if (pool == candidate.pool) continue;
    const std::optional<Move> move = move_to(job, candidate, pool);
    if (!move) continue;
    const PoolOption option =
        parts_.options.at(j, move->work, pool, move->rest, parts_.clock.now());
    // A running job does not give its chips up for a place in a queue.
    if (candidate.running != nullptr && !option.room_now) continue;
    choices.go.push_back(option);
    moves.push_back(*move);
  }
  const bool may_pause = candidate.running != nullptr && parts_.pauses.any();
  if (choices.go.empty() && !may_pause) return;
  std::optional<size_t> chosen;
  if (candidate.deferred) {
    // Nobody knows when its pool could hold it: anywhere is better.
    if (parts_.broker.values(choices.go).empty()) return;
    chosen = parts_.broker.choose(choices.go);
  } else {
    choices.stay = staying(job, candidate, std::numeric_limits<double>::infinity());
    if (candidate.running != nullptr) add_later(job, candidate, moves, choices);
    if (may_pause) add_pauses(*candidate.running, choices);
    chosen = scheduling::choose_move(parts_.broker, choices);
  }
  if (chosen && *chosen >= moves.size()) {
    const PoolOption& pause = choices.pause[*chosen - moves.size()];
    return hooks_.pause(job, pause_of(*candidate.running).stop, pause);
  }
  if (chosen) go(job, candidate, choices.go[*chosen].pool, moves[*chosen]);
}

// A running job may as well stay until the next look and go then, if it has so much to do.
void Relocation::add_later(std::int32_t job, const Candidate& candidate,
                           const std::vector<Move>& moves, scheduling::Choices& choices) {
  const model::Job& j = parts_.jobs[static_cast<size_t>(job)];
  const double review_s = parts_.broker.terms().review.value;
  const double left_s = choices.stay.run_time_s;
  if (left_s <= review_s) return;
  const PoolOption until_then = staying(job, candidate, review_s);
  for (size_t i = 0; i < moves.size(); ++i) {
    PoolOption then = choices.go[i];
    then.run_time_s -= (then.run_time_s - moves[i].restart_s) * (review_s / left_s);
    then = parts_.options.later(j, moves[i].work, then, review_s + then.not_before_s,
                                parts_.clock.now());
    then.not_before_s -= review_s;
    choices.later.push_back(scheduling::in_turn(until_then, then));
  }
}

// Jobs whose size the queue policy chooses would start again at another.
void Relocation::add_pauses(const ActiveJob& active, scheduling::Choices& choices) {
  if (active.sizes != nullptr) return;
  const model::Job& j = parts_.jobs[static_cast<size_t>(active.job)];
  const Pauses::Pausing pausing{j, parts_.works.evaluate(j, active.pool), active,
                                pause_of(active).rest_s};
  const double review_s = parts_.broker.terms().review.value;
  if (choices.stay.run_time_s <= review_s) return parts_.pauses.add(pausing, nullptr, choices);
  const Candidate here{.pool = active.pool, .running = &active};
  const PoolOption until_then = staying(active.job, here, review_s);
  parts_.pauses.add(pausing, &until_then, choices);
}

// The rest of a job where it is, or as much as it does in some time.
PoolOption Relocation::staying(std::int32_t job, const Candidate& candidate, double most_s) {
  const model::Job& j = parts_.jobs[static_cast<size_t>(job)];
  const double now = parts_.clock.now();
  const Work work = parts_.works.evaluate(j, candidate.pool);
  if (candidate.running != nullptr) {
    const double left_s = std::clamp(candidate.running->done_s() - now, 0.0, most_s);
    return parts_.options.at(j, work, candidate.pool,
                             {.run_time_s = left_s, .place = Rest::Place::kRuns}, now);
  }
  Rest rest{.run_time_s = work.run_time_s(), .place = Rest::Place::kWaits};
  rest.ahead_chip_s = candidate.ahead_chip_s;
  if (const ActiveJob* before = parts_.running.preempted(job)) {
    rest.run_time_s = before->restart_due.total_s() + before->steps_left * work.step_s;
  }
  return parts_.options.at(j, work, candidate.pool, rest, now);
}

// Whether a pool could hold a job at some time: a running one now, by numbers alone.
bool Relocation::could_hold(const model::Job& job, const Work& work, bool runs,
                            std::int32_t index) const {
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  if (runs) {
    return pool.queue.empty() &&
           static_cast<double>(pool.state.free_chips()) - pool.coming_chips >= work.chips;
  }
  return parts_.fleet.obstacle_when_empty(parts_.clock.now(), pool, parts_.works.request(job, work),
                                          parts_.placement) == scheduling::Obstacle::kNone;
}

std::optional<Relocation::Move> Relocation::move_to(std::int32_t job, const Candidate& candidate,
                                                    std::int32_t pool) {
  const model::Job& j = parts_.jobs[static_cast<size_t>(job)];
  if (!one_site(pool)) return {};
  const auto links = path(candidate.pool, pool);
  const Work work = parts_.works.evaluate(j, pool);
  if (!links || !work.feasible) return {};
  if (!candidate.told && !could_hold(j, work, candidate.running != nullptr, pool)) return {};
  Move move = rest_of(job, candidate, pool, work);
  if (move.state_bytes > 0.0) {
    move.rest.not_before_s = move.state_bytes / parts_.traffic.narrowest_rate(*links);
    move.rest.wan_usd =
        move.state_bytes * parts_.network.price(site_of(candidate.pool), site_of(pool)).value;
  }
  return move;
}

// What a job has left in a pool, what it pays there first, and what it takes along.
Relocation::Move Relocation::rest_of(std::int32_t job, const Candidate& candidate,
                                     std::int32_t pool, const Work& work) const {
  const model::Job& j = parts_.jobs[static_cast<size_t>(job)];
  Move move;
  move.work = work;
  double left = 1.0;  // of its work
  if (candidate.running != nullptr) {
    const ActiveJob active = as_of_now(*candidate.running);
    left = leaving(active, candidate.pool, move);
  } else if (const ActiveJob* before = parts_.running.preempted(job)) {
    left = before->steps_left / before->work.steps;
    move.restart_s = before->restart_due.total_s();
  }
  const bool begun = candidate.running != nullptr || parts_.running.preempted(job) != nullptr;
  if (left < 1.0) move.state_bytes = work.state_bytes;
  if (begun && parts_.works.vendor(pool) != parts_.works.vendor(candidate.pool)) {
    move.restart_s += parts_.works.switching_time(j, pool).value;
  }
  if (candidate.running != nullptr) {
    move.restart_s += starting_again(work.chips, move.state_bytes, pool).value;
  }
  move.rest.run_time_s = move.restart_s + left * work.run_time_s();
  return move;
}

// Processes are started anew, and read the state from the storage there.
base::Seconds Relocation::starting_again(double chips, double state_bytes,
                                         std::int32_t pool) const {
  const model::Storage* there = storage(pool);
  const base::Seconds load{
      there != nullptr && there->read.value > 0.0 ? state_bytes / there->read.value : 0.0};
  return faults::restart_of({}, chips, {}, load).total();
}

RunningJobs::Stop Relocation::pausing(const ActiveJob& job) const {
  RunningJobs::Stop stop = pause_of(job).stop;
  stop.reason = record::EndReason::kPreemption;  // its turn is over
  return stop;
}

Relocation::Pause Relocation::pause_of(const ActiveJob& job) const {
  Move move;
  const ActiveJob active = as_of_now(job);
  const double left = leaving(active, job.pool, move);
  const double chips = job.chips;
  const double state_bytes = left < 1.0 ? active.work.state_bytes : 0.0;
  const double restart_s = move.restart_s + starting_again(chips, state_bytes, job.pool).value;
  const double again = left - active.steps_left / active.work.steps;  // of its work
  const double again_s = again * active.work.steps * active.step_s / active.batch_share;
  return {{record::EndReason::kPause, {.before_s = restart_s}, move.saves},
          job.done_s() - parts_.clock.now() + again_s + restart_s};
}

bool Relocation::send_to(std::int32_t job, const ActiveJob* running, std::int32_t from,
                         std::int32_t to) {
  const Candidate candidate{.pool = from, .running = running, .told = true};
  if (!one_site(from)) return false;
  const std::optional<Move> move = move_to(job, candidate, to);
  if (move) go(job, candidate, to, *move);
  return move.has_value();
}

void Relocation::bring_away(std::int32_t job, std::int32_t from, std::int32_t to) {
  const Candidate candidate{.pool = from, .told = true};
  const Work work = parts_.works.evaluate(parts_.jobs[static_cast<size_t>(job)], to);
  go(job, candidate, to, rest_of(job, candidate, to, work));
}

// Whether a running job saves before it leaves. Returns the part of its work that is then left.
double Relocation::leaving(const ActiveJob& active, std::int32_t pool, Move& move) const {
  const model::Storage* here = storage(pool);
  const base::Seconds write{here != nullptr && here->write.value > 0.0
                                ? active.work.state_bytes / here->write.value
                                : 0.0};
  const SavePoint& saved = active.safe(true);  // what is in the memory of its hosts stays there
  move.saves = active.work.saves.every > 0.0 &&
               scheduling::saves_first(base::Seconds{active.worked_s - saved.worked_s}, write);
  if (move.saves) move.restart_s += write.value;
  return (move.saves ? active.steps_left : saved.steps_left) / active.work.steps;
}

// ── The way ──────────────────────────────────────────────────────────────────────────────────────

void Relocation::go(std::int32_t job, const Candidate& candidate, std::int32_t pool,
                    const Move& move) {
  Pool& there = parts_.fleet.pools[static_cast<size_t>(pool)];
  parts_.books.count_move(job);
  if (candidate.running != nullptr) {
    hooks_.stop(job, {record::EndReason::kMove, {.before_s = move.restart_s}, move.saves});
  } else if (!candidate.told) {
    hooks_.withdraw(job, candidate.pool);
  }
  parts_.journal.note(EventKind::kMove, job, there.clusters.front().index);
  parts_.running.carry_over(job, move.work, {.before_s = move.restart_s});
  Journey& journey = journeys_[job];
  journey = {candidate.pool,
             pool,
             move.work.chips,
             move.state_bytes,
             move.work.chips * move.rest.run_time_s,
             {},
             0};
  there.coming_chips += journey.chips;
  there.coming_chip_s += journey.chip_s;
  send(job);
}

void Relocation::send(std::int32_t job) {
  Journey& journey = journeys_.at(job);
  parts_.traffic.cancel(std::exchange(journey.transfer, 0));
  if (journey.state_bytes <= 0.0) return arrived(job);
  const auto links = path(journey.from, journey.to);
  if (!links) return journey.path.clear();
  journey.path = *links;
  if (links->empty()) return arrived(job);
  journey.transfer =
      parts_.traffic.send(*links, journey.state_bytes, [this, job] { arrived(job); });
}

void Relocation::arrived(std::int32_t job) {
  const Journey journey = journeys_.at(job);
  journeys_.erase(job);
  Pool& there = parts_.fleet.pools[static_cast<size_t>(journey.to)];
  there.coming_chips -= journey.chips;
  there.coming_chip_s -= journey.chip_s;
  const bool wan = site_of(journey.from) != site_of(journey.to);
  const double wan_bytes = wan ? journey.state_bytes : 0.0;
  parts_.books.count_arrival(job, wan_bytes);
  parts_.journal.note(EventKind::kArrive, job, wan_bytes);
  hooks_.arrive(job, journey.to);
}

void Relocation::routes_changed() {
  for (const std::int32_t job : under_way()) {
    const Journey& journey = journeys_.at(job);
    if (journey.transfer == 0 || path(journey.from, journey.to) != journey.path) send(job);
  }
}

bool Relocation::sending() const {
  return std::any_of(journeys_.begin(), journeys_.end(),
                     [](const auto& entry) { return entry.second.transfer != 0; });
}

std::vector<std::int32_t> Relocation::under_way() const {
  std::vector<std::int32_t> jobs;
  for (const auto& [job, journey] : journeys_) jobs.push_back(job);
  return jobs;
}

}  // namespace busbar::engine
