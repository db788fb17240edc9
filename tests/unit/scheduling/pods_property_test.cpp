// Random workloads on pods, against plain lists.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "tests/unit/scheduling/pool_simulator.h"

namespace busbar::scheduling::test {
namespace {

constexpr int kCases = 300;

PoolState pods_of(std::mt19937& random, int chips_per_domain) {
  const auto pods = static_cast<std::int32_t>(2 + random() % 5);
  const std::int64_t domains = 4 + random() % 13;
  PoolState pool;
  Part part{.cluster = 0, .site = 0, .chips_per_domain = chips_per_domain};
  part.pods = PodCounts(PodCounts::Rule::kSlices, pods, domains);
  for (std::int32_t pod = 0; pod < pods; ++pod) part.pods.add(pod, domains);
  part.free_domains = pods * domains;
  pool.parts = {part};
  pool.headroom.resize(1);
  return pool;
}

// Jobs of one slice up to a pod, or of several slices of it; small ones in whole trays of four.
std::vector<SimulatedJob> jobs_for(std::mt19937& random, const PoolState& pool, double load) {
  const Part& part = pool.parts[0];
  const std::int64_t total = part.free_domains * part.chips_per_domain;
  auto jobs = random_jobs(random, 40, total, part.pods.domains() * part.chips_per_domain, load);
  for (SimulatedJob& job : jobs) {
    const std::int64_t unit = job.chips < part.chips_per_domain
                                  ? std::min<std::int64_t>(4, part.chips_per_domain)
                                  : part.chips_per_domain;
    job.chips = (job.chips + unit - 1) / unit * unit;
    if (job.chips < part.chips_per_domain || random() % 4 != 0) continue;
    const std::int64_t fit = part.pods.slices(job.chips / part.chips_per_domain);
    job.slices =
        static_cast<int>(1 + random() % static_cast<std::uint32_t>(std::min<std::int64_t>(fit, 3)));
    job.chips *= job.slices;
  }
  return jobs;
}

// Free domains by pod as a plain list.
using Free = std::vector<std::int64_t>;
using Taken = std::vector<std::int64_t>;  // by pod

// The tightest pod for all slices, else the tightest for each; ties: the first.
std::optional<Taken> find(const Free& free, std::int64_t of_slice, int slices) {
  const auto tightest = [](const Free& in, std::int64_t domains) {
    int best = -1;
    for (int pod = 0; pod < static_cast<int>(in.size()); ++pod) {
      const auto at = static_cast<size_t>(pod);
      if (in[at] >= domains && (best < 0 || in[at] < in[static_cast<size_t>(best)])) best = pod;
    }
    return best;
  };
  Taken taken(free.size(), 0);
  if (const int pod = tightest(free, of_slice * slices); pod >= 0) {
    taken[static_cast<size_t>(pod)] = of_slice * slices;
    return taken;
  }
  Free left = free;
  for (int slice = 0; slice < slices; ++slice) {
    const int pod = tightest(left, of_slice);
    if (pod < 0) return {};
    left[static_cast<size_t>(pod)] -= of_slice;
    taken[static_cast<size_t>(pod)] += of_slice;
  }
  return taken;
}

void add(Free& free, const Taken& taken, std::int64_t sign) {
  for (size_t pod = 0; pod < free.size(); ++pod) free[pod] += sign * taken[pod];
}

bool holds(const Free& free, const Taken& taken) {
  return std::equal(taken.begin(), taken.end(), free.begin(), std::less_equal<>());
}

Taken taken_by(const Allocation& allocation, size_t pods) {
  Taken taken(pods, 0);
  for (const PodShare& share : allocation.pods) {
    taken[static_cast<size_t>(share.pod)] += share.domains;
  }
  return taken;
}

Free free_in(const PoolState& pool) {
  Free free;
  for (std::int32_t pod = 0; pod < pool.parts[0].pods.size(); ++pod) {
    free.push_back(pool.parts[0].pods.free(pod));
  }
  return free;
}

struct Begun {
  WaitingQueue::Place place;
  Taken taken;
  bool operator==(const Begun&) const = default;
};

std::vector<Begun> begun(const Decisions& made, size_t pods) {
  std::vector<Begun> all;
  for (const Start& start : made.starts) {
    all.push_back({start.place, taken_by(start.allocation, pods)});
  }
  return all;
}

// What runs and what has just started, with the end that it asks for.
struct Ending {
  double end_s;
  std::int64_t chips;
  std::int32_t id;
  Taken taken;
  bool operator<(const Ending& other) const {
    return std::tie(end_s, chips, id) < std::tie(other.end_s, other.chips, other.id);
  }
};

std::vector<Ending> endings(const PoolView& view, const std::vector<Begun>& started, size_t pods) {
  std::vector<Ending> all;
  for (const RunningJob& job : view.running) {
    all.push_back({job.expected_end_s, job.chips, job.id, taken_by(*job.allocation, pods)});
  }
  for (const Begun& start : started) {
    const WaitingJob& job = view.queue[start.place];
    all.push_back({view.now_s + job.requested_s, job.request.chips, job.id, start.taken});
  }
  std::sort(all.begin(), all.end());
  return all;
}

// EASY on lists: jobs of single-chip domains.
std::vector<Begun> easy(const PoolView& view) {
  Free free = free_in(view.state);
  std::vector<Begun> started;
  const auto fits = [](const Free& in, const WaitingJob& job) {
    return find(in, job.request.chips / job.request.slices, job.request.slices);
  };
  auto at = view.queue.front();
  for (; at != WaitingQueue::kEnd; at = view.queue.after(at)) {
    const auto taken = fits(free, view.queue[at]);
    if (!taken) break;
    add(free, *taken, -1);
    started.push_back({at, *taken});
  }
  if (at == WaitingQueue::kEnd) return started;
  Free later = free;
  double shadow_s = 1e300;
  for (const Ending& ending : endings(view, started, free.size())) {
    add(later, ending.taken, 1);
    const auto taken = fits(later, view.queue[at]);
    if (!taken) continue;
    add(later, *taken, -1);
    shadow_s = ending.end_s;
    break;
  }
  for (at = view.queue.after(at); at != WaitingQueue::kEnd; at = view.queue.after(at)) {
    const WaitingJob& job = view.queue[at];
    const auto now = fits(free, job);
    if (!now) continue;
    if (view.now_s + job.requested_s > shadow_s) {
      const auto beside = fits(later, job);
      if (!beside) continue;
      add(later, *beside, -1);
    }
    add(free, *now, -1);
    started.push_back({at, *now});
  }
  return started;
}

// A plan as a list of times and free domains by pod.
class Plan {
 public:
  Plan(const PoolView& view, const Free& free) : steps_{{view.now_s, free}} {
    for (const Ending& ending : endings(view, {}, free.size())) {
      Step next = steps_.back();
      next.time_s = ending.end_s;
      add(next.free, ending.taken, 1);
      if (steps_.back().time_s == ending.end_s) {
        steps_.back() = next;
      } else {
        steps_.push_back(next);
      }
    }
  }
  // Takes room at the earliest time from which it is free as long as requested.
  std::pair<double, Taken> place(const WaitingJob& job) {
    const std::int64_t of_slice = job.request.chips / job.request.slices;
    for (size_t from = 0; from < steps_.size(); ++from) {
      const double end_s = steps_[from].time_s + job.requested_s;
      size_t to = from + 1;
      while (to < steps_.size() && steps_[to].time_s < end_s) ++to;
      auto taken = find(steps_[from].free, of_slice, job.request.slices);
      if (taken && !all_hold(*taken, from, to)) {
        Free common = steps_[from].free;
        for (size_t step = from; step < to; ++step) {
          for (size_t pod = 0; pod < common.size(); ++pod) {
            common[pod] = std::min(common[pod], steps_[step].free[pod]);
          }
        }
        taken = find(common, of_slice, job.request.slices);
      }
      if (!taken) continue;
      if (to == steps_.size() || steps_[to].time_s != end_s) {
        steps_.insert(steps_.begin() + static_cast<std::ptrdiff_t>(to),
                      {end_s, steps_[to - 1].free});
      }
      for (size_t step = from; step < to; ++step) add(steps_[step].free, *taken, -1);
      return {steps_[from].time_s, *taken};
    }
    return {-1.0, {}};
  }

