#include "sim/scheduling/waiting_queue.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "sim/base/error.h"

namespace busbar::scheduling {
namespace {

constexpr std::int64_t kNoChips = std::numeric_limits<std::int64_t>::max();
constexpr double kNever = std::numeric_limits<double>::infinity();
// How far a job is moved aside for another one before all are spread anew.
constexpr size_t kReach = 64;

// A job that has left keeps its place in the order until another one needs it.
constexpr std::int32_t gone(std::int32_t id) { return -1 - id; }

bool before(const WaitingJob& a, const WaitingJob& b) {
  const auto id = [](const WaitingJob& job) { return job.id < 0 ? gone(job.id) : job.id; };
  if (a.rank != b.rank) return a.rank < b.rank;
  if (a.submit_s != b.submit_s) return a.submit_s < b.submit_s;
  return id(a) < id(b);
}

}  // namespace

void WaitingQueue::set_leaf(size_t place, Least least) {
  size_t node = capacity_ + place;
  tree_[node] = least;
  while (node > 1) {
    node /= 2;
    const Least& l = tree_[2 * node];
    const Least& r = tree_[2 * node + 1];
    const Least merged{std::min(l.chips, r.chips), std::min(l.requested_s, r.requested_s)};
    if (merged.chips == tree_[node].chips && merged.requested_s == tree_[node].requested_s) break;
    tree_[node] = merged;
  }
}

// Closes the gaps (or, with two places a job, leaves one after each) and sizes the tree for twice
// the places that are left.
void WaitingQueue::rebuild(size_t places_per_job) {
  std::vector<WaitingJob> kept;
  kept.reserve(places_per_job * count_ + 1);
  for (const WaitingJob& job : jobs_) {
    if (job.id < 0) continue;
    kept.push_back(job);
    for (size_t gap = 1; gap < places_per_job; ++gap) {
      kept.push_back(job);
      kept.back().id = gone(job.id);
    }
  }
  jobs_ = std::move(kept);
  begin_ = 0;
  capacity_ = std::bit_ceil(std::max<size_t>(64, 2 * (jobs_.size() + 1)));
  tree_.assign(2 * capacity_, Least{kNoChips, kNever});
  for (size_t i = 0; i < jobs_.size(); ++i) {
    if (jobs_[i].id >= 0) tree_[capacity_ + i] = {jobs_[i].request.chips, jobs_[i].requested_s};
  }
  for (size_t node = capacity_ - 1; node >= 1; --node) {
    const Least& l = tree_[2 * node];
    const Least& r = tree_[2 * node + 1];
    tree_[node] = {std::min(l.chips, r.chips), std::min(l.requested_s, r.requested_s)};
  }
}

void WaitingQueue::append(const WaitingJob& job) {
  if (jobs_.size() == capacity_) rebuild(1);
  jobs_.push_back(job);
  set_leaf(jobs_.size() - 1, {job.request.chips, job.requested_s});
}

void WaitingQueue::move(size_t from, size_t to) {
  jobs_[to] = jobs_[from];
  const WaitingJob& job = jobs_[to];
  set_leaf(to, job.id < 0 ? Least{kNoChips, kNever} : Least{job.request.chips, job.requested_s});
}

// Puts a job before the first that follows it, if a gap is near. Nothing else changes places but
// the jobs between there and the gap.
bool WaitingQueue::insert(const WaitingJob& job) {
  const auto follower =
      std::upper_bound(jobs_.begin(), jobs_.end(), job,
                       [](const WaitingJob& a, const WaitingJob& b) { return before(a, b); });
  const auto at = static_cast<size_t>(follower - jobs_.begin());
  for (size_t far = 0; far < kReach; ++far) {
    if (far < at && jobs_[at - 1 - far].id < 0) {
      for (size_t i = at - 1 - far; i + 1 < at; ++i) move(i + 1, i);
      jobs_[at - 1] = job;
      set_leaf(at - 1, {job.request.chips, job.requested_s});
      begin_ = std::min(begin_, at - 1 - far);
      return true;
    }
    if (at + far < jobs_.size() && jobs_[at + far].id < 0) {
      for (size_t i = at + far; i > at; --i) move(i - 1, i);
      jobs_[at] = job;
      set_leaf(at, {job.request.chips, job.requested_s});
      begin_ = std::min(begin_, at);
      return true;
    }
  }
  return false;
}

void WaitingQueue::push(const WaitingJob& job) {
  while (!jobs_.empty() && jobs_.back().id < 0) {  // its leaf is empty already
    jobs_.pop_back();
  }
  begin_ = std::min(begin_, jobs_.size());
  if (jobs_.empty() || before(jobs_.back(), job)) {
    append(job);
  } else if (!insert(job)) {
    rebuild(2);
    base::ensure(insert(job), "a queue with a gap after each job has none for another");
  }
  ++count_;
  chips_ += job.request.chips;
}

WaitingQueue::Place WaitingQueue::find(const WaitingJob& job) const {
  const auto at = std::lower_bound(jobs_.begin(), jobs_.end(), job, before);
  // One that has left may still stand before the same one pushed again.
  for (auto same = at; same != jobs_.end() && !before(job, *same); ++same) {
    if (same->id == job.id) return same - jobs_.begin();
  }
  return kEnd;
}

void WaitingQueue::erase(Place place) {
  WaitingJob& job = jobs_[static_cast<size_t>(place)];
  chips_ -= job.request.chips;
  --count_;
  job.id = gone(job.id);
  set_leaf(static_cast<size_t>(place), {kNoChips, kNever});
  while (begin_ < jobs_.size() && jobs_[begin_].id < 0) ++begin_;
}

std::int64_t WaitingQueue::fewest_chips() const {
  return tree_.empty() ? kNoChips : tree_[1].chips;
}

WaitingQueue::Place WaitingQueue::front() const {
  return count_ == 0 ? kEnd : static_cast<Place>(begin_);
}

WaitingQueue::Place WaitingQueue::after(Place place) const {
  return next_candidate(place, kNoChips - 1, kNever, kNoChips - 1);
}

template <class Possible>
WaitingQueue::Place WaitingQueue::search(size_t node, size_t node_begin, size_t node_size,
                                         size_t from, const Possible& possible) const {
  if (node_begin + node_size <= from) return kEnd;
  const Least& least = tree_[node];
  if (least.chips == kNoChips || !possible(least)) return kEnd;
  if (node_size == 1) return static_cast<Place>(node_begin);
  const size_t half = node_size / 2;
  const Place left = search(2 * node, node_begin, half, from, possible);
  if (left != kEnd) return left;
  return search(2 * node + 1, node_begin + half, half, from, possible);
}

WaitingQueue::Place WaitingQueue::next_candidate(Place place, std::int64_t chips, double window_s,
                                                 std::int64_t chips_long) const {
  if (count_ == 0) return kEnd;
  const size_t from = std::max(begin_, static_cast<size_t>(place + 1));
  if (from >= jobs_.size()) return kEnd;
  return search(1, 0, capacity_, from, [&](const Least& least) {
    return least.chips <= chips_long || (least.chips <= chips && least.requested_s <= window_s);
  });
}

WaitingQueue::Place WaitingQueue::next_entering(Place place, double now_s,
                                                std::span<const Opening> openings) const {
  if (count_ == 0) return kEnd;
  const size_t from = std::max(begin_, static_cast<size_t>(place + 1));
  if (from >= jobs_.size()) return kEnd;
  return search(1, 0, capacity_, from, [&](const Least& least) {
    return enters(openings, now_s, least.chips, least.requested_s);
  });
}

}  // namespace busbar::scheduling
