/// Requests that may wait until a deadline: batch traffic.
#pragma once

#include <deque>

namespace busbar::serving {

/// Requests in the order of their deadlines, counted as real numbers.
class DeferredTraffic {
 public:
  /// Adds requests; deadlines must not fall.
  void add(double deadline_s, double requests);
  double waiting() const { return waiting_; }
  /// Waiting requests whose deadline is at `time_s` or before.
  double due_by(double time_s) const;

  struct Taken {
    double served = 0.0;
    double late = 0.0;  // of those, past their deadline
  };
  /// Serves up to `requests` of them at `now_s`, the oldest first.
  Taken take(double requests, double now_s);

 private:
  struct Cohort {
    double deadline_s, requests;
  };
  std::deque<Cohort> cohorts_;
  double waiting_ = 0.0;
};

}  // namespace busbar::serving
