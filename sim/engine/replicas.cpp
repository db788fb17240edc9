#include "sim/engine/replicas.h"

#include <algorithm>

#include "sim/base/error.h"

namespace busbar::engine {

namespace {

scheduling::Share& share_at(ActiveJob& active, std::int32_t part) {
  auto& shares = active.allocation.shares;
  const auto at = std::find_if(shares.begin(), shares.end(),
                               [&](const scheduling::Share& s) { return s.part == part; });
  base::ensure(at != shares.end(), "a job is hit where it holds nothing");
  return *at;
}

}  // namespace

bool Replicas::can_drop(const ActiveJob& active, std::int32_t part, std::int64_t at) const {
  const std::int64_t each = active.work.replica_domains;
  if (each == 0) return false;
  if (at < active.idle_domains(part)) return true;
  const Pool& pool = fleet_.pools[static_cast<size_t>(active.pool)];
  std::int64_t works = 0, here = 0;
  for (const scheduling::Share& share : active.allocation.shares) {
    if (share.shared_chips > 0) return false;
    if (!active.on(pool.state.parts[static_cast<size_t>(share.part)].site)) continue;
    const std::int64_t up = share.whole_domains - active.idle_domains(share.part);
    works += up;
    if (share.part == part) here = up;
  }
  return works > std::min(each, here);
}

Replicas::Drop Replicas::drop(ActiveJob& active, std::int32_t part, std::int64_t at,
                              bool lost) const {
  scheduling::Share& share = share_at(active, part);
  Drop drop;
  for (; drop.replica < active.out.size(); ++drop.replica) {
    const OutReplica& replica = active.out[drop.replica];
    if (replica.part != part) continue;
    const std::int64_t held = replica.domains - replica.missing;
    if (at < held) break;
    at -= held;
  }
  drop.was_out = drop.replica < active.out.size();
  if (!drop.was_out) {
    const std::int64_t up = share.whole_domains - active.idle_domains(part);
    active.out.push_back({.number = active.dropped++,
                          .part = part,
                          .domains = std::min(active.work.replica_domains, up)});
  }
  if (lost) {
    --share.whole_domains;
    ++active.out[drop.replica].missing;
  }
  return drop;
}

void Replicas::fill(ActiveJob& active, OutReplica& replica, std::int64_t domains) const {
  share_at(active, replica.part).whole_domains += domains;
  replica.missing -= domains;
}

}  // namespace busbar::engine
