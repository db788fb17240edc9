#include "sim/faults/repair_shop.h"

#include <algorithm>

#include "sim/base/error.h"

namespace busbar::faults {

RepairShop::RepairShop(const model::Crews& crews)
    : free_crews_(crews.count), spares_(crews.spares), spare_lead_s_(crews.spare_lead.value) {}

void RepairShop::start_all(double now_s) {
  while (!queue_.empty()) {
    const auto [ticket, arrived_s] = queue_.front();
    if (free_crews_ == 0 || (ticket.needs_spare && spares_ == 0)) return;
    queue_.pop_front();
    const double ready_s = now_s + ticket.work_s;
    if (free_crews_) {
      --*free_crews_;
      crew_free_.push(ready_s);
    }
    if (ticket.needs_spare && spares_) {
      --*spares_;
      if (ticket.replenished) spare_back_.push(ready_s + spare_lead_s_);
    }
    done_.push({ticket.number, arrived_s, now_s, ready_s + ticket.retest_s});
  }
}

// Crews and parts come back one by one, and each lets the head of the queue start at its time.
void RepairShop::run_to(double now_s) {
  base::ensure(now_s >= now_s_, "repairs went back in time");
  while (true) {
    const double crew_s = crew_free_.empty() ? kNever : crew_free_.top();
    const double spare_s = spare_back_.empty() ? kNever : spare_back_.top();
    const double at_s = std::min(crew_s, spare_s);
    if (at_s > now_s) break;
    if (crew_s <= spare_s) {
      crew_free_.pop();
      ++*free_crews_;
    } else {
      spare_back_.pop();
      ++*spares_;
    }
    start_all(at_s);
  }
  now_s_ = now_s;
}

double RepairShop::next_s() const {
  double next = done_.empty() ? kNever : done_.top().back_s;
  if (queue_.empty()) return next;
  if (!crew_free_.empty()) next = std::min(next, crew_free_.top());
  if (!spare_back_.empty()) next = std::min(next, spare_back_.top());
  return next;
}

void RepairShop::arrive(const RepairTicket& ticket, double now_s) {
  run_to(now_s);
  queue_.push_back({ticket, now_s});
  start_all(now_s);
}

std::vector<Repaired> RepairShop::advance(double now_s) {
  run_to(now_s);
  std::vector<Repaired> back;
  for (; !done_.empty() && done_.top().back_s <= now_s; done_.pop()) back.push_back(done_.top());
  return back;
}

}  // namespace busbar::faults
