#include "sim/engine/running_jobs.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"

namespace busbar::engine {

using record::EndReason;
using record::EventKind;

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

}  // namespace

RunningJobs::RunningJobs(Parts parts, const std::vector<model::Job>& jobs)
    : parts_(parts),
      jobs_(jobs),
      sites_(parts.fleet, parts.network, parts.works),
      replicas_(parts.fleet),
      loads_(parts.clock, parts.traffic) {
  parts_.traffic.on_step([this](std::int32_t slot, double step_s) { change_step(slot, step_s); });
}

// ── Start ────────────────────────────────────────────────────────────────────────────────────────

std::int32_t RunningJobs::take_slot() {
  if (free_slots_.empty()) {
    active_.emplace_back();
    return static_cast<std::int32_t>(active_.size() - 1);
  }
  const std::int32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

void RunningJobs::start(std::int32_t job, Start start) {
  const model::Job& j = jobs_[static_cast<size_t>(job)];
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(start.pool)];
  const double now = parts_.clock.now();
  pool.state.take(start.allocation);
  const std::int32_t slot = take_slot();
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  active = ActiveJob{};
  active.job = job;
  active.pool = start.pool;
  active.allocation = std::move(start.allocation);
  active.work = start.work;
  active.chips = active.work.chips;
  active.sizes = start.sizes;
  active.start_s = active.sized_s = now;
  active.waited_for = start.waited_for;
  sites_.divide(active, j);
  active.steps_left = active.work.steps;
  active.step_s = active.compute_s();
  const bool again = resume(active);
  // Without a request of its own a job is only expected, not obliged, to end by its estimate.
  if (!again || !active.limited) {
    const double more_work = j.requested_s > 0.0 ? 1.0 : active.work.steps / start.work.steps;
    active.limited = j.requested_s > 0.0 || j.request_factor > 1.0;
    active.requested_s = start.requested_s * more_work;
  }
  active.tenant = start.tenant;
  active.stay = ++stays_;
  begin(slot);
  if (start.other_size) {
    active.change_size(now, *start.other_size, static_cast<double>(start.chips), 0.0);
  }
  if (active.sizes != nullptr) resizable_[job] = slot;
  ++count_;
  enlist(slot);
  parts_.journal.note(EventKind::kStart, job, active.chips);
  send(slot);
  parts_.books.take(active);
  load(slot);
  plan_end(slot);
}

// Begins with its restart, if one is due; its limits are counted without that.
void RunningJobs::begin(std::int32_t slot) {
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  const model::Job& j = job_of(active);
  const double now = parts_.clock.now(), restart_s = active.restart_due.total_s();
  active.begin(now, restart_s);
  active.begun_s = now;
  active.expected_end_s = now + active.requested_left_s() + restart_s;
  active.kill_s = active.limited ? active.expected_end_s : kNever;
  active.stop_s =
      j.ending == model::Ending::kCompletion ? kNever : now + j.stop_s - active.kept_s + restart_s;
}

// Lists a job where the policy of its pool sees what runs, by its expected end.
void RunningJobs::enlist(std::int32_t slot) {
  const ActiveJob& active = active_[static_cast<size_t>(slot)];
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(active.pool)];
  pool.running.insert({active.expected_end_s, static_cast<std::int64_t>(active.chips), active.job,
                       &active.allocation, active.begun_s, active.tenant});
  pool.running_chip_end_s += active.expected_end_s * active.chips;
  pool.running_chips += active.chips;
}

void RunningJobs::delist(const ActiveJob& active) {
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(active.pool)];
  const size_t listed = pool.running.erase(
      {active.expected_end_s, static_cast<std::int64_t>(active.chips), active.job, nullptr});
  base::ensure(listed == 1, "a running job is not in its pool's list");
  pool.running_chip_end_s -= active.expected_end_s * active.chips;
  pool.running_chips -= active.chips;
}

