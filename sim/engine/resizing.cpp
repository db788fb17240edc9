#include "sim/engine/resizing.h"

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"

namespace busbar::engine {

using scheduling::JobSizes;

Resizing::Resizing(Parts parts, const std::vector<model::Job>& jobs,
                   std::function<void(std::int32_t)> look_at)
    : parts_(parts),
      jobs_(jobs),
      look_at_(std::move(look_at)),
      rounds_(parts.fleet.pools.size(), 0) {}

const JobSizes* Resizing::sizes(const model::Job& job, std::int32_t pool) const {
  return parts_.policy.sizes_jobs() ? parts_.works.sizes(job, pool) : nullptr;
}

void Resizing::ask_for_least(scheduling::WaitingJob& waiting, const model::Job& job,
                             std::int32_t pool) const {
  waiting.sizes = sizes(job, pool);
  if (waiting.sizes == nullptr) return;
  const scheduling::JobSize& least = waiting.sizes->sizes.front();
  waiting.request.chips = least.chips;
  waiting.request.watts_per_chip = least.watts_per_chip;
  waiting.request.slices = least.slices;
  waiting.requested_s *= waiting.sizes->sizes[waiting.sizes->asked].goodput / least.goodput;
}

void Resizing::give_size(RunningJobs::Start& start, const model::Job& job) const {
  start.sizes = sizes(job, start.pool);
  if (start.sizes == nullptr) return;
  const scheduling::PoolState& state = parts_.fleet.pools[static_cast<size_t>(start.pool)].state;
  start.chips = state.chips_of(start.allocation);
  if (static_cast<double>(start.chips) == start.work.chips) return;
  start.other_size = parts_.works.evaluate(job, start.pool, start.chips);
}

std::vector<scheduling::ElasticJob> Resizing::running_in(std::int32_t pool) const {
  const double now = parts_.clock.now();
  std::vector<scheduling::ElasticJob> all;
  for (const auto& [id, slot] : parts_.running.resizable()) {
    const ActiveJob& active = parts_.running.in_slot(slot);
    // One that loads its checkpoint, or lacks a replica, keeps the size it has until it is whole.
    if (active.pool != pool || !active.out.empty() || std::isinf(active.restart_left_s)) continue;
    scheduling::ElasticJob job;
    job.id = id;
    job.allocation = &active.allocation;
    job.span = parts_.works.span_of(jobs_[static_cast<size_t>(id)]);
    job.sizes = active.sizes;
    job.size = active.sizes->index_of(static_cast<std::int64_t>(active.chips));
    job.work_left = active.tokens_left_at(now);
    job.restart_s = active.restart_left_at(now);
    job.sized_s = active.sized_s;
    all.push_back(job);
  }
  return all;
}

bool Resizing::any_in(std::int32_t pool) const {
  const auto& running = parts_.running.resizable();
  return std::any_of(running.begin(), running.end(), [&](const auto& job) {
    return parts_.running.in_slot(job.second).pool == pool;
  });
}

void Resizing::apply(std::int32_t pool, std::vector<scheduling::Resize> resizes) {
  const Pool& here = parts_.fleet.pools[static_cast<size_t>(pool)];
  std::vector<std::int32_t> sites;
  for (scheduling::Resize& resize : resizes) {
    const model::Job& job = jobs_[static_cast<size_t>(resize.id)];
    const ActiveJob& active = parts_.running.in_slot(parts_.running.resizable().at(resize.id));
    const JobSizes& sizes = *active.sizes;
    const std::int64_t chips = here.state.chips_of(resize.allocation);
    base::ensure(chips == sizes.sizes[resize.size].chips,
                 "a policy gives an elastic job other chips than those of its size");
    const size_t before = sizes.index_of(static_cast<std::int64_t>(active.chips));
    parts_.tenants.hold(parts_.tenants.tenant_of(job), static_cast<double>(chips) - active.chips,
                        parts_.clock.now());
    // Power that it gives up may start jobs of other pools at these sites.
    if (static_cast<double>(chips) < active.chips) {
      for (const scheduling::Share& share : active.allocation.shares) {
        sites.push_back(here.state.parts[static_cast<size_t>(share.part)].site);
      }
    }
    parts_.running.change_size(
        resize.id, {std::move(resize.allocation), parts_.works.evaluate(job, pool, chips),
                    static_cast<double>(chips), sizes.reshard_s(before, resize.size)});
  }
  for (const std::int32_t site : sites) {
    for (const std::int32_t other : parts_.fleet.pools_at({site})) {
      if (other != pool) look_at_(other);
    }
  }
}

void Resizing::plan_round(std::int32_t pool) {
  if (!parts_.policy.sizes_jobs()) return;
  Clock::Handle& round = rounds_[static_cast<size_t>(pool)];
  if (!any_in(pool)) {
    parts_.clock.cancel(round);
    round = 0;
  } else if (round == 0) {
    round = parts_.clock.at(parts_.clock.now() + parts_.policy.round().value, Phase::kArrival,
                            static_cast<std::uint64_t>(pool), [this, pool] {
                              rounds_[static_cast<size_t>(pool)] = 0;
                              look_at_(pool);
                            });
  }
}

}  // namespace busbar::engine
