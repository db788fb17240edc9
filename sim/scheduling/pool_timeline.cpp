#include "sim/scheduling/pool_timeline.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace busbar::scheduling {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

bool is_open(const Part& part, size_t slot) {
  return slot < part.shared.size() && part.shared[slot] >= 0;
}

bool can_open(const Part& part, std::int32_t pod) {
  return part.free_domains >= 1 && (part.pods.empty() || part.pods.free(pod) >= 1);
}

// Leaves in `common` what is free both there and in `other`. A domain that is shared first and
// whole later can still be shared, as long as a whole domain is free then.
void intersect(PoolState& common, const PoolState& other) {
  for (size_t i = 0; i < common.parts.size(); ++i) {
    Part& part = common.parts[i];
    const Part& with = other.parts[i];
    const size_t slots = std::max(part.shared.size(), with.shared.size());
    part.shared.resize(slots, -1);
    for (size_t slot = 0; slot < slots; ++slot) {
      const bool here = part.shared[slot] >= 0, there = is_open(with, slot);
      std::int32_t& free = part.shared[slot];
      if (here && there) {
        free = std::min(free, with.shared[slot]);
      } else if (here && !can_open(with, part.pod_of(static_cast<std::int32_t>(slot)))) {
        free = -1;
      }
    }
    part.shared_free_chips = 0;
    for (const std::int32_t free : part.shared) part.shared_free_chips += std::max(free, 0);
    part.free_domains = std::min(part.free_domains, with.free_domains);
    part.pods.intersect(with.pods);
  }
  for (size_t site = 0; site < common.headroom.size(); ++site) {
    Headroom& room = common.headroom[site];
    room.it_w = std::min(room.it_w, other.headroom[site].it_w);
    room.grid_w = std::min(room.grid_w, other.headroom[site].grid_w);
  }
}

}  // namespace

PoolTimeline::PoolTimeline(const PoolView& pool, const PoolState& state)
    : placement_(pool.placement),
      windows_(pool.windows),
      fewest_chips_(pool.queue.fewest_chips()),
      planned_slots_(state.parts.size()) {
  steps_.push_back({pool.now_s, state.free_chips(), state, {}});
  for (Part& part : steps_.front().state.parts) {
    if (part.pods.rule() == PodCounts::Rule::kGroups) part.pods.forget();
  }
  look_for_openings();
}

void PoolTimeline::release(const RunningJob& job) {
  const double now_s = steps_.front().time_s;
  const double at_s =
      job.expected_end_s > now_s ? job.expected_end_s : std::nextafter(now_s, kNever);
  if (steps_.back().time_s != at_s) {
    Step next = steps_.back();
    next.time_s = at_s;
    steps_.push_back(std::move(next));
  }
  steps_.back().state.give_back(*job.allocation);
  steps_.back().free_chips = steps_.back().state.free_chips();
  for (const Window& window : windows_) {
    if (window.tenant < 0 || window.tenant != job.tenant) continue;
    for (const Share& share : job.allocation->shares) {
      if (share.part != window.part) continue;
      own_.push_back({job.tenant, share.part, steps_.back().state.chips_of(share), at_s});
    }
    break;
  }
}

bool PoolTimeline::fits_now(const WaitingJob& job) const {
  return enters(openings_, steps_.front().time_s, job.request.chips, job.requested_s);
}

// ── Windows ──────────────────────────────────────────────────────────────────────────────────────

void PoolTimeline::complete() {
  if (!windows_.empty()) add_windows();
  look_for_openings();
}

// A step that begins at a time, the same as the one that it cuts in two.
void PoolTimeline::cut_step(double time_s) {
  if (time_s <= steps_.front().time_s || time_s == kNever) return;
  const auto after =
      std::upper_bound(steps_.begin(), steps_.end(), time_s,
                       [](double time, const Step& step) { return time < step.time_s; });
  if ((after - 1)->time_s == time_s) return;
  Step cut = *(after - 1);
  cut.time_s = time_s;
  steps_.insert(after, std::move(cut));
}

void PoolTimeline::add_windows() {
  for (const Window& window : windows_) {
    cut_step(window.begin_s);
    cut_step(window.end_s);
  }
  for (Step& step : steps_) {
    hold_back(step);
    count(step);
  }
}

