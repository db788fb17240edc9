#include "tests/property/invariants.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "sim/record/trace_reader.h"

namespace busbar::property {
namespace {

constexpr double kRounding = 1e-9;

// The tables of a trace that the rules look at.
struct Tables {
  explicit Tables(const std::string& path) : reader(path) {}
  std::vector<double> numbers(const char* column) const { return reader.numbers(column); }
  double summary(const char* attribute) const {
    const auto value = reader.attributes("/summary").at(attribute);
    return std::visit(
        [](const auto& v) -> double {
          if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>)
            return std::nan("");
          else
            return static_cast<double>(v);
        },
        value);
  }
  record::TraceReader reader;
  std::vector<double> submit_s = numbers("/jobs/submit_s"), start_s = numbers("/jobs/start_s"),
                      end_s = numbers("/jobs/end_s"), job_chips = numbers("/jobs/chips"),
                      steps = numbers("/jobs/steps"), lost_s = numbers("/jobs/lost_s"),
                      energy_j = numbers("/jobs/energy_j"), id = numbers("/jobs/id");
  std::vector<std::string> name = reader.texts("/jobs/name"),
                           state = reader.meanings("/jobs/state");
  std::vector<double> job = numbers("/segments/job"), cluster = numbers("/segments/cluster"),
                      begin_s = numbers("/segments/start_s"), finish_s = numbers("/segments/end_s"),
                      chips = numbers("/segments/chips"), step_s = numbers("/segments/step_s"),
                      power_w = numbers("/segments/power_w");
  std::vector<std::string> reason = reader.meanings("/segments/end_reason");
};

class Rules {
 public:
  Rules(const Tables& t, const RunDraw& run) : t_(t), run_(run) {
    for (size_t row = 0; row < t.id.size(); ++row) row_of_[static_cast<int>(t.id[row])] = row;
  }

  std::vector<std::string> broken() {
    jobs();
    segments();
    capacity();
    samples();
    quotas();
    return broken_;
  }

 private:
  template <class... Args>
  void fail(fmt::format_string<Args...> text, Args&&... args) {
    if (broken_.size() < 10) broken_.push_back(fmt::format(text, std::forward<Args>(args)...));
  }
  size_t row_of(size_t segment) const { return row_of_.at(static_cast<int>(t_.job[segment])); }

  // Every job that was submitted has one row; none starts before it was submitted.
  void jobs() {
    if (static_cast<double>(t_.id.size()) != t_.summary("jobs_submitted")) {
      fail("{} rows for {} submitted jobs", t_.id.size(), t_.summary("jobs_submitted"));
    }
    if (row_of_.size() != t_.id.size()) fail("a job has two rows");
    for (size_t row = 0; row < t_.id.size(); ++row) {
      if (t_.start_s[row] < t_.submit_s[row]) fail("job {} starts too soon", t_.name[row]);
      if (t_.end_s[row] < t_.start_s[row]) fail("job {} ends before it starts", t_.name[row]);
    }
  }

  // Seconds in segments are work that counts or is lost; energy is power times time; a log's job
  // that completes has done what it had to do, and none does more.
  void segments() {
    std::map<size_t, double> ran_s, joules, step_s;
    std::map<size_t, bool> steady;
    std::map<std::pair<size_t, int>, double> last_s;
    std::vector<size_t> order(t_.job.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return t_.begin_s[a] < t_.begin_s[b]; });
    for (const size_t i : order) {
      const size_t row = row_of(i);
      const double seconds = t_.finish_s[i] - t_.begin_s[i];
      if (seconds < 0.0) fail("a segment of job {} ends before it begins", t_.name[row]);
      double& until_s = last_s[{row, static_cast<int>(t_.cluster[i])}];
      if (t_.begin_s[i] < until_s) fail("job {} runs twice at {} s", t_.name[row], t_.begin_s[i]);
      until_s = t_.finish_s[i];
      if (t_.begin_s[i] < t_.start_s[row]) fail("job {} runs before it starts", t_.name[row]);
      ran_s[row] += seconds;
      joules[row] += seconds * t_.power_w[i];
      if (step_s.count(row) == 0) steady[row] = true;
      const auto [known, first] = step_s.try_emplace(row, t_.step_s[i]);
      if (!first && known->second != t_.step_s[i]) steady[row] = false;
    }
    for (size_t row = 0; row < t_.id.size(); ++row) {
      const double tolerance = kRounding * (1.0 + ran_s[row]) + 1e-6;
      if (std::abs(joules[row] - t_.energy_j[row]) > kRounding * joules[row] + 1e-3) {
        fail("job {} used {} J, its segments {} J", t_.name[row], t_.energy_j[row], joules[row]);
      }
      const double kept_s = t_.steps[row] * step_s[row];
      // What a job did that was killed or failed is done and of no use: both columns have it.
      const bool of_use = t_.state[row] != "killed" && t_.state[row] != "failed";
      if (steady[row] && of_use && std::abs(ran_s[row] - kept_s - t_.lost_s[row]) > tolerance) {
        fail("job {} ran {} s: {} s kept, {} s lost", t_.name[row], ran_s[row], kept_s,
             t_.lost_s[row]);
      }
      asked_work(row);
    }
  }

