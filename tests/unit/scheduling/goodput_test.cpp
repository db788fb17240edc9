#include "sim/scheduling/goodput.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdio>

#include "sim/scheduling/easy_backfill.h"
#include "sim/scheduling/size_choice.h"
#include "tests/unit/scheduling/elastic_pool.h"
#include "tests/unit/scheduling/pool_simulator.h"

namespace busbar::scheduling::test {
namespace {

using ::testing::ElementsAre;

Goodput goodput(double power = -0.5, double round_s = 1000.0) {
  return Goodput({base::Seconds{round_s}, power});
}

// ── Sizes ────────────────────────────────────────────────────────────────────────────────────────

// Two jobs and 12 chips. The first climbs at 1 a chip up to 8, the second at 2 up to 4 and at 0.5
// from there: 8 and 4 are worth 8 + 8.
TEST(SizeChoice, ChipsGoWhereTheyAreWorthMost) {
  const std::vector<std::vector<SizeValue>> jobs = {{{2, 2.0}, {4, 4.0}, {8, 8.0}},
                                                    {{2, 4.0}, {4, 8.0}, {8, 10.0}}};
  EXPECT_THAT(choose_sizes(jobs, 12), ElementsAre(2, 1));
  EXPECT_THAT(choose_sizes(jobs, 16), ElementsAre(2, 2));
  EXPECT_THAT(choose_sizes(jobs, 4), ElementsAre(0, 0));
}

// The hull skips a size that is worth less than the line over it, but a climb uses what is left.
TEST(SizeChoice, WhatIsLeftOverIsUsed) {
  const std::vector<std::vector<SizeValue>> jobs = {{{1, 0.0}, {2, 0.1}, {8, 7.0}}};
  EXPECT_THAT(climb(jobs, 8), ElementsAre(2));
  EXPECT_THAT(climb(jobs, 7), ElementsAre(1));
  EXPECT_THAT(choose_sizes(jobs, 7), ElementsAre(1));
}

// The best of all combinations, tried one by one.
double brute_force(const std::vector<std::vector<SizeValue>>& jobs, std::int64_t chips,
                   size_t from = 0) {
  if (from == jobs.size()) return 0.0;
  double best = -1e300;
  for (const SizeValue& size : jobs[from]) {
    if (size.chips > chips) break;
    best = std::max(best, size.value + brute_force(jobs, chips - size.chips, from + 1));
  }
  return best;
}

// Random concave throughputs, one size each made better as a present one without re-sharding is.
// The choice is the optimum; the climb, for instances too large for that, is close to it. The null
// model leaves every job at its least size.
TEST(SizeChoice, IsTheOptimum) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> unit(0.0, 1.0);
  std::vector<double> gaps;
  double null_gap = 0.0;
  constexpr int kInstances = 1000;
  for (int instance = 0; instance < kInstances; ++instance) {
    std::vector<std::vector<SizeValue>> jobs;
    std::int64_t least = 0, most = 0;
    for (size_t job = 0; job < 2 + random() % 5; ++job) {
      std::vector<SizeValue> sizes;
      const double exponent = 0.5 + 0.5 * unit(random);
      const double weight = 0.2 + unit(random);
      for (std::int64_t chips = 1 + static_cast<std::int64_t>(random() % 4);
           sizes.size() < 2 + random() % 4; chips *= 2) {
        sizes.push_back({chips, weight * std::pow(static_cast<double>(chips), exponent)});
      }
      sizes[random() % sizes.size()].value *= 1.0 + 0.3 * unit(random);
      least += sizes.front().chips;
      most += sizes.back().chips;
      jobs.push_back(sizes);
    }
    const std::int64_t chips =
        least + static_cast<std::int64_t>(unit(random) * static_cast<double>(most - least));
    const double best = brute_force(jobs, chips);
    const std::vector<size_t> chosen = choose_sizes(jobs, chips), climbed = climb(jobs, chips);
    std::int64_t held = 0, climbed_to = 0;
    for (size_t i = 0; i < jobs.size(); ++i) {
      held += jobs[i][chosen[i]].chips;
      climbed_to += jobs[i][climbed[i]].chips;
    }
    ASSERT_LE(held, chips);
    ASSERT_LE(climbed_to, chips);
    ASSERT_NEAR(worth(jobs, chosen), best, 1e-9 * best);
    gaps.push_back(1.0 - worth(jobs, climbed) / best);
    const std::vector<size_t> smallest(jobs.size(), 0);
    null_gap += (1.0 - worth(jobs, smallest) / best) / kInstances;
  }
  std::sort(gaps.begin(), gaps.end());
  double mean = 0.0;
  for (const double gap : gaps) mean += gap / kInstances;
  std::printf(
      "sizes of %d instances below the optimum: chosen 0; climbed: median %.2f %%, mean "
      "%.2f %%, largest %.1f %%; all at their least sizes: mean %.1f %%\n",
      kInstances, 100 * gaps[kInstances / 2], 100 * mean, 100 * gaps.back(), 100 * null_gap);
  EXPECT_GE(gaps.front(), -1e-12);
  EXPECT_LT(mean, 0.03);
}

// Hundreds of jobs on tens of thousands of chips are climbed: what the last steps leave over counts
// little there. No choice is worth more than the hulls with the last step taken in part.
TEST(SizeChoice, ClimbsLargeInstances) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> unit(0.0, 1.0);
  std::vector<std::vector<SizeValue>> jobs(400);
  std::vector<std::pair<double, std::int64_t>> steps;  // concave: a step from each size to the next
  double bound = 0.0;
  std::int64_t chips = 40'001, left = chips;
  for (auto& sizes : jobs) {
    const double weight = 0.5 + unit(random);
    for (std::int64_t size = 1 + static_cast<std::int64_t>(random() % 16); sizes.size() < 6;
         size *= 2) {
      sizes.push_back({size, weight * std::sqrt(static_cast<double>(size))});
    }
    bound += sizes.front().value;
    left -= sizes.front().chips;
    for (size_t i = 1; i < sizes.size(); ++i) {
      const std::int64_t more = sizes[i].chips - sizes[i - 1].chips;
      steps.emplace_back((sizes[i].value - sizes[i - 1].value) / static_cast<double>(more), more);
    }
  }
  std::sort(steps.rbegin(), steps.rend());
  for (const auto& [slope, more] : steps) {
    bound += slope * static_cast<double>(std::min(more, left));
    left -= std::min(more, left);
  }
  const double climbed = worth(jobs, climb(jobs, chips));
  std::printf("400 jobs on %d chips: climbed %.3f %% below the bound\n", static_cast<int>(chips),
              100.0 * (1.0 - climbed / bound));
  EXPECT_LE(climbed, bound * (1.0 + 1e-12));
  EXPECT_GT(climbed, 0.999 * bound);
  EXPECT_EQ(worth(jobs, choose_sizes(jobs, chips)), climbed);  // too large for the optimum
}

