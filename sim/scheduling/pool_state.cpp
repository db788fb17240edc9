#include "sim/scheduling/pool_state.h"

#include <algorithm>

#include "sim/base/error.h"

namespace busbar::scheduling {

namespace {

using Rule = PodCounts::Rule;

// Domains of one slice: what must stand in one pod.
std::int64_t domains_of_slice(const Request& request, const Part& part) {
  return std::max<std::int64_t>(1, request.chips / request.slices / part.chips_per_domain);
}

bool is_open(const Part& part, std::int32_t slot) {
  return slot >= 0 && static_cast<size_t>(slot) < part.shared.size() &&
         part.shared[static_cast<size_t>(slot)] >= 0;
}

// Whether a share takes a wholly free domain of its part for its rest.
bool opens(const Part& part, const Share& share) {
  return share.shared_chips > 0 && !is_open(part, share.shared_slot);
}

// Books domains that a share takes of a pod.
void book(Share& share, std::int32_t pod, std::int64_t domains, std::vector<PodShare>& pods) {
  for (PodShare& other : pods) {
    if (other.part != share.part || other.pod != pod) continue;
    other.domains += domains;
    return;
  }
  pods.push_back({share.part, pod, domains});
  ++share.pods;
}

// Whole slices, all in one pod if it holds them.
void choose_slices(const PodCounts& pods, PodOrder order, std::int64_t of_slice,
                   std::int64_t domains, Share& share, std::vector<PodShare>& chosen) {
  if (const std::int32_t pod = pods.choose(order, domains); pod >= 0) {
    return book(share, pod, domains, chosen);
  }
  PodCounts left = pods;
  for (; domains > 0; domains -= of_slice) {
    const std::int32_t pod = left.choose(order, of_slice);
    base::ensure(pod >= 0, "slices were found that no pod holds");
    left.add(pod, -of_slice);
    book(share, pod, of_slice, chosen);
  }
}

// One group if it holds all, else the fewest: the emptiest first, the rest where it fits best.
void choose_groups(const PodCounts& groups, PodOrder order, std::int64_t domains, Share& share,
                   std::vector<PodShare>& chosen) {
  if (const std::int32_t group = groups.choose(order, domains); group >= 0) {
    return book(share, group, domains, chosen);
  }
  PodCounts left = groups;
  while (domains > 0) {
    const bool last = left.most_free() >= domains;
    const std::int32_t group = left.choose(last ? PodOrder::kTightest : PodOrder::kEmptiest,
                                           last ? domains : left.most_free());
    const std::int64_t taken = left.free(group) > 0 ? std::min(domains, left.free(group)) : domains;
    left.add(group, -taken);
    book(share, group, taken, chosen);
    domains -= taken;
  }
}

// The domain that a share opens is the last of those booked for it.
void name_opened(Share& share, std::vector<PodShare>& chosen) {
  share.shared_pod = chosen.back().pod;
  if (--chosen.back().domains == 0) chosen.pop_back();
}

}  // namespace

std::int64_t Part::largest_hole() const {
  std::int64_t rest = 0;
  for (const std::int32_t free : shared) rest = std::max<std::int64_t>(rest, free);
  if (pods.rule() == Rule::kSlices) {
    return std::max(std::max<std::int64_t>(pods.most_free(), 0) * chips_per_domain, rest);
  }
  return std::max<std::int64_t>(free_domains, 0) * chips_per_domain + rest;
}

std::int64_t Part::free_chips() const {
  return std::max<std::int64_t>(free_domains, 0) * chips_per_domain + shared_free_chips;
}

std::int32_t Part::pod_of(std::int32_t slot) const {
  const auto at = static_cast<size_t>(slot);
  return slot >= 0 && at < shared_pod.size() ? shared_pod[at] : -1;
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
  for (const Part& part : parts) sum += part.free_chips();
  return sum;
}

// Whole domains plus a rest; the rest goes to the fullest shared domain that still holds it, or
// opens another one.
bool PoolState::find_in_part(const Request& request, std::int32_t index, Share& share,
                             Candidate& candidate) const {
  const Part& part = parts[static_cast<size_t>(index)];
  share = {index, request.chips / part.chips_per_domain, -1,
           static_cast<std::int32_t>(request.chips % part.chips_per_domain)};
  candidate = {.part = index, .domains = share.whole_domains, .slices = request.slices};
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
    share.shared_pod = part.pod_of(share.shared_slot);
    if (share.shared_slot < 0) ++candidate.domains;
  }
  candidate.left = part.free_domains - candidate.domains;
  return candidate.left >= 0;
}

