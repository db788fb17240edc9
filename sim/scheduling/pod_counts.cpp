#include "sim/scheduling/pod_counts.h"

#include <algorithm>

namespace busbar::scheduling {

PodCounts::PodCounts(Rule rule, std::int64_t domains, std::vector<std::int64_t> free)
    : rule_(rule), domains_(domains), free_(std::move(free)) {
  sort();
}

void PodCounts::sort() {
  order_.clear();
  for (std::int32_t pod = 0; pod < size(); ++pod) {
    order_.emplace_back(free_[static_cast<size_t>(pod)], pod);
  }
  std::sort(order_.begin(), order_.end());
}

// The entries between the old and the new place of a pod move by one.
void PodCounts::add(std::int32_t pod, std::int64_t domains) {
  if (domains == 0) return;
  std::int64_t& free = free_[static_cast<size_t>(pod)];
  const auto from = std::lower_bound(order_.begin(), order_.end(), Entry{free, pod});
  free += domains;
  const Entry moved{free, pod};
  const auto to = std::lower_bound(order_.begin(), order_.end(), moved);
  if (domains > 0) {
    std::rotate(from, from + 1, to);
    *(to - 1) = moved;
  } else {
    std::rotate(to, from, from + 1);
    *to = moved;
  }
}

std::int64_t PodCounts::slices(std::int64_t domains) const {
  std::int64_t sum = 0;
  auto at = std::lower_bound(order_.begin(), order_.end(), Entry{domains, 0});
  while (at != order_.end()) {
    const auto next = std::lower_bound(at, order_.end(), Entry{at->first + 1, 0});
    sum += (next - at) * (at->first / domains);
    at = next;
  }
  return sum;
}

std::int32_t PodCounts::choose(PodOrder order, std::int64_t domains) const {
  if (most_free() < domains) return -1;
  switch (order) {
    case PodOrder::kFirst: {
      const auto first = std::find_if(free_.begin(), free_.end(),
                                      [&](std::int64_t free) { return free >= domains; });
      return static_cast<std::int32_t>(first - free_.begin());
    }
    case PodOrder::kTightest:
      return std::lower_bound(order_.begin(), order_.end(), Entry{domains, 0})->second;
    case PodOrder::kEmptiest:
      return std::lower_bound(order_.begin(), order_.end(), Entry{most_free(), 0})->second;
  }
  return -1;
}

void PodCounts::intersect(const PodCounts& other) {
  for (size_t pod = 0; pod < free_.size(); ++pod) {
    free_[pod] = std::min(free_[pod], other.free_[pod]);
  }
  sort();
}

}  // namespace busbar::scheduling