// ── Decisions ────────────────────────────────────────────────────────────────────────────────────

// One job alone on 32 chips starts at once with all of them, for it has nothing to re-shard.
TEST(GoodputPolicy, AJobAloneTakesAllItCan) {
  const auto fates =
      ElasticPool(plain_pool(1, 4, 8), {{0.0, 3200.0, table({8, 16, 32}, 1.0)}}).run(goodput());
  EXPECT_NEAR(fates[0].end_s, 100.0, 1e-9);
  EXPECT_EQ(fates[0].resizes, 0);
}

// The elastic job does 3,200 tokens at a token a chip-second on 32 chips. After 50 s a rigid job
// of 16 chips comes for 60 s: the other goes to 16, standing still for 2 s + 32 / 16 s. When the
// rigid one has ended at 110 s it has done 1,600 + 56 × 16 tokens; the 704 that are left take 44 s
// at 16 chips, or 4 s and 22 s at 32: it grows and ends at 136 s.
TEST(GoodputPolicy, AJobShrinksAndGrowsAgain) {
  const auto fates =
      ElasticPool(plain_pool(1, 4, 8), {{0.0, 3200.0, table({8, 16, 32}, 1.0, 2.0, 32.0)},
                                        {50.0, 960.0, table({16}, 1.0), false}})
          .run(goodput());
  EXPECT_NEAR(fates[1].start_s, 50.0, 1e-9);
  EXPECT_NEAR(fates[1].end_s, 110.0, 1e-9);
  EXPECT_EQ(fates[0].resizes, 2);
  EXPECT_NEAR(fates[0].reshard_s, 8.0, 1e-9);
  EXPECT_NEAR(fates[0].end_s, 136.0, 1e-9);
}