// Takes out of a step what its windows hold back: what their tenants have already counts towards
// it.
void PoolTimeline::hold_back(Step& step) const {
  step.held.assign(windows_.size(), 0);
  for (size_t i = 0; i < windows_.size(); ++i) {
    const Window& window = windows_[i];
    if (step.time_s < window.begin_s || step.time_s >= window.end_s) continue;
    Part& part = step.state.parts[static_cast<size_t>(window.part)];
    if (window.chips == Window::kAllChips) continue;
    std::int64_t chips = window.chips;
    for (const Own& own : own_) {
      const bool counts = own.tenant == window.tenant && own.part == window.part;
      if (counts && own.end_s > step.time_s) chips -= own.chips;
    }
    // What counts towards one window does not count towards the next.
    for (size_t earlier = 0; earlier < i; ++earlier) {
      const Window& other = windows_[earlier];
      if (other.tenant == window.tenant && other.part == window.part &&
          step.time_s >= other.begin_s && step.time_s < other.end_s &&
          other.chips != Window::kAllChips) {
        chips += other.chips;
        chips -= step.held[earlier] * part.chips_per_domain;
      }
    }
    chips = std::min(chips, window.chips);
    if (chips <= 0) continue;
    step.held[i] = (chips + part.chips_per_domain - 1) / part.chips_per_domain;
    part.free_domains -= step.held[i];
  }
  // Of a closed part nobody has anything, whoever has reserved it.
  for (const Window& window : windows_) {
    if (window.chips != Window::kAllChips) continue;
    if (step.time_s < window.begin_s || step.time_s >= window.end_s) continue;
    Part& part = step.state.parts[static_cast<size_t>(window.part)];
    part.free_domains = std::min<std::int64_t>(part.free_domains, 0);
    std::fill(part.shared.begin(), part.shared.end(), -1);
    part.shared_free_chips = 0;
    for (size_t i = 0; i < windows_.size(); ++i) {
      if (windows_[i].part == window.part) step.held[i] = 0;
    }
  }
}

// What the windows of a tenant hold back is free for it.
const PoolState& PoolTimeline::open_to(std::int32_t tenant, const Step& step,
                                       PoolState& scratch) const {
  bool copied = false;
  for (size_t i = 0; i < step.held.size(); ++i) {
    if (step.held[i] == 0 || windows_[i].tenant != tenant) continue;
    if (!copied) scratch = step.state;
    copied = true;
    scratch.parts[static_cast<size_t>(windows_[i].part)].free_domains += step.held[i];
  }
  return copied ? scratch : step.state;
}

// What a tenant's job takes, its windows hold back no longer.
void PoolTimeline::take_in_windows(std::int32_t tenant, Allocation& allocation, Step& step) const {
  std::vector<std::int64_t> before;
  for (const Part& part : step.state.parts) before.push_back(part.free_domains);
  step.state.take(allocation);
  for (size_t i = 0; i < step.held.size(); ++i) {
    if (step.held[i] == 0 || windows_[i].tenant != tenant) continue;
    const auto at = static_cast<size_t>(windows_[i].part);
    const std::int64_t domains =
        std::min(step.held[i], before[at] - step.state.parts[at].free_domains);
    step.held[i] -= domains;
    step.state.parts[at].free_domains += domains;
    before[at] -= domains;
  }
}

void PoolTimeline::count(Step& step) const {
  step.free_chips = step.state.free_chips();
  for (size_t i = 0; i < step.held.size(); ++i) {
    step.free_chips +=
        step.held[i] * step.state.parts[static_cast<size_t>(windows_[i].part)].chips_per_domain;
  }
}

// ── Room ─────────────────────────────────────────────────────────────────────────────────────────

// The first step after `from` that does not begin before `end_s`.
size_t PoolTimeline::end_of(size_t from, double end_s) const {
  size_t to = from + 1;
  while (to < steps_.size() && steps_[to].time_s < end_s) ++to;
  return to;
}

bool PoolTimeline::holds(std::int32_t tenant, const Allocation& allocation, size_t from,
                         size_t to) const {
  PoolState scratch;
  return std::all_of(steps_.begin() + static_cast<std::ptrdiff_t>(from),
                     steps_.begin() + static_cast<std::ptrdiff_t>(to), [&](const Step& step) {
                       return open_to(tenant, step, scratch).holds(allocation);
                     });
}

// Room that is the same in the steps [from, to).
bool PoolTimeline::find(const WaitingJob& job, size_t from, size_t to, Allocation& found) const {
  const Request& request = job.request;
  Obstacle why = Obstacle::kNone;
  PoolState scratch;
  if (!open_to(job.tenant, steps_[from], scratch).find(request, placement_, found, why)) {
    return false;
  }
  if (holds(job.tenant, found, from, to)) return true;
  PoolState common = open_to(job.tenant, steps_[from], scratch);
  for (size_t step = from + 1; step < to; ++step) {
    intersect(common, open_to(job.tenant, steps_[step], scratch));
  }
  if (common.find(request, placement_, found, why) && holds(job.tenant, found, from, to)) {
    return true;
  }
  for (Part& part : common.parts) {  // without sharing domains
    part.shared.clear();
    part.shared_free_chips = 0;
  }
  return common.find(request, placement_, found, why) && holds(job.tenant, found, from, to);
}

bool PoolTimeline::find_now(const WaitingJob& job, Allocation& found) const {
  return find(job, 0, end_of(0, steps_.front().time_s + job.requested_s), found);
}

bool PoolTimeline::holds_now(const WaitingJob& job, const Allocation& allocation) const {
  return holds(job.tenant, allocation, 0, end_of(0, steps_.front().time_s + job.requested_s));
}

