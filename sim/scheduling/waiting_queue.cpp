#include "sim/scheduling/waiting_queue.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace busbar::scheduling {
namespace {

constexpr std::int64_t kNoChips = std::numeric_limits<std::int64_t>::max();
constexpr double kNever = std::numeric_limits<double>::infinity();

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

// Closes the gaps and sizes the tree for twice the jobs that are left.
void WaitingQueue::rebuild() {
  std::erase_if(jobs_, [](const WaitingJob& job) { return job.id < 0; });
  begin_ = 0;
  capacity_ = std::bit_ceil(std::max<size_t>(64, 2 * (jobs_.size() + 1)));
  tree_.assign(2 * capacity_, Least{kNoChips, kNever});
  for (size_t i = 0; i < jobs_.size(); ++i) {
    tree_[capacity_ + i] = {jobs_[i].request.chips, jobs_[i].requested_s};
  }
  for (size_t node = capacity_ - 1; node >= 1; --node) {
    const Least& l = tree_[2 * node];
    const Least& r = tree_[2 * node + 1];
    tree_[node] = {std::min(l.chips, r.chips), std::min(l.requested_s, r.requested_s)};
  }
}

void WaitingQueue::push(const WaitingJob& job) {
  if (count_ == 0) {  // nothing waits: start again at the first place
    for (size_t place = begin_; place < jobs_.size(); ++place) {
      set_leaf(place, {kNoChips, kNever});
    }
    jobs_.clear();
    begin_ = 0;
  }
  if (jobs_.size() == capacity_) rebuild();
  jobs_.push_back(job);
  set_leaf(jobs_.size() - 1, {job.request.chips, job.requested_s});
  ++count_;
  chips_ += job.request.chips;
}

void WaitingQueue::erase(Place place) {
  WaitingJob& job = jobs_[static_cast<size_t>(place)];
  chips_ -= job.request.chips;
  --count_;
  job.id = -1;
  set_leaf(static_cast<size_t>(place), {kNoChips, kNever});
  while (begin_ < jobs_.size() && jobs_[begin_].id < 0) ++begin_;
}

WaitingQueue::Place WaitingQueue::front() const {
  return count_ == 0 ? kEnd : static_cast<Place>(begin_);
}

WaitingQueue::Place WaitingQueue::after(Place place) const {
  return next_candidate(place, kNoChips - 1, kNever, kNoChips - 1);
}

WaitingQueue::Place WaitingQueue::search(size_t node, size_t node_begin, size_t node_size,
                                         size_t from, std::int64_t chips, double window_s,
                                         std::int64_t chips_long) const {
  if (node_begin + node_size <= from) return kEnd;
  const Least& least = tree_[node];
  const bool possible =
      least.chips <= chips_long || (least.chips <= chips && least.requested_s <= window_s);
  if (!possible || least.chips == kNoChips) return kEnd;
  if (node_size == 1) return static_cast<Place>(node_begin);
  const size_t half = node_size / 2;
  const Place left = search(2 * node, node_begin, half, from, chips, window_s, chips_long);
  if (left != kEnd) return left;
  return search(2 * node + 1, node_begin + half, half, from, chips, window_s, chips_long);
}

WaitingQueue::Place WaitingQueue::next_candidate(Place place, std::int64_t chips, double window_s,
                                                 std::int64_t chips_long) const {
  if (count_ == 0) return kEnd;
  const size_t from = std::max(begin_, static_cast<size_t>(place + 1));
  if (from >= jobs_.size()) return kEnd;
  return search(1, 0, capacity_, from, chips, window_s, chips_long);
}

}  // namespace busbar::scheduling
