#include "sim/scheduling/pool_state.h"

#include <algorithm>

#include "sim/base/error.h"

namespace busbar::scheduling {

std::int64_t Part::largest_hole() const {
  std::int64_t rest = 0;
  for (const std::int32_t free : shared) rest = std::max<std::int64_t>(rest, free);
  return std::max<std::int64_t>(free_domains, 0) * chips_per_domain + rest;
}

std::int64_t PoolState::chips_of(const Share& share) const {
  const Part& part = parts[static_cast<size_t>(share.part)];
  return share.whole_domains * part.chips_per_domain + share.shared_chips;
}

std::int64_t PoolState::chips_of(const Allocation& allocation) const {
  std::int64_t sum = 0;
  for (const Share& share : allocation.shares) sum += chips_of(share);
  return sum;
}

std::int64_t PoolState::free_chips() const {
  std::int64_t sum = 0;
  for (const Part& part : parts) {
    sum += std::max<std::int64_t>(part.free_domains, 0) * part.chips_per_domain +
           part.shared_free_chips;
  }
  return sum;
}

// Whole domains plus a rest; the rest goes to the fullest shared domain that still holds it, or
// opens another one.
bool PoolState::find_in_part(std::int32_t index, std::int64_t chips, Share& share,
                             std::int64_t& new_domains) const {
  const Part& part = parts[static_cast<size_t>(index)];
  share = {index, chips / part.chips_per_domain, -1,
           static_cast<std::int32_t>(chips % part.chips_per_domain)};
  new_domains = share.whole_domains;
  if (share.shared_chips > 0) {
    std::int32_t tightest = std::numeric_limits<std::int32_t>::max();
    if (part.shared_free_chips >= share.shared_chips) {
      for (size_t slot = 0; slot < part.shared.size(); ++slot) {
        const std::int32_t free = part.shared[slot];
        if (free >= share.shared_chips && free < tightest) {
          tightest = free;
          share.shared_slot = static_cast<std::int32_t>(slot);
          if (free == share.shared_chips) break;
        }
      }
    }
    if (share.shared_slot < 0) ++new_domains;
  }
  return new_domains <= part.free_domains;
}

Obstacle PoolState::power_obstacle(const Request& request, const Allocation& allocation) const {
  if (request.watts_per_chip <= 0.0) return Obstacle::kNone;
  // A job has few shares; several of them may stand at one site.
  for (const Share& share : allocation.shares) {
    const std::int32_t site = parts[static_cast<size_t>(share.part)].site;
    double watts = 0.0;
    for (const Share& other : allocation.shares) {
      if (parts[static_cast<size_t>(other.part)].site == site) {
        watts += static_cast<double>(chips_of(other)) * request.watts_per_chip;
      }
    }
    const Headroom& room = headroom[static_cast<size_t>(site)];
    if (watts > std::min(room.it_w, room.grid_w)) {
      return room.grid_w < room.it_w ? Obstacle::kGridPower : Obstacle::kItPower;
    }
  }
  return Obstacle::kNone;
}

// Fills the parts that `first` may be joined with, most free domains first.
bool PoolState::spread(const Request& request, std::int32_t first, Allocation& found) const {
  const Part& anchor = parts[static_cast<size_t>(first)];
  std::vector<std::int32_t> reachable;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(parts.size()); ++i) {
    const Part& part = parts[static_cast<size_t>(i)];
    const bool joined = (request.span == model::Span::kWorld && part.island == anchor.island) ||
                        (request.span == model::Span::kSite && part.site == anchor.site) ||
                        (request.span == model::Span::kCluster && part.cluster == anchor.cluster);
    if (joined && part.free_domains > 0) reachable.push_back(i);
  }
  std::stable_sort(reachable.begin(), reachable.end(), [&](std::int32_t a, std::int32_t b) {
    return parts[static_cast<size_t>(a)].free_domains > parts[static_cast<size_t>(b)].free_domains;
  });
  found.shares.clear();
  std::int64_t left = request.chips;
  for (const std::int32_t index : reachable) {
    const Part& part = parts[static_cast<size_t>(index)];
    const std::int64_t chips = std::min(left, part.free_domains * part.chips_per_domain);
    Share share;
    std::int64_t domains = 0;
    if (!find_in_part(index, chips, share, domains)) continue;
    found.shares.push_back(share);
    left -= chips;
    if (left == 0) return true;
  }
  return false;
}