// With 16 times the state both changes take 2 + 512 / 16 s. At 110 s 1,600 - 26 × 16 = 1,184 tokens
// are left: 74 s at 16 chips, 34 + 37 s at 32, and it still grows. If it takes 40 s to set up, the
// rigid job of 60 s waits for the other 50 s until it ends: that is worth more than 72 s of both.
TEST(GoodputPolicy, ReshardingHasToPay) {
  const auto run = [](double setup_s) {
    return ElasticPool(plain_pool(1, 4, 8), {{0.0, 3200.0, table({8, 16, 32}, 1.0, setup_s, 512.0)},
                                             {50.0, 960.0, table({16}, 1.0), false}})
        .run(goodput());
  };
  const auto pays = run(2.0);
  EXPECT_EQ(pays[0].resizes, 2);
  EXPECT_NEAR(pays[0].end_s, 110.0 + 34.0 + 37.0, 1e-9);
  const auto waits = run(40.0);
  EXPECT_EQ(waits[0].resizes, 0);
  EXPECT_NEAR(waits[0].end_s, 100.0, 1e-9);
  EXPECT_NEAR(waits[1].start_s, 100.0, 1e-9);
}

// Half the chips each where both are alike. A job that scales badly leaves chips to one that scales
// well if the total counts (p = 1).
TEST(GoodputPolicy, ChipsGoWhereJobsScale) {
  const auto alike = ElasticPool(plain_pool(1, 4, 8), {{0.0, 1600.0, table({8, 16, 32}, 1.0)},
                                                       {0.0, 1600.0, table({8, 16, 32}, 1.0)}})
                         .run(goodput());
  EXPECT_NEAR(alike[0].end_s, 100.0, 1e-9);
  EXPECT_NEAR(alike[1].end_s, 100.0, 1e-9);
  const auto unlike = ElasticPool(plain_pool(1, 4, 8), {{0.0, 240.0, table({8, 16, 24}, 0.1)},
                                                        {0.0, 2400.0, table({8, 16, 24}, 1.0)}})
                          .run(goodput(1.0));
  EXPECT_NEAR(unlike[1].end_s, 100.0, 1e-9);
}

// Rigid jobs alone start as under EASY, whatever comes.
TEST(GoodputPolicy, IsEasyForRigidJobs) {
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    const PoolState pool = plain_pool(1 + static_cast<int>(random() % 3), 6, 4);
    const auto jobs = random_jobs(random, 60, 24, 20, 1.1);
    const auto ours = PoolSimulator(pool).run(goodput(), jobs);
    const auto easy = PoolSimulator(pool).run(EasyBackfill(), jobs);
    for (size_t i = 0; i < jobs.size(); ++i) ASSERT_EQ(ours[i].start_s, easy[i].start_s) << seed;
  }
}

