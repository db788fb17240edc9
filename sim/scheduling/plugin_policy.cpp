#include "sim/scheduling/plugin_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "sim/scheduling/count_timeline.h"
#include "sim/scheduling/pass.h"

namespace busbar::scheduling {
namespace {

// The named part first; the rest as if there were no choice.
class InPart : public Placement {
 public:
  explicit InPart(std::int32_t part) : part_(part) {}
  Score score(const PoolState&, const Candidate& candidate) const override {
    return {candidate.part == part_ ? 0.0 : 1.0, 0.0, 0.0};
  }

 private:
  std::int32_t part_;
};

}  // namespace

// The states that a plug-in plays with, and what it took in each. Copied from the pool when asked.
struct PluginPolicy::Scratch {
  struct Taken {
    size_t job;
    Allocation allocation;
  };
  struct State {
    PoolState state;
    std::vector<Taken> taken;
  };
  std::array<std::optional<State>, BUSBAR_STATES> states;

  State& at(int index, const PoolView& pool) {
    auto& state = states[static_cast<size_t>(index)];
    if (!state) state = State{pool.state, {}};
    return *state;
  }
};

PluginPolicy::PluginPolicy(std::shared_ptr<PluginProcess> process, const base::Params& params)
    : process_(std::move(process)) {
  process_->create(params);
}

void PluginPolicy::reject(const std::string& what, std::int32_t job) const {
  throw PolicyFailure(fmt::format("{} {}", process_->title(), what), job);
}

Decisions PluginPolicy::decide(const PoolView& pool) const {
  show(pool);
  Scratch scratch;
  process_->decide([&] { answer(pool, scratch); });

  const PluginWindow& window = process_->window();
  if (window.returned != 0) {
    process_->window().text[PluginWindow::kTextBytes - 1] = '\0';
    reject(fmt::format("returned {}{}{}", window.returned, window.text[0] != '\0' ? ": " : "",
                       window.text));
  }
  restart_s_ = window.preempted_restart_s;
  if (!(restart_s_ >= 0.0) || std::isinf(restart_s_)) {
    reject(fmt::format("lets preempted jobs restart for {} s; it must be 0 or more", restart_s_));
  }
  Decisions decisions;
  PoolState state = pool.state;
  decisions.preempted = preemptions(pool, state);
  starts(pool, state, decisions);
  return decisions;
}

// ── What it sees ─────────────────────────────────────────────────────────────────────────────────

void PluginPolicy::show(const PoolView& pool) const {
  waiting_.clear();
  running_.clear();
  const PluginArrays arrays(pool.queue.size(), pool.running.size(), pool.state.parts.size(),
                            pool.tenants.size());
  if (!PluginProcess::holds(arrays.end)) {
    reject(
        fmt::format("cannot be shown {} waiting and {} running jobs: they are more than its "
                    "window holds",
                    pool.queue.size(), pool.running.size()));
  }
  PluginWindow& window = process_->window();
  window.now_s = pool.now_s;
  window.free_chips = pool.state.free_chips();
  window.waiting_count = static_cast<std::uint32_t>(pool.queue.size());
  window.running_count = static_cast<std::uint32_t>(pool.running.size());
  window.part_count = static_cast<std::uint32_t>(pool.state.parts.size());
  window.tenant_count = static_cast<std::uint32_t>(pool.tenants.size());
  window.counts_tell_all =
      CountTimeline::suffices(pool.state) && pool.state.parts.front().free_domains >= 0 ? 1 : 0;

  auto* waiting = array_in<busbar_waiting>(window, arrays.waiting);
  for (auto at = pool.queue.front(); at != WaitingQueue::kEnd; at = pool.queue.after(at)) {
    const WaitingJob& job = pool.queue[at];
    *waiting++ = {job.id,
                  job.tenant,
                  job.priority,
                  0,
                  job.request.chips,
                  job.requested_s,
                  job.submit_s,
                  job.request.watts_per_chip};
    waiting_.push_back(at);
  }
  auto* running = array_in<busbar_running>(window, arrays.running);
  for (const RunningJob& job : pool.running) {
    *running++ = {job.id, job.tenant, job.chips, job.start_s, job.expected_end_s};
    running_.push_back(&job);
  }
  auto* part = array_in<busbar_part>(window, arrays.parts);
  for (const Part& p : pool.state.parts) {
    const Headroom& room = pool.state.headroom[static_cast<size_t>(p.site)];
    *part++ = {p.cluster,           p.site,    p.island,   p.chips_per_domain, p.free_domains,
               p.shared_free_chips, room.it_w, room.grid_w};
  }
  auto* tenant = array_in<busbar_tenant>(window, arrays.tenants);
  for (const Tenant& t : pool.tenants) *tenant++ = {t.quota_chips, t.held_chips, t.used_chip_s};
}

// ── What it asks ─────────────────────────────────────────────────────────────────────────────────

void PluginPolicy::answer(const PoolView& pool, Scratch& scratch) const {
  PluginWindow& window = process_->window();
  const PluginQuestion question = window.question;
  const int index = window.state, from = window.from;
  const size_t job = window.job;
  const auto known = [](int state) { return state >= 0 && state < BUSBAR_STATES; };
  if (!known(index) || (question == PluginQuestion::kCopy && !known(from))) {
    reject(fmt::format("asks about state {}; there are 0 to {}", known(index) ? from : index,
                       BUSBAR_STATES - 1));
  }
  const bool of_running = question == PluginQuestion::kRelease;
  const size_t jobs = of_running ? running_.size() : waiting_.size();
  if (question != PluginQuestion::kCopy && job >= jobs) {
    reject(fmt::format("asks about {} job {} of {}; indices count from 0",
                       of_running ? "running" : "waiting", job, jobs));
  }
  Scratch::State& state = scratch.at(index, pool);
  Allocation found;
  Obstacle why = Obstacle::kNone;
  window.yes = 0;
  switch (question) {
    case PluginQuestion::kFits:
    case PluginQuestion::kTake:
      if (!state.state.find(pool.queue[waiting_[job]].request, pool.placement, found, why)) break;
      window.yes = 1;
      if (question == PluginQuestion::kFits) break;
      state.state.take(found);
      state.taken.push_back({job, std::move(found)});
      break;
    case PluginQuestion::kRelease:
      state.state.give_back(*running_[job]->allocation);
      break;
    case PluginQuestion::kCopy:
      if (index != from) state = scratch.at(from, pool);
      break;
    case PluginQuestion::kEarliest:
      window.time_s = earliest(pool, scratch, index, job);
      break;
    default:
      reject("asks what it may not ask; its memory is damaged");
  }
  window.state_free_chips = scratch.at(index, pool).state.free_chips();
}

double PluginPolicy::earliest(const PoolView& pool, Scratch& scratch, int index, size_t job) const {
  Scratch::State& state = scratch.at(index, pool);
  std::set<RunningJob> started;
  for (const Scratch::Taken& taken : state.taken) {
    const WaitingJob& waiting = pool.queue[waiting_[taken.job]];
    started.insert(
        {pool.now_s + waiting.requested_s, waiting.request.chips, waiting.id, &taken.allocation});
  }
  const Request& request = pool.queue[waiting_[job]].request;
  double time_s = std::numeric_limits<double>::infinity();
  Allocation found;
  Obstacle why = Obstacle::kNone;
  // It cannot fit before as many chips are free as it asks for: look only from then on.
  std::int64_t free = state.state.free_chips();
  by_expected_end(pool.running, started, [&](const RunningJob& next) {
    state.state.give_back(*next.allocation);
    free += next.chips;
    if (free < request.chips || !state.state.find(request, pool.placement, found, why)) return true;
    time_s = next.expected_end_s;
    return false;
  });
  state.taken.clear();
  return time_s;
}

// ── What it decides ──────────────────────────────────────────────────────────────────────────────

std::vector<std::int32_t> PluginPolicy::preemptions(const PoolView& pool, PoolState& state) const {
  PluginWindow& window = process_->window();
  const PluginArrays arrays(pool.queue.size(), pool.running.size(), pool.state.parts.size(),
                            pool.tenants.size());
  const std::uint32_t count = window.preempted_count;
  if (count > running_.size()) {
    reject(fmt::format("preempts {} jobs of {} that run", count, running_.size()));
  }
  const auto* ids = array_in<std::int32_t>(window, arrays.preempted);
  std::vector<std::int32_t> preempted;
  std::set<std::int32_t> seen;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::int32_t id = ids[i];
    const auto job = std::find_if(running_.begin(), running_.end(),
                                  [&](const RunningJob* running) { return running->id == id; });
    if (job == running_.end()) reject("preempts a job that does not run", id);
    if (!seen.insert(id).second) reject("preempts a job twice", id);
    if ((*job)->start_s >= pool.now_s) reject("preempts a job that has just started", id);
    state.give_back(*(*job)->allocation);
    preempted.push_back(id);
  }
  return preempted;
}