bool PoolState::find(const Request& request, const Placement& placement, Allocation& found,
                     Obstacle& why) const {
  why = Obstacle::kChips;
  found.watts_per_chip = request.watts_per_chip;
  const Share* best = nullptr;
  Share best_share;
  double best_score = std::numeric_limits<double>::infinity();
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(parts.size()); ++i) {
    const Part& part = parts[static_cast<size_t>(i)];
    if (request.span == model::Span::kDomain && request.chips > part.chips_per_domain) continue;
    Share share;
    std::int64_t domains = 0;
    if (!find_in_part(i, request.chips, share, domains)) continue;
    const double score = placement.score(*this, i, domains);
    if (best != nullptr && score >= best_score) continue;
    found.shares.assign(1, share);
    if (const Obstacle power = power_obstacle(request, found); power != Obstacle::kNone) {
      why = power;
      continue;
    }
    best_share = share;
    best = &best_share;
    best_score = score;
  }
  if (best != nullptr) {
    found.shares.assign(1, best_share);
    why = Obstacle::kNone;
    return true;
  }
  if (request.span == model::Span::kDomain || parts.size() == 1) return false;
  for (std::int32_t first = 0; first < static_cast<std::int32_t>(parts.size()); ++first) {
    if (!spread(request, first, found)) continue;
    if (const Obstacle power = power_obstacle(request, found); power != Obstacle::kNone) {
      why = power;
      continue;
    }
    why = Obstacle::kNone;
    return true;
  }
  return false;
}

bool PoolState::holds(const Allocation& allocation) const {
  for (const Share& share : allocation.shares) {
    const Part& part = parts[static_cast<size_t>(share.part)];
    std::int64_t domains = share.whole_domains;
    if (share.shared_chips > 0) {
      const auto slot = static_cast<size_t>(share.shared_slot);
      const bool open =
          share.shared_slot >= 0 && slot < part.shared.size() && part.shared[slot] >= 0;
      if (!open) ++domains;
      if (open && part.shared[slot] < share.shared_chips) return false;
    }
    if (domains > part.free_domains) return false;
  }
  const Request power{0, allocation.watts_per_chip};
  return power_obstacle(power, allocation) == Obstacle::kNone;
}

void PoolState::take(Allocation& allocation) {
  for (Share& share : allocation.shares) {
    Part& part = parts[static_cast<size_t>(share.part)];
    part.free_domains -= share.whole_domains;
    if (share.shared_chips > 0) {
      if (share.shared_slot < 0) {
        const auto unused = std::find(part.shared.begin(), part.shared.end(), -1);
        share.shared_slot = static_cast<std::int32_t>(unused - part.shared.begin());
      }
      const auto slot = static_cast<size_t>(share.shared_slot);
      if (slot == part.shared.size()) part.shared.push_back(-1);
      if (part.shared[slot] < 0) {  // opens a domain
        --part.free_domains;
        part.shared[slot] = part.chips_per_domain;
        part.shared_free_chips += part.chips_per_domain;
      }
      part.shared[slot] -= share.shared_chips;
      part.shared_free_chips -= share.shared_chips;
    }
    Headroom& room = headroom[static_cast<size_t>(part.site)];
    const double watts = static_cast<double>(chips_of(share)) * allocation.watts_per_chip;
    room.it_w -= watts;
    room.grid_w -= watts;
  }
}

void PoolState::give_back(const Allocation& allocation) {
  for (const Share& share : allocation.shares) {
    Part& part = parts[static_cast<size_t>(share.part)];
    part.free_domains += share.whole_domains;
    if (share.shared_chips > 0) {
      std::int32_t& free = part.shared[static_cast<size_t>(share.shared_slot)];
      free += share.shared_chips;
      part.shared_free_chips += share.shared_chips;
      base::ensure(free <= part.chips_per_domain, "more chips released than taken");
      if (free == part.chips_per_domain) {  // empty again: a whole domain
        part.shared_free_chips -= free;
        free = -1;
        ++part.free_domains;
      }
    }
    Headroom& room = headroom[static_cast<size_t>(part.site)];
    const double watts = static_cast<double>(chips_of(share)) * allocation.watts_per_chip;
    room.it_w += watts;
    room.grid_w += watts;
  }
}

}  // namespace busbar::scheduling
