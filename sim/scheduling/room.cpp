#include "sim/scheduling/room.h"

#include <set>

namespace busbar::scheduling {

Room::Room(const PoolView& pool) : pool_(pool), state_(pool.state) {
  if (pool.windows.empty()) return;
  for (const RunningJob& job : pool.running) running_.emplace(job.id, job);
}

PoolTimeline& Room::timeline() {
  if (timeline_) return *timeline_;
  timeline_.emplace(pool_, state_);
  std::set<RunningJob> by_end;
  for (const auto& [id, job] : running_) by_end.insert(job);
  for (const RunningJob& job : by_end) timeline_->release(job);
  timeline_->complete();
  return *timeline_;
}

bool Room::find(const WaitingJob& job, Allocation& found) {
  if (!pool_.windows.empty()) return timeline().find_now(job, found);
  Obstacle why = Obstacle::kNone;
  return state_.find(job.request, pool_.placement, found, why);
}

bool Room::holds(const WaitingJob& job, const Allocation& allocation) {
  return pool_.windows.empty() ? state_.holds(allocation) : timeline().holds_now(job, allocation);
}

void Room::take(const WaitingJob& job, Allocation& found) {
  state_.take(found);
  if (pool_.windows.empty()) return;
  timeline_.reset();
  taken_.push_back(found);
  running_[job.id] = {pool_.now_s + job.requested_s,
                      job.request.chips,
                      job.id,
                      &taken_.back(),
                      pool_.now_s,
                      job.tenant};
}

void Room::leave(std::int32_t id, const Allocation& allocation) {
  state_.give_back(allocation);
  if (pool_.windows.empty()) return;
  timeline_.reset();
  running_.erase(id);
}

}  // namespace busbar::scheduling