// Takes up what a job that gave way has behind it. At other sites the work that is left may take
// other steps. Returns whether it gave way.
bool RunningJobs::resume(ActiveJob& active) {
  const auto at = preempted_.find(active.job);
  if (at == preempted_.end()) return false;
  const ActiveJob& before = at->second;
  active.steps_left = before.steps_left;
  if (active.more_steps != before.more_steps) {
    active.steps_left *= active.more_steps / before.more_steps;
  }
  active.work.steps = before.work.steps - before.steps_left + active.steps_left;
  active.start_s = before.start_s;
  active.lost_steps = before.lost_steps;
  active.resizes = before.resizes;
  active.kept_s = before.kept_s;
  active.kept_useful_s = before.kept_useful_s;
  active.lost_s = before.lost_s;
  active.restart_s = before.restart_s;
  active.restart_due = before.restart_due;
  active.interruptions = before.interruptions;
  active.degradations = before.degradations;
  active.requested_s = before.requested_s;
  active.limited = before.limited;
  active.energy_j = before.energy_j;
  active.carbon_g = before.carbon_g;
  active.cost_usd = before.cost_usd;
  preempted_.erase(at);
  return true;
}

JobTraffic RunningJobs::traffic_of(const ActiveJob& active) const {
  Sends sends = active.work.sends;
  if (!active.out.empty()) {  // a smaller batch: less data, fewer chips that send
    sends.domain_bytes *= active.batch_share;
    sends.read_bytes *= active.batch_share;
  }
  return parts_.network.traffic(active.pool, sites_.working(active), sends);
}

// One flow for each shared path, bounded by what the job would send if it ran at full speed.
void RunningJobs::send(std::int32_t slot) {
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  JobTraffic traffic = traffic_of(active);
  if (traffic.routes.empty() && traffic.latency_s <= 0.0) {
    active.step_s = active.compute_s();
    return;
  }
  active.step_s = parts_.traffic.open(slot, active.compute_s(), std::move(traffic));
}

void RunningJobs::plan_end(std::int32_t slot) {
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  parts_.clock.cancel(active.end);
  active.end = 0;
  // Nothing ends a job that loads its checkpoint; its limits move when it has.
  if (std::isinf(active.restart_left_s)) return;
  active.end =
      parts_.clock.at(std::min({active.done_s(), active.kill_s, active.stop_s}), Phase::kEnd,
                      static_cast<std::uint64_t>(active.job), [this, slot] { end(slot); });
}

// ── Changes ──────────────────────────────────────────────────────────────────────────────────────

// A job whose share of a link changed goes on in a new segment with another step time.
void RunningJobs::change_step(std::int32_t slot, double step_s) {
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  parts_.books.close_segment(active, EndReason::kShareChanged);
  parts_.books.change_step(active, step_s);
  parts_.journal.note(EventKind::kShare, active.job, step_s);
  plan_end(slot);
}

void RunningJobs::routes_changed() {
  for (const auto& [job, slot] : slots_in_order()) {
    if (active_[static_cast<size_t>(slot)].sites.size() > 1) follow_routes(slot);
  }
}

void RunningJobs::follow_routes(std::int32_t slot) {
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  // What is under way may have lost its route: it begins again.
  parts_.traffic.cancel(active.catching_up);
  active.catching_up = 0;
  if (sites_.is_split(active)) {
    double lost_s = 0.0;
    resize(slot, EventKind::kPartition,
           [&](ActiveJob& a) { lost_s = sites_.shrink(a) * a.step_s; });
    const double chip_s = active.chips * lost_s;
    parts_.books.counts.lost_chip_seconds += chip_s;
    parts_.books.blame(active.job, record::FaultCause::kNetwork, chip_s);
  } else if (!parts_.traffic.has(slot, active.compute_s(), traffic_of(active))) {
    resize(slot, EventKind::kShare, [](ActiveJob&) {});
  }
  catch_up(slot);
}

