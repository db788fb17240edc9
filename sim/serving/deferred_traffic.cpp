#include "sim/serving/deferred_traffic.h"

#include <algorithm>

namespace busbar::serving {

void DeferredTraffic::add(double deadline_s, double requests) {
  if (requests <= 0.0) return;
  cohorts_.push_back({deadline_s, requests});
  waiting_ += requests;
}

double DeferredTraffic::due_by(double time_s) const {
  double due = 0.0;
  for (const Cohort& cohort : cohorts_) {
    if (cohort.deadline_s > time_s) break;
    due += cohort.requests;
  }
  return due;
}

DeferredTraffic::Taken DeferredTraffic::take(double requests, double now_s) {
  Taken taken;
  while (!cohorts_.empty() && taken.served < requests) {
    Cohort& oldest = cohorts_.front();
    const double part = std::min(oldest.requests, requests - taken.served);
    taken.served += part;
    if (oldest.deadline_s < now_s) taken.late += part;
    oldest.requests -= part;
    if (oldest.requests <= 0.0) cohorts_.pop_front();
  }
  waiting_ = cohorts_.empty() ? 0.0 : waiting_ - taken.served;
  return taken;
}

}  // namespace busbar::serving