void PoolTimeline::take(const WaitingJob& job, size_t from, double end_s, size_t to,
                        const Allocation& allocation) {
  if (end_s < kNever && (to == steps_.size() || steps_[to].time_s != end_s)) {
    Step at_end = steps_[to - 1];
    at_end.time_s = end_s;
    steps_.insert(steps_.begin() + static_cast<std::ptrdiff_t>(to), std::move(at_end));
  }
  for (size_t step = from; step < to; ++step) {
    Allocation same = allocation;
    for (const Share& share : same.shares) {
      std::vector<std::int32_t>& shared =
          steps_[step].state.parts[static_cast<size_t>(share.part)].shared;
      const auto slots = static_cast<size_t>(share.shared_slot + 1);
      if (share.shared_chips > 0 && shared.size() < slots) shared.resize(slots, -1);
    }
    Step& here = steps_[step];
    if (windows_.empty()) {
      here.state.take(same);
    } else {
      take_in_windows(job.tenant, same, here);
    }
    count(here);
  }
}

// A reservation that opens a domain gets a slot that no step uses.
void PoolTimeline::name_shared_domains(size_t from, size_t to, Allocation& allocation) {
  for (Share& share : allocation.shares) {
    if (share.shared_chips == 0 || share.shared_slot >= 0) continue;
    const auto part = static_cast<size_t>(share.part);
    std::vector<std::int32_t>& planned = planned_slots_[part];
    const auto unused = std::find_if(planned.begin(), planned.end(), [&](std::int32_t slot) {
      for (size_t step = from; step < to; ++step) {
        if (is_open(steps_[step].state.parts[part], static_cast<size_t>(slot))) return false;
      }
      return true;
    });
    if (unused != planned.end()) {
      share.shared_slot = *unused;
      continue;
    }
    size_t slots = 0;
    for (const Step& step : steps_) slots = std::max(slots, step.state.parts[part].shared.size());
    share.shared_slot = static_cast<std::int32_t>(slots);
    planned.push_back(share.shared_slot);
  }
}

// A start took the slot of a domain that a reservation opens later: the reservation moves.
void PoolTimeline::step_aside(const Share& share) {
  const auto part = static_cast<size_t>(share.part);
  std::vector<std::int32_t>& planned = planned_slots_[part];
  const auto taken = std::find(planned.begin(), planned.end(), share.shared_slot);
  if (share.shared_chips == 0 || taken == planned.end()) return;
  size_t slots = 0;
  for (const Step& step : steps_) slots = std::max(slots, step.state.parts[part].shared.size());
  for (Step& step : steps_) {
    Part& here = step.state.parts[part];
    for (std::vector<std::int32_t>* by_slot : {&here.shared, &here.shared_pod}) {
      by_slot->resize(slots + 1, -1);
      std::swap((*by_slot)[slots], (*by_slot)[static_cast<size_t>(share.shared_slot)]);
    }
  }
  *taken = static_cast<std::int32_t>(slots);
}

void PoolTimeline::start(const WaitingJob& job, const Allocation& allocation) {
  for (const Share& share : allocation.shares) {
    if (!is_open(steps_.front().state.parts[static_cast<size_t>(share.part)],
                 static_cast<size_t>(std::max(share.shared_slot, 0)))) {
      step_aside(share);
    }
  }
  const double end_s = steps_.front().time_s + job.requested_s;
  take(job, 0, end_s, end_of(0, end_s), allocation);
  look_for_openings();
}

void PoolTimeline::reserve(const WaitingJob& job) {
  for (size_t from = 0; from < horizon_; ++from) {
    if (steps_[from].free_chips < job.request.chips) continue;
    const double end_s = steps_[from].time_s + job.requested_s;
    size_t to = from + 1;
    bool enough = true;
    for (; to < steps_.size() && steps_[to].time_s < end_s; ++to) {
      enough = steps_[to].free_chips >= job.request.chips;
      if (!enough) break;
    }
    if (!enough) {  // not before the step after that one
      from = to;
      continue;
    }
    Allocation found;
    if (!find(job, from, to, found)) continue;
    name_shared_domains(from, to, found);
    take(job, from, end_s, to, found);
    look_for_openings();
    return;
  }
}

void PoolTimeline::look_for_openings() {
  openings_.clear();
  reservable_ = {0, kNever};
  horizon_ = 0;
  std::int64_t chips = steps_.front().free_chips;
  for (; horizon_ < steps_.size(); ++horizon_) {
    const Step& step = steps_[horizon_];
    if (step.free_chips < fewest_chips_) {
      reservable_.end_s = step.time_s;
      break;
    }
    reservable_.chips = std::max(reservable_.chips, step.free_chips);
    if (step.free_chips < chips) {
      openings_.push_back({chips, step.time_s});
      chips = step.free_chips;
    }
  }
  if (horizon_ > 0) openings_.push_back({chips, reservable_.end_s});
}

}  // namespace busbar::scheduling
