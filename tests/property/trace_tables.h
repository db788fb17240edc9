/// The tables of a trace, as the rules look at them.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "sim/record/trace_reader.h"

namespace busbar::property {

/// Columns are named as in the trace; rows of samples come time by time, then site or cluster.
struct Tables {
  explicit Tables(const std::string& path);

  record::TraceReader reader;
  std::map<std::string, double> summary;  // its numbers

  struct Job {
    int id = 0, stream = -1;
    std::string name, state;
    double submit_s = 0, start_s = 0, end_s = 0, chips = 0;
    double asked_steps = 0, steps = 0, lost_steps = 0, left_steps = 0, redone_steps = 0;
    double tokens = 0, lost_tokens = 0, lost_s = 0, restart_s = 0;
    double energy_j = 0, carbon_g = 0, cost_usd = 0;
    int resizes = 0, moves = 0;
    std::vector<size_t> segments;  // by begin
  };
  struct Segment {
    size_t job = 0;  // row
    int site = 0, cluster = 0;
    double start_s = 0, end_s = 0, chips = 0, step_s = 0, steps = 0, batch_share = 0, power_w = 0;
    std::string reason;
    double seconds() const { return end_s - start_s; }
  };
  struct Event {
    double time_s = 0;
    std::string kind;
    int subject = 0;
    double value = 0;
  };
  std::vector<Job> jobs;
  std::vector<Segment> segments;
  std::vector<Event> events;

  std::vector<double> numbers(const std::string& column) const { return reader.numbers(column); }
};

/// What a trace breaks.
class Complaints {
 public:
  template <class... Args>
  void add(fmt::format_string<Args...> text, Args&&... args) {
    if (all.size() < 10) all.push_back(fmt::format(text, std::forward<Args>(args)...));
  }
  std::vector<std::string> all;
};

/// Whether two sums agree but for rounding.
bool agree(double a, double b, double relative, double absolute);

}  // namespace busbar::property