// No chip is in two jobs and every size is legal (the pool looks), every job ends with exactly its
// work done, and the pool is whole again. The null model has the same jobs at the sizes they ask
// for under EASY.
TEST(GoodputPolicy, ConservesChipsAndWork) {
  double ours_s = 0.0, easy_s = 0.0;
  int resizes = 0;
  constexpr std::uint32_t kSeeds = 300;
  for (std::uint32_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> unit(0.0, 1.0);
    const int per_domain = seed % 3 == 0 ? 1 : seed % 3 == 1 ? 4 : 8;
    const int parts = 1 + static_cast<int>(random() % 2);
    const std::int64_t domains = 32 / per_domain;
    std::vector<SizedJob> jobs, rigid;
    double submit_s = 0.0;
    for (int i = 0; i < 40; ++i) {
      submit_s += -std::log(1.0 - unit(random)) * 40.0;
      const std::int64_t asked = std::int64_t{1} << (random() % 5);
      SizedJob job;
      job.submit_s = submit_s;
      job.elastic = unit(random) < 0.6;
      const double exponent = 0.6 + 0.4 * unit(random);
      const double setup_s = 5.0 * unit(random), move = 20.0 * unit(random);
      job.sizes = table({asked}, exponent, setup_s, move);
      job.work = job.sizes.sizes.front().goodput * (20.0 + 400.0 * unit(random));
      rigid.push_back(job);
      rigid.back().elastic = false;
      if (job.elastic) {
        job.sizes = table({std::max<std::int64_t>(1, asked / 2), asked, 2 * asked}, exponent,
                          setup_s, move, 1);
        if (asked == 1) job.sizes = table({1, 2, 3}, exponent, setup_s, move);
      }
      jobs.push_back(job);
    }
    ElasticPool pool(plain_pool(parts, domains, per_domain), jobs);
    const auto fates = pool.run(goodput(-0.5, 100.0));
    if (::testing::Test::HasFailure()) return;
    const auto easy = ElasticPool(plain_pool(parts, domains, per_domain), rigid).run(goodput());
    for (size_t i = 0; i < jobs.size(); ++i) {
      ASSERT_GE(fates[i].start_s, jobs[i].submit_s);
      ASSERT_NEAR(fates[i].done, jobs[i].work, 1e-9 * jobs[i].work + 1e-6);
      ASSERT_NEAR(fates[i].stood_still_s, fates[i].reshard_s, 1e-6);
      ours_s += fates[i].end_s - jobs[i].submit_s;
      easy_s += easy[i].end_s - jobs[i].submit_s;
      resizes += fates[i].resizes;
    }
    ASSERT_EQ(pool.pool().free_chips(), parts * domains * per_domain);
  }
  const double jobs = 40.0 * kSeeds;
  std::printf(
      "mean completion time: goodput %.1f s with %.2f changes of size a job; easy, sizes "
      "as asked for, %.1f s\n",
      ours_s / jobs, resizes / jobs, easy_s / jobs);
  EXPECT_LT(ours_s, easy_s);
  EXPECT_GT(resizes, 1000);
}

// ── Running jobs ─────────────────────────────────────────────────────────────────────────────────

// Elastic jobs that run on one part of 32 chips, at 0 s, with some windows.
Decisions decide_beside(std::vector<Window> windows, std::vector<ElasticJob> jobs,
                        const Goodput& policy, const std::vector<WaitingJob>& waiting = {}) {
  base::Registry<Placement> placements{"placement"};
  add_builtin(placements);
  const auto placement = placements.make({"best-fit", {}});
  PoolState state = plain_pool(1, 4, 8);
  std::vector<Allocation> held(jobs.size());
  std::set<RunningJob> running;
  for (size_t i = 0; i < jobs.size(); ++i) {
    const JobSize& size = jobs[i].sizes->sizes[jobs[i].size];
    Obstacle why = Obstacle::kNone;
    EXPECT_TRUE(state.find({.chips = size.chips}, *placement, held[i], why));
    state.take(held[i]);
    jobs[i].allocation = &held[i];
    running.insert({jobs[i].work_left / size.goodput, size.chips, jobs[i].id, &held[i], -1e6, -1});
  }
  WaitingQueue queue;
  for (const WaitingJob& job : waiting) queue.push(job);
  return policy.decide({0.0, state, queue, running, *placement, {}, jobs, windows});
}

ElasticJob elastic_job(std::int32_t id, const JobSizes& sizes, size_t size, double work) {
  return {id, nullptr, model::Span::kCluster, &sizes, size, work, 0.0, -1e6};
}

