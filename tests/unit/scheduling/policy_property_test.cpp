#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "sim/scheduling/easy_backfill.h"
#include "sim/scheduling/fair_share.h"
#include "sim/scheduling/reserving_backfill.h"
#include "tests/unit/scheduling/pool_simulator.h"

namespace busbar::scheduling::test {
namespace {

constexpr int kCases = 500;

// Calls `check` with many seeds; a failure names its seed.
template <class Check>
void for_seeds(const Check& check) {
  for (std::uint32_t seed = 1; seed <= kCases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    check(random);
    if (::testing::Test::HasFailure()) return;
  }
}

double one_of(std::mt19937& random, std::initializer_list<double> values) {
  return *(values.begin() + random() % values.size());
}

std::vector<double> starts_of(const std::vector<Fate>& fates) {
  std::vector<double> all;
  for (const Fate& fate : fates) all.push_back(fate.start_s);
  return all;
}

std::int64_t chips_of(const PoolState& pool) {
  std::int64_t sum = 0;
  for (const Part& part : pool.parts) sum += part.free_domains * part.chips_per_domain;
  return sum;
}

// Free chips over time as a plain list, and the earliest place for a job in it.
class PlainPlan {
 public:
  PlainPlan(const PoolView& view, std::int64_t free) : steps_{{view.now_s, free}} {
    for (const RunningJob& job : view.running) {
      steps_.push_back({job.expected_end_s, steps_.back().free + job.chips});
    }
  }
  double place(const WaitingJob& job) {
    for (const Step& from : std::vector<Step>(steps_)) {
      const double end_s = from.time_s + job.requested_s;
      const bool fits = std::all_of(steps_.begin(), steps_.end(), [&](const Step& step) {
        const bool during = step.time_s >= from.time_s && step.time_s < end_s;
        return !during || step.free >= job.request.chips;
      });
      if (!fits) continue;
      take(from.time_s, end_s, job.request.chips);
      return from.time_s;
    }
    return -1.0;
  }