  void asked_work(size_t row) {
    const std::string& name = t_.name[row];
    const int tenant = tenant_of(row);
    if (!name.starts_with("org") || tenant < 0) return;
    std::vector<JobDraw> jobs = run_.tenants[static_cast<size_t>(tenant)].jobs;
    std::stable_sort(jobs.begin(), jobs.end(), [](const JobDraw& a, const JobDraw& b) {
      return a.submit_min < b.submit_min;
    });
    const size_t dash = name.find_last_of('-');
    const JobDraw& job = jobs[std::stoul(name.substr(dash + 1))];
    const double asked = 60.0 * job.run_min;
    if (t_.steps[row] > asked * (1.0 + kRounding)) fail("job {} did more than asked", name);
    if (t_.state[row] == "completed" && std::abs(t_.steps[row] - asked) > asked * kRounding) {
      fail("job {} completed {} of {} steps", name, t_.steps[row], asked);
    }
  }

  int tenant_of(size_t row) const {
    if (run_.tenants.empty()) return -1;
    const std::string& name = t_.name[row];
    return name.starts_with("org") ? std::stoi(name.substr(3)) : 0;
  }

  std::vector<const ClusterDraw*> clusters() const {
    std::vector<const ClusterDraw*> all;
    for (const SiteDraw& site : run_.sites) {
      for (const ClusterDraw& cluster : site.clusters) all.push_back(&cluster);
    }
    return all;
  }
  // Most chips that a cluster can have had by a time, removals left out.
  static double delivered(const ClusterDraw& cluster, double time_s) {
    double domains = cluster.domains;
    for (const Delivery& delivery : cluster.later) {
      // A delivery comes at the begin of its day.
      const double at_s = 86400.0 * (delivery.at_h / 24);
      if (delivery.domains > 0 && at_s <= time_s) domains += delivery.domains;
    }
    return domains * chips_per_domain(cluster);
  }
  static bool shrinks(const ClusterDraw& cluster) {
    return std::any_of(cluster.later.begin(), cluster.later.end(),
                       [](const Delivery& d) { return d.domains < 0; });
  }

