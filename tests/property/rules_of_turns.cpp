#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "tests/property/invariants.h"

namespace busbar::property {
namespace {

// Who gives way to others under fair share held more than the quota of its organisation.
void quotas(const Tables& t, const RunDraw& run, Complaints& broken) {
  // Brokers that divide the fleet let jobs take turns, whoever they belong to.
  if (broker_of(run) == "max-min" || broker_of(run) == "equal-share") return;
  struct Edge {
    double time_s;
    int kind;  // 0: preempted, 1: other end, 2: begin
    size_t row;
    double chips;
  };
  std::vector<Edge> edges;
  for (const Tables::Segment& segment : t.segments) {
    const bool preempted = segment.reason == "preemption";
    edges.push_back({segment.start_s, 2, segment.job, segment.chips});
    edges.push_back({segment.end_s, preempted ? 0 : 1, segment.job, -segment.chips});
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
    return std::tuple(a.time_s, a.kind, a.row) < std::tuple(b.time_s, b.kind, b.row);
  });
  std::map<int, double> held, before;
  double instant_s = -1.0;
  const std::vector<std::int64_t> quotas = quotas_of(run);
  for (const Edge& edge : edges) {
    const int tenant = tenant_of(run, t.jobs[edge.row].name);
    if (edge.time_s > instant_s) {
      instant_s = edge.time_s;
      before = held;
    }
    if (edge.kind == 0 && tenant >= 0 &&
        before[tenant] <= static_cast<double>(quotas[static_cast<size_t>(tenant)])) {
      broken.add("job {} gives way at {} s though org{} is within its quota", t.jobs[edge.row].name,
                 edge.time_s, tenant);
    }
    held[tenant] += edge.chips;
  }
}

// Nothing runs where there is no power, in maintenance, or on what its vendor has withdrawn.
void closed(const Tables& t, const RunDraw& run, Complaints& broken) {
  for (const Closure& closure : closures_of(run)) {
    for (const Tables::Segment& segment : t.segments) {
      if (static_cast<size_t>(segment.cluster) == closure.cluster && segment.seconds() > 0.0 &&
          segment.start_s < closure.to_s && segment.end_s > closure.from_s) {
        broken.add("job {} runs on cluster {} from {} to {} s, which is closed from {} to {} s",
                   t.jobs[segment.job].name, closure.cluster, segment.start_s, segment.end_s,
                   closure.from_s, closure.to_s);
      }
    }
  }
}

// A job that follows another is submitted at the instant at which that one ends.
void followers(const Tables& t, const RunDraw& run, Complaints& broken) {
  const auto number = [](const std::string& job) { return std::stoi(job.substr(6)); };
  std::map<int, std::set<double>> ends;  // of the jobs of a stream
  std::set<int> unknown;                 // streams with ends that no column tells
  for (const Tables::Job& job : t.jobs) {
    const StreamDraw* stream = stream_of(run, job.name);
    if (stream == nullptr) continue;
    if (job.state == "rejected" || job.state == "cancelled") unknown.insert(number(job.name));
    if (!std::isnan(job.end_s)) ends[number(job.name)].insert(job.end_s);
  }
  for (const Tables::Job& job : t.jobs) {
    const StreamDraw* stream = stream_of(run, job.name);
    if (stream == nullptr || !stream->follows || std::isnan(job.start_s)) continue;
    const int leader = number(job.name) - 1;
    if (unknown.contains(leader) || !ends.contains(leader)) continue;
    if (!ends[leader].contains(job.submit_s)) {
      broken.add("job {} is submitted at {} s, where none of stream{} ends", job.name, job.submit_s,
                 leader);
    }
  }
}

// Of an array no more tasks run than may at once.
void arrays(const Tables& t, const RunDraw& run, Complaints& broken) {
  std::map<std::string, std::vector<std::pair<double, int>>> edges;  // by array
  for (const Tables::Segment& segment : t.segments) {
    const std::string& name = t.jobs[segment.job].name;
    const StreamDraw* stream = stream_of(run, name);
    if (stream == nullptr || stream->tasks < 2 || stream->at_once == 0) continue;
    auto& array = edges[name.substr(0, name.find('.'))];
    array.emplace_back(segment.start_s, 1);
    array.emplace_back(segment.end_s, -1);
  }
  for (auto& [array, all] : edges) {
    std::sort(all.begin(), all.end());  // ends come first
    int tasks = 0;
    for (const auto& [time_s, change] : all) {
      tasks += change;
      if (tasks > stream_of(run, array)->at_once) {
        broken.add("{} tasks of {} run at {} s", tasks, array, time_s);
      }
    }
  }
}

// A job keeps its chips where nothing lets it go on with others.
void sizes(const Tables& t, const RunDraw& run, Complaints& broken) {
  for (const Tables::Job& job : t.jobs) {
    const StreamDraw* stream = stream_of(run, job.name);
    if (stream != nullptr && (stream->response == 2 || policy_of(run) == "goodput")) continue;
    for (const size_t i : job.segments) {
      const Tables::Segment &now = t.segments[i], &first = t.segments[job.segments.front()];
      if (now.cluster == first.cluster && now.chips != first.chips) {
        broken.add("job {} holds {} and later {} chips", job.name, first.chips, now.chips);
      }
    }
  }
}

}  // namespace

void check_turns(const Tables& trace, const RunDraw& run, Complaints& broken) {
  quotas(trace, run, broken);
  closed(trace, run, broken);
  followers(trace, run, broken);
  arrays(trace, run, broken);
  sizes(trace, run, broken);
}

}  // namespace busbar::property
