#include "sim/engine/round_desk.h"

#include <algorithm>
#include <cmath>

namespace busbar::engine {
namespace {

// A step of priority is twice the share. Beyond this many steps nobody tells the difference.
constexpr int kMostSteps = 10;

double weight_of(int priority) { return std::exp2(std::clamp(priority, -kMostSteps, kMostSteps)); }

}  // namespace

// ── Who is there ─────────────────────────────────────────────────────────────────────────────────

void RoundDesk::admit(std::int32_t job) {
  const size_t pools = parts_.fleet.pools.size();
  account();
  members_[job] = {-1, -1, std::vector<double>(pools, 0.0), std::vector<double>(pools, 0.0),
                   std::vector<double>(pools, 0.0)};
  others_ = true;
  fill_later();
}

void RoundDesk::ended(std::int32_t job) {
  account();
  members_.erase(job);
  others_ = true;
  fill_later();
}

std::vector<std::int32_t> RoundDesk::held() const {
  std::vector<std::int32_t> jobs;
  for (const auto& [job, member] : members_) {
    if (member.pool < 0) jobs.push_back(job);
  }
  return jobs;
}

// Time due and time received, up to now.
void RoundDesk::account() {
  const double seconds = parts_.clock.now() - accounted_s_;
  accounted_s_ = parts_.clock.now();
  if (seconds <= 0.0) return;
  if (!members_.empty() && std::isfinite(least_)) {
    parts_.books.counts.divided_s += seconds;
    parts_.books.counts.planned_least_s += seconds * least_;
  }
  for (auto& [job, member] : members_) {
    for (size_t pool = 0; pool < member.shares.size(); ++pool) {
      member.due_s[pool] += member.shares[pool] * seconds;
    }
  }
  for (const ActiveJob* active : parts_.running.in_order()) {
    Member& member = members_.at(active->job);
    member.received_s[static_cast<size_t>(active->pool)] += seconds;
    member.begun = active->pool;
  }
}

// ── Shares ───────────────────────────────────────────────────────────────────────────────────────

// What jobs hold or could hold now.
std::vector<double> RoundDesk::capacities() const {
  std::vector<double> chips;
  for (const Pool& pool : parts_.fleet.pools) {
    chips.push_back(
        std::max(0.0, static_cast<double>(pool.state.free_chips()) + pool.running_chips));
  }
  return chips;
}

void RoundDesk::divide() {
  scheduling::ShareProblem problem;
  problem.capacity_chips = divided_chips_ = capacities();
  others_ = false;
  std::vector<Member*> dividing;
  for (auto& [job, member] : members_) {
    const model::Job& j = parts_.jobs[static_cast<size_t>(job)];
    std::vector<double> speeds(problem.capacity_chips.size(), 0.0);
    double fastest = 0.0, most_chips = 0.0;
    for (const std::int32_t pool : parts_.works.pools_for(j)) {
      const auto index = static_cast<size_t>(pool);
      const Work work = parts_.works.evaluate(j, pool);
      if (!work.feasible || problem.capacity_chips[index] < work.chips) continue;
      most_chips = std::max(most_chips, work.chips);
      speeds[index] = 1.0 / work.run_time_s();
      fastest = std::max(fastest, speeds[index]);
    }
    std::fill(member.shares.begin(), member.shares.end(), 0.0);
    if (fastest <= 0.0) continue;  // no pool holds it now
    // Only ratios count; jobs that differ in length alone are alike.
    for (double& speed : speeds) speed /= fastest;
    problem.speeds.push_back(std::move(speeds));
    problem.chips.push_back(most_chips);
    problem.weights.push_back(weight_of(parts_.works.priority_of(j)));
    dividing.push_back(&member);
  }
  const scheduling::Shares shares = parts_.broker.divide(problem);
  least_ = dividing.empty() ? HUGE_VAL : shares.least;
  for (size_t i = 0; i < dividing.size(); ++i) dividing[i]->shares = shares.time[i];
}

// ── Places ───────────────────────────────────────────────────────────────────────────────────────

void RoundDesk::fill_later() {
  if (pending_) return;
  pending_ = true;
  parts_.clock.at(parts_.clock.now(), Phase::kDecision, parts_.fleet.pools.size() + 1, [this] {
    pending_ = false;
    account();
    if (others_) divide();
    give_places(false);
  });
}

std::int64_t RoundDesk::round() {
  account();
  ++parts_.books.counts.rounds;
  if (others_ || capacities() != divided_chips_) divide();
  return give_places(true);
}

// Jobs on their way keep their places, and all do unless a round begins. So do running jobs that
// never save: to pause they would have to begin anew.
std::int64_t RoundDesk::give_places(bool all) {
  std::vector<scheduling::RoundJob> jobs;
  for (const auto& [job, member] : members_) {
    const bool stays =
        member.pool >= 0 && (!all || parts_.relocation.is_under_way(job) || never_saves(job));
    jobs.push_back({parts_.jobs[static_cast<size_t>(job)].chips, member.shares, member.due_s,
                    member.received_s, member.pool, stays});
  }
  const std::vector<int> places = scheduling::next_round(jobs, capacities());
  std::int64_t changes = 0;
  size_t i = 0;
  for (auto& [job, member] : members_) {
    const std::int32_t to = places[i++];
    if (to != member.pool && change(job, member, to)) ++changes;
  }
  return changes;
}

bool RoundDesk::never_saves(std::int32_t job) const {
  const ActiveJob* running = parts_.running.find(job);
  return running != nullptr && running->work.saves.every <= 0.0;
}

// Returns whether the job could take its new place.
bool RoundDesk::change(std::int32_t job, Member& member, std::int32_t to) {
  const ActiveJob* running = parts_.running.find(job);
  const std::int32_t from = member.pool;
  if (running != nullptr) {
    member.begun = from;
    if (to >= 0 && !parts_.relocation.send_to(job, running, from, to)) return false;
    if (to < 0) hooks_.stop(job, parts_.relocation.pausing(*running));
    if (to >= 0) member.begun = to;
    member.pool = to;
    return true;
  }
  if (from >= 0) hooks_.withdraw(job, from);
  member.pool = to;
  if (to < 0) return true;
  const ActiveJob* before = parts_.running.preempted(job);
  if (before != nullptr && member.begun < 0) member.begun = before->pool;  // it ran for no time
  if (before == nullptr || member.begun == to) {
    hooks_.arrive(job, to);
  } else if (parts_.relocation.send_to(job, nullptr, member.begun, to)) {
    member.begun = to;
  } else {
    member.pool = -1;
    return false;
  }
  return true;
}

}  // namespace busbar::engine
