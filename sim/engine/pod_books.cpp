#include "sim/engine/pod_books.h"

#include <algorithm>

#include "sim/base/error.h"

namespace busbar::engine {

using scheduling::Part;
using scheduling::PodOrder;

void PodBooks::power_on(Part& counts, std::int64_t domains) {
  for (std::int32_t pod = 0; pod < size() && domains > 0; ++pod) {
    const std::int64_t room = domains_ - at(pod).powered - at(pod).out;
    const std::int64_t here = std::clamp<std::int64_t>(room, 0, domains);
    at(pod).powered += here;
    counts.pods.add(pod, here);
    domains -= here;
  }
  base::ensure(pods_.empty() || domains == 0, "more domains get power than their pods have");
}

void PodBooks::remove(Part& counts, std::int64_t domains) {
  for (const bool free_ones : {true, false}) {
    for (std::int32_t pod = size() - 1; pod >= 0 && domains > 0; --pod) {
      const std::int64_t most = free_ones ? counts.pods.free(pod) : at(pod).powered;
      const std::int64_t here = std::clamp<std::int64_t>(most, 0, domains);
      at(pod).powered -= here;
      counts.pods.add(pod, -here);
      domains -= here;
    }
  }
  if (pods_.empty() || domains == 0) return;
  pods_.back().powered -= domains;  // they are out
  counts.pods.add(size() - 1, -domains);
}

void PodBooks::serve(Part& counts, std::int64_t domains, std::int32_t pod) {
  const auto move = [&](std::int32_t to, std::int64_t here) {
    at(to).serving += here;
    counts.pods.add(to, -here);
    domains -= here;
  };
  if (pods_.empty()) return;
  if (pod >= 0) return move(pod, domains);
  while (domains > 0) {
    const std::int32_t tightest = counts.pods.choose(PodOrder::kTightest, 1);
    base::ensure(tightest >= 0, "services take domains that no pod has");
    move(tightest, std::min(domains, counts.pods.free(tightest)));
  }
  while (domains < 0) {
    std::int32_t emptiest = -1;
    for (std::int32_t p = 0; p < size(); ++p) {
      if (at(p).serving == 0) continue;
      if (emptiest < 0 || counts.pods.free(p) > counts.pods.free(emptiest)) emptiest = p;
    }
    base::ensure(emptiest >= 0, "services leave domains that they do not hold");
    move(emptiest, std::max(domains, -at(emptiest).serving));
  }
}

void PodBooks::hold(Part& counts, std::int64_t domains) {
  for (std::int32_t pod = size() - 1; pod >= 0 && domains > 0; --pod) {
    const std::int64_t here = std::clamp<std::int64_t>(counts.pods.free(pod), 0, domains);
    at(pod).spare += here;
    counts.pods.add(pod, -here);
    domains -= here;
  }
}

bool PodBooks::release(Part& counts, std::int32_t pod) {
  if (pods_.empty()) return true;
  if (pod < 0) pod = of_spare(0);
  if (pod < 0 || at(pod).spare == 0) return false;
  --at(pod).spare;
  counts.pods.add(pod, 1);
  return true;
}

void PodBooks::take_out(Part& counts, std::int32_t pod) {
  if (pods_.empty()) return;
  base::ensure(pod >= 0, "a domain fails that is in no pod");
  --at(pod).powered;
  ++at(pod).out;
  counts.pods.add(pod, -1);
}

void PodBooks::bring_back(std::int32_t pod) {
  if (!pods_.empty()) --at(pod).out;
}

std::int64_t PodBooks::power_off(Part& counts) {
  if (pods_.empty()) return std::max<std::int64_t>(counts.free_domains, 0);
  std::int64_t sum = 0;
  for (std::int32_t pod = 0; pod < size(); ++pod) {
    const std::int64_t free = std::max<std::int64_t>(counts.pods.free(pod), 0);
    at(pod).powered -= free;
    counts.pods.add(pod, -free);
    sum += free;
  }
  return sum;
}

std::int32_t PodBooks::of_free(const Part& counts, std::int64_t n) {
  for (std::int32_t pod = 0; pod < counts.pods.size(); ++pod) {
    const std::int64_t free = std::max<std::int64_t>(counts.pods.free(pod), 0);
    if (n < free) return pod;
    n -= free;
  }
  return -1;
}

std::int32_t PodBooks::of_serving(std::int64_t n) const { return nth(n, &Pod::serving); }
std::int32_t PodBooks::of_spare(std::int64_t n) const { return nth(n, &Pod::spare); }

std::int32_t PodBooks::nth(std::int64_t n, std::int64_t Pod::*domains) const {
  for (size_t pod = 0; pod < pods_.size(); ++pod) {
    if (n < pods_[pod].*domains) return static_cast<std::int32_t>(pod);
    n -= pods_[pod].*domains;
  }
  return -1;
}

std::int32_t PodBooks::spare_for(const Part& counts, std::int32_t pod) const {
  if (pod >= 0 && pods_[static_cast<size_t>(pod)].spare > 0) return pod;
  return counts.pods.rule() == scheduling::PodCounts::Rule::kSlices ? -1 : of_spare(0);
}

std::int32_t PodBooks::free_for(const Part& counts, std::int32_t pod) {
  if (pod >= 0 && counts.pods.free(pod) > 0) return pod;
  if (counts.pods.rule() == scheduling::PodCounts::Rule::kSlices) return -1;
  return counts.pods.choose(PodOrder::kTightest, 1);
}

scheduling::PodCounts PodBooks::without_jobs(const Part& counts) const {
  if (pods_.empty()) return {};
  std::vector<std::int64_t> free;
  for (const Pod& pod : pods_) free.push_back(pod.powered - pod.serving - pod.spare);
  return {counts.pods.rule(), domains_, std::move(free)};
}

std::int64_t PodBooks::free_in_used(const Part& counts) const {
  std::int64_t sum = 0;
  for (size_t pod = 0; pod < pods_.size(); ++pod) {
    const std::int64_t free = counts.pods.free(static_cast<std::int32_t>(pod));
    if (free > 0 && free < pods_[pod].powered) sum += free;
  }
  return sum;
}

}  // namespace busbar::engine
