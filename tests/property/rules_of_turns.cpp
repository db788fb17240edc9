#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "tests/property/invariants.h"

namespace busbar::property {
namespace {

// Who gives way to others under fair share held more than the quota of its organisation, with what
// this started at the same instant in other queues.
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
  std::map<std::pair<int, double>, double> begun;  // chips, by organisation and instant
  for (const Edge& edge : edges) {
    if (edge.kind == 2) begun[{tenant_of(run, t.jobs[edge.row].name), edge.time_s}] += edge.chips;
  }
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
        before[tenant] + begun[{tenant, edge.time_s}] <=
            static_cast<double>(quotas[static_cast<size_t>(tenant)])) {
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

// A job runs on chips of the vendors that it may use, and a log's for as long as it may.
void permitted(const Tables& t, const RunDraw& run, Complaints& broken) {
  const auto clusters = clusters_of(run);
  for (const Tables::Job& job : t.jobs) {
    const StreamDraw* stream = stream_of(run, job.name);
    for (const size_t i : job.segments) {
      const auto cluster = static_cast<size_t>(t.segments[i].cluster);
      if (stream == nullptr || (vendors_of(run, *stream) & vendor_bit(*clusters[cluster])) != 0) {
        continue;
      }
      broken.add("job {} runs on cluster {}, whose vendor it may not use", job.name, cluster);
    }
    if (stream != nullptr || job.state != "killed" || job.segments.size() != 1) continue;
    const JobDraw logged = log_of(run.tenants[static_cast<size_t>(
        tenant_of(run, job.name))])[std::stoul(job.name.substr(job.name.find_last_of('-') + 1))];
    const double may_s = 0.6 * logged.run_min * logged.request_percent;
    if (!agree(job.end_s - job.start_s, may_s, 1e-9, 1e-6)) {
      broken.add("job {} is killed after {} s of {} s", job.name, job.end_s - job.start_s, may_s);
    }
  }
}

// Only who takes turns or enforces quotas lets jobs give way.
void preempted(const Tables& t, const RunDraw& run, Complaints& broken) {
  const std::string policy = policy_of(run), broker = broker_of(run);
  if (policy == "fair-share" || broker == "max-min" || broker == "equal-share") return;
  for (const Tables::Event& event : t.events) {
    if (event.kind != "preempt") continue;
    broken.add("job {} gives way under {} and {} at {} s", event.subject, policy, broker,
               event.time_s);
  }
}

// While chips are reserved others hold none of them.
void reserved(const Tables& t, const RunDraw& run, Complaints& broken) {
  if (run.joined) return;
  for (const Reserved& ours : reservations_of(run)) {
    std::vector<std::pair<double, double>> edges;  // of the chips of others
    for (const Tables::Segment& segment : t.segments) {
      if (static_cast<size_t>(segment.cluster) != ours.cluster || segment.seconds() <= 0.0 ||
          tenant_of(run, t.jobs[segment.job].name) == ours.tenant || segment.end_s <= ours.from_s ||
          segment.start_s >= ours.to_s) {
        continue;
      }
      edges.emplace_back(std::max(segment.start_s, ours.from_s), segment.chips);
      edges.emplace_back(segment.end_s, -segment.chips);
    }
    std::sort(edges.begin(), edges.end());  // ends come first
    const ClusterDraw& cluster = *clusters_of(run)[ours.cluster];
    double chips = 0.0;
    for (const auto& [time_s, change] : edges) {
      chips += change;
      const double there = chips_delivered(cluster, time_s);
      if (time_s < ours.to_s && chips > there - ours.chips) {
        broken.add("others hold {} chips of cluster {} at {} s, {} of {} are reserved", chips,
                   ours.cluster, time_s, ours.chips, there);
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
  permitted(trace, run, broken);
  preempted(trace, run, broken);
  reserved(trace, run, broken);
}

}  // namespace busbar::property
