// What one scheduling pass costs: the built-in EASY, the same in a library that is called in this
// process, and in a library in a process of its own.
//
// usage: bench_plugin LIBRARY     (workloads/scenarios/policy-plugin/fcfs_or_easy.c, built)
#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <vector>

#include "sim/scheduling/easy_backfill.h"
#include "sim/scheduling/placements.h"
#include "sim/scheduling/plugin_policy.h"

namespace {

using namespace busbar::scheduling;

constexpr int kPasses = 20'000;

// A pool of single-chip domains where 200 jobs run and the head of the queue waits.
struct Pass {
  PoolState state;
  WaitingQueue queue;
  std::set<RunningJob> running;
  std::vector<Allocation> held;
  BestFit placement;

  explicit Pass(int waiting) {
    constexpr int kRunning = 200, kChips = 50;
    state.parts.push_back({.cluster = 0, .site = 0, .island = 0, .free_domains = 40});
    state.headroom.push_back({});
    held.resize(kRunning);
    for (int i = 0; i < kRunning; ++i) {
      held[static_cast<size_t>(i)].shares.push_back({0, kChips, -1, 0});
      running.insert({1000.0 + 10.0 * i, kChips, i, &held[static_cast<size_t>(i)]});
    }
    for (int i = 0; i < waiting; ++i) {
      WaitingJob job{.id = kRunning + i, .request = {.chips = 64 + i % 64}};
      job.requested_s = 5000.0;
      job.submit_s = i;
      queue.push(job);
    }
  }
  PoolView view() const { return {500.0, state, queue, running, placement}; }
};

template <class Call>
double microseconds(const Call& call) {
  for (int i = 0; i < kPasses / 10; ++i) call();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kPasses; ++i) call();
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
  return took.count() / kPasses;
}

// Counts of chips as a host, so that the library can be called without a process.
std::int64_t free_now;
const busbar_view* shown;
int fits(const busbar_host*, int, std::uint32_t job) {
  return shown->waiting[job].chips <= free_now;
}
void nothing(const busbar_host*, int, std::uint32_t) {}
void copy(const busbar_host*, int, int) {}
double earliest(const busbar_host*, int, std::uint32_t job) {
  std::int64_t free = free_now;
  for (std::uint32_t i = 0; i < shown->running_count; ++i) {
    free += shown->running[i].chips;
    if (free >= shown->waiting[job].chips) return shown->running[i].expected_end_s;
  }
  return std::numeric_limits<double>::infinity();
}

// Copies the queue as the simulator does, and decides.
void call_here(const busbar_policy& policy, const Pass& pass) {
  std::vector<busbar_waiting> waiting;
  for (auto at = pass.queue.front(); at != WaitingQueue::kEnd; at = pass.queue.after(at)) {
    const WaitingJob& job = pass.queue[at];
    waiting.push_back({job.id, -1, 0, 0, job.request.chips, job.requested_s, job.submit_s, 0.0});
  }
  std::vector<busbar_running> running;
  for (const RunningJob& job : pass.running) {
    running.push_back({job.id, -1, job.chips, 0.0, job.expected_end_s});
  }
  free_now = pass.state.free_chips();
  const busbar_view view{500.0,
                         free_now,
                         static_cast<std::uint32_t>(waiting.size()),
                         static_cast<std::uint32_t>(running.size()),
                         0,
                         0,
                         waiting.data(),
                         running.data(),
                         nullptr,
                         nullptr};
  shown = &view;
  std::vector<busbar_start> starts(waiting.size());
  busbar_decisions decisions{};
  decisions.starts = starts.data();
  const busbar_host host{nullptr, fits, fits, nothing, copy, earliest};
  policy.decide(nullptr, &view, &host, &decisions);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: bench_plugin LIBRARY\n");
    return 2;
  }
  std::string problem;
  std::shared_ptr<PluginProcess> process =
      PluginProcess::start(argv[1], busbar::base::Seconds{10.0}, problem);
  if (process == nullptr) {
    fmt::print(stderr, "error: {}\n", problem);
    return 2;
  }
  busbar::base::Params params;
  params.set("backfill", 1.0);
  const PluginPolicy apart(process, params);
  void* library = ::dlopen(argv[1], RTLD_NOW);
  const auto get = reinterpret_cast<const busbar_policy* (*)()>(  // NOLINT: the way of dlsym
      ::dlsym(library, "busbar_get_policy"));
  fmt::print("{:>8} {:>14} {:>14} {:>18}\n", "waiting", "built-in us", "in process us",
             "in its process us");
  for (const int waiting : {2, 20, 200, 2000}) {
    const Pass pass(waiting);
    const EasyBackfill easy;
    fmt::print("{:8} {:14.2f} {:14.2f} {:18.2f}\n", waiting,
               microseconds([&] { easy.decide(pass.view()); }),
               microseconds([&] { call_here(*get(), pass); }),
               microseconds([&] { apart.decide(pass.view()); }));
  }
  return 0;
}