// Twice the chips for 40 s of standing still: over a time that the size lasts, at least a round of
// 10 s, 32 t / (40 + t) exceeds 16 from t = 40 s on. A size is expected to last as long again as
// the present one has; work that is done before counts no longer than it takes.
TEST(GoodputPolicy, AGainHasToOutlastItsCost) {
  const JobSizes sizes = table({16, 32}, 1.0, 40.0);
  const auto grows = [&](double age_s, double work) {
    ElasticJob job = elastic_job(0, sizes, 0, work);
    job.sized_s = -age_s;
    return !decide_beside({}, {job}, goodput(1.0, 10.0)).grows.empty();
  };
  EXPECT_FALSE(grows(0.0, 1e6));
  EXPECT_FALSE(grows(39.0, 1e6));
  EXPECT_TRUE(grows(41.0, 1e6));
  EXPECT_FALSE(grows(1e6, 39.0 * 32.0));
  EXPECT_TRUE(grows(1e6, 41.0 * 32.0));
}

// ── Windows ──────────────────────────────────────────────────────────────────────────────────────

// From 10 s on 16 of 32 chips are reserved. A job of 8 chips grows to 16 if its work takes longer;
// to 32 if that takes 7.5 s. Where the whole part closes at 150 s it may take all chips for 100 s,
// which alone would take it 400 s.
TEST(GoodputPolicy, JobsGrowAsFarAsWindowsAllow) {
  const JobSizes sizes = table({8, 16, 32}, 1.0);
  const auto grown_to = [&](const Window& window, double work) {
    const Decisions decisions =
        decide_beside({window}, {elastic_job(0, sizes, 0, work)}, goodput());
    return decisions.grows.empty() ? 0 : sizes.sizes[decisions.grows[0].size].chips;
  };
  const Window reserved{10.0, 20.0, 0, 16, 1}, closed{150.0, 200.0, 0};
  EXPECT_EQ(grown_to(reserved, 3200.0), 16);
  EXPECT_EQ(grown_to(reserved, 240.0), 32);
  EXPECT_EQ(grown_to(closed, 3200.0), 32);
  EXPECT_EQ(grown_to({0.0, 1000.0, 0, 24, 1}, 3200.0), 0);
}

// The total counts: the job that scales would take chips of the one that does not. A reservation
// lets it not, and so the other keeps what it has.
TEST(GoodputPolicy, NobodyShrinksForNothing) {
  const JobSizes flat = table({8, 16, 24}, 0.1), steep = table({8, 16, 24}, 1.0);
  const std::vector<ElasticJob> jobs{elastic_job(0, flat, 1, 1e4), elastic_job(1, steep, 1, 1e4)};
  const Decisions freely = decide_beside({}, jobs, goodput(1.0));
  EXPECT_EQ(freely.shrinks.size(), 1U);
  EXPECT_EQ(freely.grows.size(), 1U);
  const Decisions beside = decide_beside({{10.0, 20.0, 0, 8, 1}}, jobs, goodput(1.0));
  EXPECT_TRUE(beside.shrinks.empty());
  EXPECT_TRUE(beside.grows.empty());
}

// A job of 16 chips that would run into the closed part does not start, and the running one keeps
// its 32 chips; one that ends in time does.
TEST(GoodputPolicy, NobodyShrinksForAStartIntoAWindow) {
  const JobSizes sizes = table({8, 16, 32}, 1.0);
  const auto starts = [&](double requested_s) {
    WaitingJob waiting{.id = 1, .request = {.chips = 16}, .requested_s = requested_s};
    return decide_beside({{100.0, 200.0, 0}}, {elastic_job(0, sizes, 2, 1600.0)}, goodput(),
                         {waiting});
  };
  EXPECT_TRUE(starts(101.0).shrinks.empty());
  EXPECT_TRUE(starts(101.0).starts.empty());
  EXPECT_EQ(starts(5.0).starts.size(), 1U);
  EXPECT_EQ(starts(5.0).shrinks.size(), 1U);
}

}  // namespace
}  // namespace busbar::scheduling::test