// Jobs mostly start in the order of the queue: looks onwards from where the last one stood.
size_t PluginPolicy::find_waiting(const PoolView& pool, std::int32_t id, size_t from) const {
  for (size_t i = 0; i < waiting_.size(); ++i) {
    const size_t at = (from + i) % waiting_.size();
    if (pool.queue[waiting_[at]].id == id) return at;
  }
  reject("starts a job that does not wait", id);
}

void PluginPolicy::starts(const PoolView& pool, PoolState& state, Decisions& decisions) const {
  PluginWindow& window = process_->window();
  const PluginArrays arrays(pool.queue.size(), pool.running.size(), pool.state.parts.size(),
                            pool.tenants.size());
  const std::uint32_t count = window.start_count;
  if (count > waiting_.size()) {
    reject(fmt::format("starts {} jobs of {} that wait", count, waiting_.size()));
  }
  const auto* starts = array_in<busbar_start>(window, arrays.starts);
  std::vector<bool> started(waiting_.size(), false);
  Obstacle why = Obstacle::kNone;
  Allocation found;
  // What the head of the queue waits for is asked before a later job passes it.
  bool head_asked = false;
  size_t head = 0, next = 0;
  const auto ask_head = [&] {
    if (head_asked || head == waiting_.size()) return;
    head_asked = true;
    Allocation room;
    state.find(pool.queue[waiting_[head]].request, pool.placement, room, decisions.head_waits_for);
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    const busbar_start start = starts[i];
    const size_t at = find_waiting(pool, start.id, next);
    if (started[at]) reject("starts a job twice", start.id);
    if (at != head) ask_head();
    const Request& request = pool.queue[waiting_[at]].request;
    if (start.part >= static_cast<std::int32_t>(state.parts.size()) || start.part < -1) {
      reject(
          fmt::format("starts a job in part {}; there are 0 to {}, -1 leaves it to the placement",
                      start.part, state.parts.size() - 1),
          start.id);
    }
    const InPart named(start.part);
    const Placement& placement = start.part >= 0 ? named : pool.placement;
    if (!state.find(request, placement, found, why))
      reject("starts a job that does not fit", start.id);
    if (start.part >= 0 && (found.shares.size() != 1 || found.shares.front().part != start.part)) {
      reject(fmt::format("starts a job that does not fit in part {}", start.part), start.id);
    }
    state.take(found);
    decisions.starts.push_back({waiting_[at], found});
    started[at] = true;
    next = at + 1;
    if (!head_asked && at == head) ++head;
  }
  ask_head();
}

}  // namespace busbar::scheduling