  // At every edge no cluster holds more chips in jobs than it has.
  void capacity() {
    const auto all = clusters();
    struct Edge {
      double time_s;
      int begins;  // ends come first
      int cluster;
      double chips;
    };
    std::vector<Edge> edges;
    for (size_t i = 0; i < t_.job.size(); ++i) {
      if (t_.finish_s[i] <= t_.begin_s[i]) continue;
      const int cluster = static_cast<int>(t_.cluster[i]);
      edges.push_back({t_.begin_s[i], 1, cluster, t_.chips[i]});
      edges.push_back({t_.finish_s[i], 0, cluster, -t_.chips[i]});
    }
    std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
      return std::pair(a.time_s, a.begins) < std::pair(b.time_s, b.begins);
    });
    std::vector<double> held(all.size(), 0.0);
    for (const Edge& edge : edges) {
      double& chips = held[static_cast<size_t>(edge.cluster)];
      chips += edge.chips;
      const double most = delivered(*all[static_cast<size_t>(edge.cluster)], edge.time_s);
      if (chips > most) {
        fail("cluster {} holds {} of {} chips at {} s", edge.cluster, chips, most, edge.time_s);
      }
    }
  }

  // At every sample chips are conserved, and what a cluster draws beyond its jobs is what its other
  // chips draw: one figure for each chip that idles, where no services run and nothing fails.
  void samples() {
    const auto all = clusters();
    const std::vector<double> time_s = t_.numbers("/series/cluster/time_s");
    const auto series = [&](const char* name) {
      return t_.numbers((std::string("/series/cluster/") + name).c_str());
    };
    const auto installed = series("installed"), allocated = series("allocated"),
               serving = series("serving"), failed = series("failed"), idle = series("idle"),
               watts = series("it_power_w");
    for (size_t c = 0; c < all.size(); ++c) {
      double idle_w = 0.0, most_idle = 0.0, jobs_w = 0.0;
      for (const bool first : {true, false}) {
        for (size_t s = 0; s < time_s.size(); ++s) {
          const size_t at = s * all.size() + c;
          const double busy = allocated[at] + serving[at];
          const double there = delivered(*all[c], time_s[s]);
          const bool steady = !shrinks(*all[c]);
          jobs_w = 0.0;
          double in_segments = 0.0;
          for (size_t i = 0; i < t_.job.size(); ++i) {
            if (static_cast<size_t>(t_.cluster[i]) != c || t_.begin_s[i] > time_s[s] ||
                t_.finish_s[i] <= time_s[s]) {
              continue;
            }
            jobs_w += t_.power_w[i];
            in_segments += t_.chips[i];
          }
          const double rest_w = watts[at] - jobs_w;
          if (first) {
            if (installed[at] - busy > most_idle) {
              most_idle = installed[at] - busy;
              idle_w = rest_w / most_idle;
            }
            continue;
          }
          if (steady && (busy > installed[at] || idle[at] != installed[at] - busy)) {
            fail("cluster {} at {} s: {} of {} chips are busy, {} idle", c, time_s[s], busy,
                 installed[at], idle[at]);
          }
          if (installed[at] + failed[at] > there) {
            fail("cluster {} at {} s: {} chips and {} failed of {}", c, time_s[s], installed[at],
                 failed[at], there);
          }
          // The last sample stands at the horizon, where segments have ended.
          if (s + 1 < time_s.size() && in_segments != allocated[at]) {
            fail("cluster {} at {} s: {} chips allocated, {} in segments", c, time_s[s],
                 allocated[at], in_segments);
          }
          if (run_.service || !steady || s + 1 == time_s.size()) continue;
          const double expected_w = jobs_w + idle_w * (installed[at] - busy);
          if (std::abs(expected_w - watts[at]) > 1e-6 * (1.0 + std::abs(expected_w))) {
            fail("cluster {} at {} s draws {} W, its jobs and idle chips {} W", c, time_s[s],
                 watts[at], expected_w);
          }
        }
      }
    }
  }

  // Who gives way to others under fair share held more than the quota of its organisation.
  void quotas() {
    struct Edge {
      double time_s;
      int kind;  // 0: preempted, 1: other end, 2: begin
      size_t row;
      double chips;
    };
    std::vector<Edge> edges;
    for (size_t i = 0; i < t_.job.size(); ++i) {
      const bool preempted = t_.reason[i] == "preemption";
      edges.push_back({t_.begin_s[i], 2, row_of(i), t_.chips[i]});
      edges.push_back({t_.finish_s[i], preempted ? 0 : 1, row_of(i), -t_.chips[i]});
    }
    std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
      return std::tuple(a.time_s, a.kind, a.row) < std::tuple(b.time_s, b.kind, b.row);
    });
    std::map<int, double> held, before;
    double instant_s = -1.0;
    const std::vector<std::int64_t> quotas = quotas_of(run_);
    for (const Edge& edge : edges) {
      const int tenant = tenant_of(edge.row);
      if (edge.time_s > instant_s) {
        instant_s = edge.time_s;
        before = held;
      }
      if (edge.kind == 0 && tenant >= 0 &&
          before[tenant] <= static_cast<double>(quotas[static_cast<size_t>(tenant)])) {
        fail("job {} gives way at {} s though org{} is within its quota", t_.name[edge.row],
             edge.time_s, tenant);
      }
      held[tenant] += edge.chips;
    }
  }

  const Tables& t_;
  const RunDraw& run_;
  std::map<int, size_t> row_of_;
  std::vector<std::string> broken_;
};

}  // namespace

std::vector<std::string> broken_rules(const std::string& trace, const RunDraw& run) {
  const Tables tables(trace);
  return Rules(tables, run).broken();
}

}  // namespace busbar::property
