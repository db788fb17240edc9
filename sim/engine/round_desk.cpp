#include "sim/engine/round_desk.h"

#include <algorithm>
#include <cmath>

namespace busbar::engine {
namespace {

// A step of priority is twice the share. Beyond this many steps nobody tells the difference.
constexpr int kMostSteps = 10;
constexpr double kSameSpeed = 1e-9;  // of the largest

double weight_of(int priority) { return std::exp2(std::clamp(priority, -kMostSteps, kMostSteps)); }

}  // namespace

// ── Who is there ─────────────────────────────────────────────────────────────────────────────────

void RoundDesk::admit(std::int32_t job) {
  const std::vector<double> none(parts_.fleet.pools.size(), 0.0);
  account();
  Member& member = members_[job];
  member = {-1, -1, none, none, none, none, none};
  know_speeds(job, member);
  const auto alike = known_.find(likeness(job, member));
  if (alike != known_.end()) {
    member.shares = alike->second;
  } else {
    strangers_ = true;
  }
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

// Only ratios count, so that jobs which differ in length alone are alike, to a rounding.
void RoundDesk::know_speeds(std::int32_t job, Member& member) const {
  const model::Job& j = parts_.jobs[static_cast<size_t>(job)];
  for (const std::int32_t pool : parts_.works.pools_for(j)) {
    const Work work = parts_.works.evaluate(j, pool);
    if (!work.feasible) continue;
    member.speeds[static_cast<size_t>(pool)] = 1.0 / work.run_time_s();
    member.chips[static_cast<size_t>(pool)] = work.chips;
  }
  const double fastest = *std::max_element(member.speeds.begin(), member.speeds.end());
  for (double& speed : member.speeds) {
    if (fastest > 0.0) speed = std::round(speed / fastest / kSameSpeed) * kSameSpeed;
  }
}

RoundDesk::Likeness RoundDesk::likeness(std::int32_t job, const Member& member) const {
  std::vector<double> speeds = member.speeds;
  for (size_t pool = 0; pool < speeds.size(); ++pool) {
    if (divided_chips_.empty() || divided_chips_[pool] < member.chips[pool]) speeds[pool] = 0.0;
  }
  const int priority = parts_.works.priority_of(parts_.jobs[static_cast<size_t>(job)]);
  return {member.chips, weight_of(priority), std::move(speeds)};
}

void RoundDesk::divide() {
  scheduling::ShareProblem problem;
  problem.capacity_chips = divided_chips_ = capacities();
  others_ = strangers_ = false;
  known_.clear();
  std::vector<std::pair<Member*, Likeness>> dividing;
  for (auto& [job, member] : members_) {
    std::fill(member.shares.begin(), member.shares.end(), 0.0);
    Likeness like = likeness(job, member);
    const auto& [chips, weight, speeds] = like;
    if (*std::max_element(speeds.begin(), speeds.end()) <= 0.0) continue;  // no pool holds it now
    problem.speeds.push_back(speeds);
    problem.chips.push_back(chips);
    problem.weights.push_back(weight);
    dividing.emplace_back(&member, std::move(like));
  }
  const scheduling::Shares shares = parts_.broker.divide(problem);
  least_ = dividing.empty() ? HUGE_VAL : shares.least;
  for (size_t i = 0; i < dividing.size(); ++i) {
    dividing[i].first->shares = shares.time[i];
    known_.emplace(std::move(dividing[i].second), shares.time[i]);
  }
}

// ── Places ───────────────────────────────────────────────────────────────────────────────────────

void RoundDesk::fill_later() {
  if (pending_) return;
  pending_ = true;
  parts_.clock.at(parts_.clock.now(), Phase::kDecision, parts_.fleet.pools.size() + 1, [this] {
    pending_ = false;
    account();
    if (strangers_) divide();
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
    jobs.push_back(
        {member.chips, member.shares, member.due_s, member.received_s, member.pool, stays});
  }
  const double ahead_s = all ? parts_.broker.terms().review.value : 0.0;
  const std::vector<int> places = scheduling::next_round(jobs, capacities(), ahead_s);
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