 private:
  struct Step {
    double time_s;
    std::int64_t free;
  };
  void take(double from_s, double end_s, std::int64_t chips) {
    auto at = steps_.begin();
    while (at != steps_.end() && at->time_s < end_s) ++at;
    if (at == steps_.end() || at->time_s > end_s) steps_.insert(at, {end_s, (at - 1)->free});
    for (Step& step : steps_) {
      if (step.time_s >= from_s && step.time_s < end_s) step.free -= chips;
    }
  }
  std::vector<Step> steps_;
};

std::vector<WaitingQueue::Place> waiting_in(const PoolView& view) {
  std::vector<WaitingQueue::Place> all;
  for (auto at = view.queue.front(); at != WaitingQueue::kEnd; at = view.queue.after(at)) {
    all.push_back(at);
  }
  return all;
}

std::vector<WaitingQueue::Place> started_in(const Decisions& decisions) {
  std::vector<WaitingQueue::Place> all;
  for (const Start& start : decisions.starts) all.push_back(start.place);
  return all;
}

struct Named {
  std::string name;
  std::map<std::string, double> parameters;
};
const std::vector<Named> kPolicies = {
    {"fcfs", {}},
    {"easy", {{"depth", 1}}},
    {"easy", {{"depth", 3}}},
    {"conservative", {}},
    {"shortest-first", {{"depth", 0}}},
    {"shortest-first", {{"depth", 1}}},
    {"smallest-first", {{"depth", 2}}},
    {"priority", {{"depth", 1}, {"ageing", 60}}},
    {"fair-share", {{"half-life", 1000}, {"preemption", 1}, {"restart-time", 0}}},
    {"fair-share", {{"half-life", 1000}, {"preemption", 0}, {"restart-time", 0}}},
};

// Whatever the policy, no chip is in two jobs (the simulator looks), no job starts before it is
// submitted, all do their work in the end, and the pool is whole again.
TEST(EveryPolicy, ConservesChipsAndWork) {
  for (const Named& named : kPolicies) {
    SCOPED_TRACE(named.name);
    const auto policy = make_policy(named.name, named.parameters);
    for_seeds([&](std::mt19937& random) {
      const int parts = 1 + static_cast<int>(random() % 3);
      const int per_domain = static_cast<int>(one_of(random, {1, 4, 8}));
      const PoolState pool = plain_pool(parts, 16, per_domain);
      const double total = static_cast<double>(chips_of(pool));
      const auto jobs = random_jobs(random, 40, chips_of(pool), 16 * per_domain,
                                    one_of(random, {0.7, 1.0, 2.0}), 3);
      PoolSimulator simulator(
          pool,
          {{.quota_chips = std::floor(0.4 * total)}, {.quota_chips = std::floor(0.6 * total)}, {}});
      const auto fates = simulator.run(*policy, jobs);
      for (size_t i = 0; i < jobs.size(); ++i) {
        ASSERT_GE(fates[i].first_start_s, jobs[i].submit_s) << "job " << i;
        ASSERT_NEAR(fates[i].end_s - fates[i].start_s, jobs[i].run_s, 1e-9) << "job " << i;
      }
      ASSERT_EQ(simulator.pool().free_chips(), chips_of(pool));
      ASSERT_EQ(chips_of(simulator.pool()), chips_of(pool));
    });
  }
}

// The head would start at some time if nobody passed it; after the pass it still can.
TEST(EasyBackfill, NeverDelaysTheHead) {
  for_seeds([](std::mt19937& random) {
    const PoolState pool = plain_pool(1, 64, 1);
    const auto jobs = random_jobs(random, 60, 64, 64, one_of(random, {0.9, 1.5}));
    PoolSimulator(pool).run(EasyBackfill{}, jobs, [](const PoolView& view, const Decisions& made) {
      const auto waiting = waiting_in(view);
      const auto started = started_in(made);
      // Heads that started, then the one that stays.
      PlainPlan alone(view, view.state.free_chips()), after(view, view.state.free_chips());
      size_t head = 0;
      for (; head < waiting.size() && head < started.size() && waiting[head] == started[head];
           ++head) {
        alone.place(view.queue[waiting[head]]);
      }
      if (head == waiting.size()) return;
      for (const auto place : started) {
        ASSERT_EQ(after.place(view.queue[place]), view.now_s);
      }
      ASSERT_LE(after.place(view.queue[waiting[head]]), alone.place(view.queue[waiting[head]]));
    });
  });
}

// Exactly the jobs start whose reservation, planned with plain lists, is now; with exact requests
// no job starts later than the first plan that it was in said.
TEST(Conservative, StartsWhatIsReservedNowAndDelaysNobody) {
  for_seeds([](std::mt19937& random) {
    const PoolState pool = plain_pool(1, 64, 1);
    auto jobs = random_jobs(random, 60, 64, 64, one_of(random, {0.9, 1.5}));
    const bool exact = random() % 2 == 0;
    if (exact) {
      for (SimulatedJob& job : jobs) job.requested_s = job.run_s;
    }
    std::vector<double> promised(jobs.size(), -1.0);
    const ReservingBackfill policy{ReservingBackfill::kAll};
    const auto fates =
        PoolSimulator(pool).run(policy, jobs, [&](const PoolView& view, const Decisions& made) {
          PlainPlan plan(view, view.state.free_chips());
          std::vector<WaitingQueue::Place> now;
          for (const auto place : waiting_in(view)) {
            const double start_s = plan.place(view.queue[place]);
            double& first = promised[static_cast<size_t>(view.queue[place].id)];
            if (first < 0.0) first = start_s;
            if (start_s == view.now_s) now.push_back(place);
          }
          ASSERT_EQ(started_in(made), now);
        });
    for (size_t i = 0; exact && i < jobs.size(); ++i) {
      ASSERT_LE(fates[i].start_s, promised[i] + 1e-6) << "job " << i;
    }
  });
}

// One reservation by the plan of states is EASY by its rule, in one building.
TEST(ReservingBackfill, WithOneReservationIsEasy) {
  for_seeds([](std::mt19937& random) {
    const PoolState pool = plain_pool(1, 64, 1);
    const auto jobs = random_jobs(random, 60, 64, 64, one_of(random, {0.9, 1.5}));
    ASSERT_EQ(starts_of(PoolSimulator(pool).run(ReservingBackfill{1}, jobs)),
              starts_of(PoolSimulator(pool).run(EasyBackfill{}, jobs)));
  });
}

// More reservations than jobs: conservative.
TEST(ReservingBackfill, WithManyReservationsIsConservative) {
  for_seeds([](std::mt19937& random) {
    const PoolState pool = plain_pool(2, 16, 4);
    const auto jobs = random_jobs(random, 40, 128, 64, one_of(random, {0.9, 1.5}));
    ASSERT_EQ(starts_of(PoolSimulator(pool).run(ReservingBackfill{1000}, jobs)),
              starts_of(PoolSimulator(pool).run(ReservingBackfill{ReservingBackfill::kAll}, jobs)));
  });
}

// Counting chips and tracing whole states agree where counts suffice. A limit that is never
// reached makes the policy trace states.
TEST(Timelines, AgreeOnSingleChipDomains) {
  for_seeds([](std::mt19937& random) {
    const PoolState counted = plain_pool(1, 64, 1);
    PoolState traced = counted;
    traced.headroom[0].it_w = 1e18;
    const auto jobs = random_jobs(random, 60, 64, 64, one_of(random, {0.9, 1.5}));
    const ReservingBackfill policy{random() % 2 == 0 ? ReservingBackfill::kAll : 4};
    ASSERT_EQ(starts_of(PoolSimulator(counted).run(policy, jobs)),
              starts_of(PoolSimulator(traced).run(policy, jobs)));
  });
}

// Without backfilling a ranked queue starts its first jobs and no other.
TEST(Ranked, WithoutBackfillingStartsTheFirst) {
  for (const char* name : {"shortest-first", "smallest-first", "priority"}) {
    std::map<std::string, double> parameters{{"depth", 0}};
    if (std::string(name) == "priority") parameters["ageing"] = 30;
    const auto policy = make_policy(name, parameters);
    for_seeds([&](std::mt19937& random) {
      const auto jobs = random_jobs(random, 60, 64, 64, 1.5);
      PoolSimulator(plain_pool(1, 64, 1))
          .run(*policy, jobs, [&](const PoolView& view, const Decisions& made) {
            auto waiting = waiting_in(view);
            const auto rank = [&](auto place) { return policy->rank(view.queue[place]); };
            ASSERT_TRUE(std::is_sorted(waiting.begin(), waiting.end(),
                                       [&](auto a, auto b) { return rank(a) < rank(b); }));
            waiting.resize(made.starts.size());
            ASSERT_EQ(started_in(made), waiting);
          });
    });
  }
}

// Quotas: only those who hold more than their quota give way, and whoever asks for its own waits
// only if not even all that is borrowed would do. Chip-seconds: what was held is what was done and
// what was lost.
TEST(FairShare, GivesOwnersTheirQuotas) {
  int preemptions = 0;
  for_seeds([&](std::mt19937& random) {
    const PoolState pool = plain_pool(1, 64, 1);
    const auto jobs = random_jobs(random, 60, 64, 48, one_of(random, {0.9, 1.5, 3.0}), 3);
    const FairShare policy(
        {.half_life = base::Seconds{1e18}, .preemption = true, .restart_time = base::Seconds{0.0}});
    PoolSimulator simulator(pool, {{.quota_chips = 40}, {.quota_chips = 24}, {}});
    const auto fates =
        simulator.run(policy, jobs, [&](const PoolView& view, const Decisions& made) {
          std::vector<Tenant> tenants(view.tenants.begin(), view.tenants.end());
          std::vector<bool> fresh(tenants.size(), false);
          std::int64_t free = view.state.free_chips();
          std::map<std::int32_t, const RunningJob*> running;
          for (const RunningJob& job : view.running) {
            running[job.id] = &job;
            if (job.start_s == view.now_s) fresh[static_cast<size_t>(job.tenant)] = true;
          }
          for (const std::int32_t id : made.preempted) {
            Tenant& tenant = tenants[static_cast<size_t>(running.at(id)->tenant)];
            ASSERT_GT(tenant.held_chips, tenant.quota_chips);
            ASSERT_LT(running.at(id)->start_s, view.now_s);
          }
          for (const std::int32_t id : made.preempted) {
            tenants[static_cast<size_t>(running.at(id)->tenant)].held_chips -=
                static_cast<double>(running.at(id)->chips);
            free += running.at(id)->chips;
          }
          for (const Start& start : made.starts) {
            const WaitingJob& job = view.queue[start.place];
            tenants[static_cast<size_t>(job.tenant)].held_chips +=
                static_cast<double>(job.request.chips);
            fresh[static_cast<size_t>(job.tenant)] = true;
            free -= job.request.chips;
          }
          double excess = 0.0;
          for (size_t i = 0; i < tenants.size(); ++i) {
            if (!fresh[i]) excess += std::max(0.0, tenants[i].held_chips - tenants[i].quota_chips);
          }
          // The first job that each owner could claim and that still waits.
          const auto started = started_in(made);
          std::vector<bool> seen(tenants.size(), false);
          for (const auto place : waiting_in(view)) {
            const WaitingJob& job = view.queue[place];
            const auto owner = static_cast<size_t>(job.tenant);
            const auto chips = static_cast<double>(job.request.chips);
            if (chips > tenants[owner].quota_chips || seen[owner] || made.preempted.size() > 0)
              continue;
            if (std::find(started.begin(), started.end(), place) != started.end()) continue;
            seen[owner] = true;
            if (tenants[owner].held_chips + chips > tenants[owner].quota_chips) continue;
            ASSERT_GT(chips, static_cast<double>(free) + excess) << "job " << job.id;
          }
          preemptions += static_cast<int>(made.preempted.size());
        });
    double done = 0.0, lost = 0.0, submitted = 0.0;
    for (size_t i = 0; i < jobs.size(); ++i) {
      const auto chips = static_cast<double>(jobs[i].chips);
      done += chips * (fates[i].end_s - fates[i].start_s);
      lost += chips * fates[i].lost_s;
      submitted += chips * jobs[i].run_s;
    }
    ASSERT_NEAR(done, submitted, 1e-9 * submitted);
    double held = 0.0;
    for (const Tenant& tenant : simulator.tenants()) held += tenant.used_chip_s;
    ASSERT_NEAR(held, done + lost, 1e-9 * held);
  });
  EXPECT_GT(preemptions, kCases);  // the cases do test it
}

}  // namespace
}  // namespace busbar::scheduling::test