void RunningJobs::change_size(std::int32_t job, SizeChange change) {
  const std::int32_t slot = resizable_.at(job);
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(active.pool)];
  const double now = parts_.clock.now();
  parts_.books.close_segment(active, EndReason::kResize);
  parts_.traffic.close(slot);
  parts_.books.give_back(active);
  delist(active);
  pool.state.give_back(active.allocation);
  active.change_size(now, change.work, change.chips, change.reshard_s);
  ++active.resizes;
  ++parts_.books.counts.resized;
  active.allocation = std::move(change.allocation);
  pool.state.take(active.allocation);
  enlist(slot);
  parts_.journal.note(EventKind::kResize, job, active.chips);
  send(slot);
  parts_.books.take(active);
  plan_end(slot);
}

// Goes on at other sites, or over other links.
void RunningJobs::resize(std::int32_t slot, EventKind event,
                         const std::function<void(ActiveJob&)>& change) {
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  const double share = active.batch_share;
  parts_.books.close_segment(
      active, event == EventKind::kShare ? EndReason::kShareChanged : EndReason::kResize);
  parts_.traffic.close(slot);
  parts_.books.change(active, [&](ActiveJob& a) {
    change(a);
    send(slot);
  });
  parts_.journal.note(event, active.job,
                      active.batch_share == share ? active.step_s : active.batch_share);
  plan_end(slot);
}

// Sites that can be reached again fetch the state of the run before they take part.
void RunningJobs::catch_up(std::int32_t slot) {
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  const std::vector<std::int32_t> sites = sites_.reachable(active);
  if (sites.empty()) return;
  const auto join = [this, slot, sites] {
    active_[static_cast<size_t>(slot)].catching_up = 0;
    resize(slot, EventKind::kRejoin, [&](ActiveJob& a) { sites_.join(a, sites); });
  };
  const std::vector<std::int32_t> path = sites_.catch_up_path(active, sites);
  if (active.work.state_bytes <= 0.0 || path.empty()) return join();
  parts_.journal.note(EventKind::kCatchUp, active.job, active.work.state_bytes);
  active.catching_up = parts_.traffic.send(path, active.work.state_bytes, join);
}

// ── Stops before the end ─────────────────────────────────────────────────────────────────────────

const ActiveJob* RunningJobs::find(std::int32_t job) const {
  const auto at = std::find_if(active_.begin(), active_.end(),
                               [&](const ActiveJob& active) { return active.job == job; });
  return at == active_.end() ? nullptr : &*at;
}

std::int32_t RunningJobs::slot_of(std::int32_t job) const {
  const auto at = std::find_if(active_.begin(), active_.end(),
                               [&](const ActiveJob& active) { return active.job == job; });
  base::ensure(at != active_.end(), "a job is asked for that does not run");
  return static_cast<std::int32_t>(at - active_.begin());
}

const ActiveJob& RunningJobs::running(std::int32_t job) const {
  return active_[static_cast<size_t>(slot_of(job))];
}

// Jobs and their slots, by id.
std::vector<std::pair<std::int32_t, std::int32_t>> RunningJobs::slots_in_order() const {
  std::vector<std::pair<std::int32_t, std::int32_t>> running;
  for (size_t slot = 0; slot < active_.size(); ++slot) {
    if (active_[slot].job < 0) continue;
    running.emplace_back(active_[slot].job, static_cast<std::int32_t>(slot));
  }
  std::sort(running.begin(), running.end());
  return running;
}

std::vector<const ActiveJob*> RunningJobs::in_order() const {
  std::vector<const ActiveJob*> running;
  for (const auto& [job, slot] : slots_in_order()) {
    running.push_back(&active_[static_cast<size_t>(slot)]);
  }
  return running;
}

void RunningJobs::close() {
  const auto running = slots_in_order();
  parts_.books.counts.running = static_cast<std::int64_t>(running.size());
  for (const auto& [job, slot] : running) {
    ActiveJob& active = active_[static_cast<size_t>(slot)];
    parts_.books.close_segment(active, EndReason::kRunEnd);
    parts_.books.write_row(active, job_of(active), record::JobState::kRunning, std::nan(""));
  }
}

}  // namespace busbar::engine
