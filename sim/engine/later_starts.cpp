#include "sim/engine/later_starts.h"

#include <cmath>
#include <utility>

namespace busbar::engine {

bool LaterStarts::has_room(std::int32_t index, double chips, double from_s, double to_s) const {
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  for (auto job = pool.running.rbegin(); job != pool.running.rend(); ++job) {
    if (job->expected_end_s <= from_s) break;
    chips += static_cast<double>(job->chips);
  }
  for (const auto& [id, held] : held_) {
    if (held.pool == index && held.start_s < to_s && held.end_s > from_s) chips += held.chips;
  }
  return chips <= pool.capacity_chips();
}

void LaterStarts::add(const model::Job& job, std::vector<scheduling::PoolOption>& options) {
  if (most_.value <= 0.0) return;
  const double now = parts_.clock.now();
  const size_t at_once = options.size();
  for (size_t i = 0; i < at_once; ++i) {
    const scheduling::PoolOption first = options[i];
    const Work work = parts_.works.evaluate(job, first.pool);
    for (double start_s = (std::floor(now / base::kHour) + 1.0) * base::kHour;
         start_s - now <= most_.value; start_s += base::kHour) {
      if (start_s - now <= first.wait_s()) continue;
      if (!has_room(first.pool, first.chips, start_s, start_s + first.run_time_s)) continue;
      options.push_back(parts_.options.later(job, work, first, start_s - now, now));
    }
  }
}

void LaterStarts::hold(std::int32_t id, const scheduling::PoolOption& chosen,
                       std::function<void()> release) {
  ++parts_.books.counts.held_back;
  parts_.books.counts.held_back_chip_seconds += chosen.chips * chosen.not_before_s;
  parts_.journal.note(record::EventKind::kHold, id, chosen.not_before_s);
  keep(id, chosen, std::move(release));
}

void LaterStarts::pause(std::int32_t id, const scheduling::PoolOption& chosen,
                        std::function<void()> release) {
  ++parts_.books.counts.paused;
  parts_.books.counts.paused_chip_seconds += chosen.chips * chosen.not_before_s;
  parts_.journal.note(record::EventKind::kPause, id, chosen.not_before_s);
  keep(id, chosen, std::move(release));
}

void LaterStarts::keep(std::int32_t id, const scheduling::PoolOption& chosen,
                       std::function<void()> release) {
  const double start_s = parts_.clock.now() + chosen.not_before_s;
  held_[id] = {chosen.pool, chosen.chips, start_s, start_s + chosen.run_time_s};
  parts_.clock.at(start_s, Phase::kArrival, static_cast<std::uint64_t>(id),
                  [this, id, release = std::move(release)] {
                    held_.erase(id);
                    release();
                  });
}

std::vector<std::int32_t> LaterStarts::held() const {
  std::vector<std::int32_t> jobs;
  for (const auto& [id, held] : held_) jobs.push_back(id);
  return jobs;
}

}  // namespace busbar::engine