 private:
  struct Step {
    double time_s;
    Free free;
  };
  bool all_hold(const Taken& taken, size_t from, size_t to) const {
    return std::all_of(steps_.begin() + static_cast<std::ptrdiff_t>(from),
                       steps_.begin() + static_cast<std::ptrdiff_t>(to),
                       [&](const Step& step) { return holds(step.free, taken); });
  }
  std::vector<Step> steps_;
};

std::vector<Begun> conservative(const PoolView& view) {
  Plan plan(view, free_in(view.state));
  std::vector<Begun> started;
  for (auto at = view.queue.front(); at != WaitingQueue::kEnd; at = view.queue.after(at)) {
    const auto [time_s, taken] = plan.place(view.queue[at]);
    if (time_s == view.now_s) started.push_back({at, taken});
  }
  return started;
}

std::unique_ptr<QueuePolicy> policy_of(const std::string& name) {
  const bool has_depth = name == "easy" || name == "smallest-first";
  return make_policy(name, has_depth ? std::map<std::string, double>{{"depth", 1}}
                                     : std::map<std::string, double>{});
}

template <class Reference>
void compare(const std::string& name, const Reference& reference) {
  const auto policy = policy_of(name);
  int passes = 0, fragmented = 0;
  for (std::uint32_t seed = 1; seed <= kCases; ++seed) {
    SCOPED_TRACE(name + ", seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const PoolState pool = pods_of(random, 1);
    const auto jobs = jobs_for(random, pool, 0.8 + 0.1 * static_cast<double>(random() % 8));
    PoolSimulator(pool).run(*policy, jobs, [&](const PoolView& view, const Decisions& made) {
      const size_t pods = static_cast<size_t>(view.state.parts[0].pods.size());
      ASSERT_EQ(begun(made, pods), reference(view));
      ++passes;
      for (auto at = view.queue.front(); at != WaitingQueue::kEnd; at = view.queue.after(at)) {
        const Request& request = view.queue[at].request;
        if (request.chips > view.state.free_chips()) continue;
        fragmented +=
            find(free_in(view.state), request.chips / request.slices, request.slices) ? 0 : 1;
      }
    });
    if (::testing::Test::HasFailure()) return;
  }
  std::printf("%s: %d passes equal; %d times a job had its chips but not its pod\n", name.c_str(),
              passes, fragmented);
  EXPECT_GT(fragmented, 100);
}

TEST(Pods, EasyEqualsPlainLists) { compare("easy", easy); }
TEST(Pods, ConservativeEqualsPlainLists) { compare("conservative", conservative); }

// No chip in two jobs (the simulator looks), every slice in one pod, small jobs in whole trays, and
// pods have as many free domains as their part.
TEST(Pods, HoldWholeSlicesAndTrays) {
  for (const char* name : {"fcfs", "easy", "conservative", "smallest-first"}) {
    const auto policy = policy_of(name);
    for (const char* placement :
         {"best-fit", "first-fit", "worst-fit", "packed", "spread", "bisection"}) {
      for (std::uint32_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE(std::string(name) + ", " + placement + ", seed " + std::to_string(seed));
        std::mt19937 random(seed);
        const PoolState pool = pods_of(random, 16);
        const auto jobs = jobs_for(random, pool, 1.3);
        PoolSimulator simulator(pool, {}, placement);
        simulator.run(*policy, jobs, [](const PoolView& view, const Decisions& made) {
          const Part& part = view.state.parts[0];
          std::int64_t free = 0;
          for (const std::int64_t of_pod : free_in(view.state)) {
            ASSERT_GE(of_pod, 0);
            ASSERT_LE(of_pod, part.pods.domains());
            free += of_pod;
          }
          ASSERT_EQ(free, part.free_domains);
          for (const std::int32_t chips : part.shared) {
            ASSERT_TRUE(chips < 0 || chips % 4 == 0);
          }
          for (const Start& start : made.starts) {
            const Request& request = view.queue[start.place].request;
            const std::int64_t of_slice = request.chips / request.slices / 16;
            if (of_slice == 0) continue;
            std::int64_t slices = 0;
            for (const PodShare& share : start.allocation.pods) {
              ASSERT_EQ(share.domains % of_slice, 0);
              slices += share.domains / of_slice;
            }
            ASSERT_EQ(slices, request.slices);
          }
        });
        ASSERT_EQ(free_in(simulator.pool()), free_in(pool));
        if (::testing::Test::HasFailure()) return;
      }
    }
  }
}

// Mean over passes of the share of free chips outside the largest hole.
double fragmentation(const std::string& placement) {
  const auto policy = policy_of("easy");
  double sum = 0.0;
  int count = 0;
  for (std::uint32_t seed = 1; seed <= kCases; ++seed) {
    std::mt19937 random(seed);
    const PoolState pool = pods_of(random, 16);
    const auto jobs = jobs_for(random, pool, 0.8);
    PoolSimulator(pool, {}, placement).run(*policy, jobs, [&](const PoolView& view, const auto&) {
      const auto free = static_cast<double>(view.state.free_chips());
      if (free <= 0.0) return;
      sum += 1.0 - static_cast<double>(view.state.parts[0].largest_hole()) / free;
      ++count;
    });
  }
  return sum / count;
}

TEST(Pods, BestFitKeepsLargerHolesThanWorstFit) {
  const double best = fragmentation("best-fit"), worst = fragmentation("worst-fit"),
               first = fragmentation("first-fit");
  std::printf("mean fragmentation: best fit %.3f, first fit %.3f, worst fit %.3f\n", best, first,
              worst);
  EXPECT_LT(best, worst);
}

}  // namespace
}  // namespace busbar::scheduling::test
