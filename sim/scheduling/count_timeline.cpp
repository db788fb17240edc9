#include "sim/scheduling/count_timeline.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace busbar::scheduling {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

}  // namespace

CountTimeline::CountTimeline(const PoolView& pool, const PoolState& state)
    : state_(state),
      placement_(pool.placement),
      time_s_{pool.now_s},
      free_{state.parts.front().free_domains},
      fewest_chips_(pool.queue.fewest_chips()) {
  look_for_openings();
}

bool CountTimeline::suffices(const PoolState& state) {
  if (state.parts.size() != 1 || state.parts.front().chips_per_domain != 1) return false;
  if (state.parts.front().pods.rule() == PodCounts::Rule::kSlices) return false;
  const Headroom& room = state.headroom[static_cast<size_t>(state.parts.front().site)];
  return room.it_w == kNever && room.grid_w == kNever;
}

void CountTimeline::release(const RunningJob& job) {
  const double at_s =
      job.expected_end_s > now_s() ? job.expected_end_s : std::nextafter(now_s(), kNever);
  if (time_s_.back() == at_s) {
    free_.back() += job.chips;
  } else {
    time_s_.push_back(at_s);
    free_.push_back(free_.back() + job.chips);
  }
}

bool CountTimeline::fits_now(const WaitingJob& job) const {
  return enters(openings_, now_s(), job.request.chips, job.requested_s);
}

bool CountTimeline::find_now(const WaitingJob& job, Allocation& found) const {
  Obstacle why = Obstacle::kNone;
  return state_.find(job.request, placement_, found, why);
}

// Takes chips from a step on until `end_s`, which lies before step `to`.
void CountTimeline::take(size_t from, double end_s, size_t to, std::int64_t chips) {
  if (end_s < kNever && (to == time_s_.size() || time_s_[to] != end_s)) {
    time_s_.insert(time_s_.begin() + static_cast<std::ptrdiff_t>(to), end_s);
    free_.insert(free_.begin() + static_cast<std::ptrdiff_t>(to), free_[to - 1]);
  }
  for (size_t step = from; step < to; ++step) free_[step] -= chips;
}

void CountTimeline::start(const WaitingJob& job, const Allocation&) {
  const double end_s = now_s() + job.requested_s;
  size_t to = 1;
  while (to < time_s_.size() && time_s_[to] < end_s) ++to;
  take(0, end_s, to, job.request.chips);
  look_for_openings();
}

void CountTimeline::reserve(const WaitingJob& job) {
  const std::int64_t chips = job.request.chips;
  for (size_t from = 0; from < horizon_; ++from) {
    if (free_[from] < chips) continue;
    const double end_s = time_s_[from] + job.requested_s;
    size_t to = from + 1;
    while (to < time_s_.size() && time_s_[to] < end_s && free_[to] >= chips) ++to;
    if (to < time_s_.size() && time_s_[to] < end_s) {  // too few: not before the step after that
      from = to;
      continue;
    }
    take(from, end_s, to, chips);
    look_for_openings();
    return;
  }
}

void CountTimeline::look_for_openings() {
  openings_.clear();
  reservable_ = {0, kNever};
  horizon_ = 0;
  std::int64_t chips = free_.front();
  for (; horizon_ < free_.size(); ++horizon_) {
    const std::int64_t free = free_[horizon_];
    if (free < fewest_chips_) {
      reservable_.end_s = time_s_[horizon_];
      break;
    }
    reservable_.chips = std::max(reservable_.chips, free);
    if (free < chips) {
      openings_.push_back({chips, time_s_[horizon_]});
      chips = free;
    }
  }
  if (horizon_ > 0) openings_.push_back({chips, reservable_.end_s});
}

}  // namespace busbar::scheduling