// Whether pods hold what the counts of their part hold, and how well.
bool PoolState::fits_into_pods(const Request& request, PodOrder order, Candidate& candidate) const {
  const Part& part = parts[static_cast<size_t>(candidate.part)];
  if (part.pods.empty() || candidate.domains == 0) return true;
  const std::int32_t pod = part.pods.choose(order, candidate.domains);
  candidate.one_pod = pod >= 0;
  if (candidate.one_pod) {
    candidate.left = part.pods.free(pod) - candidate.domains;
    return true;
  }
  if (part.pods.rule() == Rule::kGroups) return true;
  base::ensure(request.chips / request.slices % part.chips_per_domain == 0 ||
                   request.chips / request.slices < part.chips_per_domain,
               "a slice of several domains is whole ones");
  const std::int64_t of_slice = domains_of_slice(request, part);
  return request.slices > 1 && part.pods.slices(of_slice) >= candidate.domains / of_slice;
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

// Chips that a part can give to a request that spans parts.
std::int64_t PoolState::most_chips(const Request& request, const Part& part,
                                   std::int64_t left) const {
  if (part.pods.rule() != Rule::kSlices) {
    return std::min(left, part.free_domains * part.chips_per_domain);
  }
  const std::int64_t slice = request.chips / request.slices;
  if (slice <= part.chips_per_domain || request.slices > 1) {
    const std::int64_t of_slice = domains_of_slice(request, part);
    const std::int64_t unit = std::max<std::int64_t>(slice, part.chips_per_domain);
    return std::min(left, part.pods.slices(of_slice) * unit);
  }
  if (request.span == model::Span::kCluster) return 0;
  return std::min(left, part.pods.most_free() * part.chips_per_domain);
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
    Request here = request;
    here.chips = most_chips(request, parts[static_cast<size_t>(index)], left);
    Share share;
    Candidate candidate;
    if (here.chips <= 0 || !find_in_part(here, index, share, candidate)) continue;
    found.shares.push_back(share);
    left -= here.chips;
    if (left == 0) return true;
  }
  return false;
}

// A request that spans parts and is one slice by its plan has one in each of them.
void PoolState::choose_pods(const Request& request, Allocation& found) const {
  for (Share& share : found.shares) {
    const Part& part = parts[static_cast<size_t>(share.part)];
    if (part.pods.rule() != Rule::kSlices) continue;
    const std::int64_t domains = share.whole_domains + (opens(part, share) ? 1 : 0);
    if (domains == 0) continue;
    choose_slices(part.pods, found.order, domains_of_slice(request, part), domains, share,
                  found.pods);
    if (opens(part, share)) name_opened(share, found.pods);
  }
}

bool PoolState::find(const Request& request, const Placement& placement, Allocation& found,
                     Obstacle& why) const {
  why = Obstacle::kChips;
  found.watts_per_chip = request.watts_per_chip;
  found.order = placement.pods();
  found.pods.clear();
  const Share* best = nullptr;
  Share best_share;
  Score best_score{};
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(parts.size()); ++i) {
    const Part& part = parts[static_cast<size_t>(i)];
    if (request.span == model::Span::kDomain && request.chips > part.chips_per_domain) continue;
    Share share;
    Candidate candidate;
    if (!find_in_part(request, i, share, candidate)) continue;
    if (!fits_into_pods(request, found.order, candidate)) continue;
    const Score score = placement.score(*this, candidate);
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
    choose_pods(request, found);
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
    choose_pods(request, found);
    why = Obstacle::kNone;
    return true;
  }
  return false;
}

bool PoolState::holds(const Allocation& allocation) const {
  for (const Share& share : allocation.shares) {
    const Part& part = parts[static_cast<size_t>(share.part)];
    const bool opening = opens(part, share);
    if (share.whole_domains + (opening ? 1 : 0) > part.free_domains) return false;
    if (share.shared_chips > 0 && !opening &&
        part.shared[static_cast<size_t>(share.shared_slot)] < share.shared_chips) {
      return false;
    }
    if (part.pods.rule() != Rule::kSlices) continue;
    bool with_opened = false;
    for (const PodShare& of_pod : allocation.pods) {
      if (of_pod.part != share.part) continue;
      const bool here = opening && of_pod.pod == share.shared_pod;
      with_opened = with_opened || here;
      if (of_pod.domains + (here ? 1 : 0) > part.pods.free(of_pod.pod)) return false;
    }
    if (opening && !with_opened && part.pods.free(share.shared_pod) < 1) return false;
  }
  const Request power{0, allocation.watts_per_chip};
  return power_obstacle(power, allocation) == Obstacle::kNone;
}

std::int32_t pod_of(const Allocation& gang, std::int32_t part, std::int64_t nth) {
  for (const PodShare& of_pod : gang.pods) {
    if (of_pod.part != part) continue;
    if (nth < of_pod.domains) return of_pod.pod;
    nth -= of_pod.domains;
  }
  return -1;
}

void change_pod(Allocation& gang, std::int32_t part, std::int32_t pod, std::int64_t domains) {
  if (pod < 0) return;
  const auto at = std::find_if(gang.pods.begin(), gang.pods.end(), [&](const PodShare& of_pod) {
    return of_pod.part == part && of_pod.pod == pod;
  });
  if (at == gang.pods.end()) {
    gang.pods.push_back({part, pod, domains});
  } else {
    at->domains += domains;
  }
}

void PoolState::take(Allocation& allocation) {
  for (Share& share : allocation.shares) {
    Part& part = parts[static_cast<size_t>(share.part)];
    if (part.pods.rule() == Rule::kGroups && share.pods == 0) {
      const bool opening = share.shared_pod < 0 && opens(part, share);
      const std::int64_t domains = share.whole_domains + (opening ? 1 : 0);
      if (domains > 0) {
        choose_groups(part.pods, allocation.order, domains, share, allocation.pods);
      }
      if (opening) name_opened(share, allocation.pods);
    }
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
        if (!part.pods.empty()) {
          part.shared_pod.resize(part.shared.size(), -1);
          part.shared_pod[slot] = share.shared_pod;
          part.pods.add(share.shared_pod, -1);
        }
      }
      share.shared_pod = part.pod_of(share.shared_slot);
      part.shared[slot] -= share.shared_chips;
      part.shared_free_chips -= share.shared_chips;
    }
    Headroom& room = headroom[static_cast<size_t>(part.site)];
    const double watts = static_cast<double>(chips_of(share)) * allocation.watts_per_chip;
    room.it_w -= watts;
    room.grid_w -= watts;
  }
  for (const PodShare& of_pod : allocation.pods) {
    PodCounts& pods = parts[static_cast<size_t>(of_pod.part)].pods;
    if (!pods.empty()) pods.add(of_pod.pod, -of_pod.domains);
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
        if (!part.pods.empty()) part.pods.add(part.pod_of(share.shared_slot), 1);
      }
    }
    Headroom& room = headroom[static_cast<size_t>(part.site)];
    const double watts = static_cast<double>(chips_of(share)) * allocation.watts_per_chip;
    room.it_w += watts;
    room.grid_w += watts;
  }
  for (const PodShare& of_pod : allocation.pods) {
    PodCounts& pods = parts[static_cast<size_t>(of_pod.part)].pods;
    if (!pods.empty()) pods.add(of_pod.pod, of_pod.domains);
  }
}

}  // namespace busbar::scheduling
