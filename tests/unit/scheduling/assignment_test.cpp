#include "sim/scheduling/assignment.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace busbar::scheduling {
namespace {

using ::testing::ElementsAre;

constexpr double kForbidden = std::numeric_limits<double>::infinity();
constexpr int kInstances = 1000;

bool holds(const AssignmentProblem& p, const Assignment& done) {
  std::vector<std::int64_t> free = p.capacities;
  for (size_t job = 0; job < p.sizes.size(); ++job) {
    if (done.site[job] == Assignment::kOutside) continue;
    const auto site = static_cast<size_t>(done.site[job]);
    free[site] -= p.sizes[job];
    if (!std::isfinite(p.costs[job][site])) return false;
  }
  return std::all_of(free.begin(), free.end(), [](std::int64_t left) { return left >= 0; });
}

// Tries every assignment of the jobs from `job` on; cuts off what already costs too much.
double cheapest(const AssignmentProblem& p, std::vector<std::int64_t>& free, size_t job,
                double cost, double best) {
  if (cost >= best) return best;
  if (job == p.sizes.size()) return cost;
  for (size_t site = 0; site < free.size(); ++site) {
    if (free[site] < p.sizes[job]) continue;
    free[site] -= p.sizes[job];
    best = cheapest(p, free, job + 1, cost + p.costs[job][site], best);
    free[site] += p.sizes[job];
  }
  return cheapest(p, free, job + 1, cost + p.outside[job], best);
}

double optimum(const AssignmentProblem& p) {
  std::vector<std::int64_t> free = p.capacities;
  return cheapest(p, free, 0, 0.0, kForbidden);
}

// The null model: each job in turn to its cheapest place with room.
double one_by_one(const AssignmentProblem& p) {
  std::vector<std::int64_t> free = p.capacities;
  double sum = 0.0;
  for (size_t job = 0; job < p.sizes.size(); ++job) {
    double least = p.outside[job];
    size_t best = free.size();
    for (size_t site = 0; site < free.size(); ++site) {
      if (free[site] < p.sizes[job] || p.costs[job][site] >= least) continue;
      least = p.costs[job][site];
      best = site;
    }
    sum += least;
    if (best < free.size()) free[best] -= p.sizes[job];
  }
  return sum;
}

// 4 to 8 jobs, 2 or 3 sites that together hold 60 to 120 % of them. A site costs 1 to 10 a unit of
// size, waiting outside 5 to 20; one place in ten is forbidden.
AssignmentProblem random_problem(std::mt19937_64& random, bool equal) {
  const auto whole = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  const auto real = [&](double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random);
  };
  AssignmentProblem p;
  const auto jobs = static_cast<size_t>(whole(4, 8)), sites = static_cast<size_t>(whole(2, 3));
  std::int64_t all = 0;
  const std::int64_t size = whole(1, 16);
  for (size_t job = 0; job < jobs; ++job) {
    p.sizes.push_back(equal ? size : whole(1, 16));
    all += p.sizes.back();
  }
  const double load = real(0.6, 1.2);
  for (size_t site = 0; site < sites; ++site) {
    p.capacities.push_back(std::llround(load * static_cast<double>(all) /
                                        static_cast<double>(sites) * real(0.5, 1.5)));
  }
  for (size_t job = 0; job < jobs; ++job) {
    const auto chips = static_cast<double>(p.sizes[job]);
    p.costs.emplace_back();
    for (size_t site = 0; site < sites; ++site) {
      p.costs.back().push_back(real(0.0, 1.0) < 0.1 ? kForbidden : chips * real(1.0, 10.0));
    }
    p.outside.push_back(chips * real(5.0, 20.0));
  }
  return p;
}

struct Gaps {
  std::vector<double> to_optimum, to_bound, one_by_one;
  static double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + kInstances / 2, values.end());
    return values[kInstances / 2];
  }
  static double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / kInstances;
  }
  static double largest(const std::vector<double>& values) {
    return *std::max_element(values.begin(), values.end());
  }
  void print(const char* what) const {
    const auto line = [&](const char* name, const std::vector<double>& values) {
      const auto off =
          std::count_if(values.begin(), values.end(), [](double v) { return v > 0.02; });
      std::printf("%s, %s: median %.3f %%, mean %.3f %%, largest %.2f %%, above 2 %%: %ld of %d\n",
                  what, name, 100 * median(values), 100 * mean(values), 100 * largest(values),
                  static_cast<long>(off), kInstances);
    };
    line("cost over optimum", to_optimum);
    line("cost over flow bound", to_bound);
    line("one by one over optimum", one_by_one);
  }
};

Gaps gaps_of(bool equal) {
  std::mt19937_64 random(20260101);
  Gaps gaps;
  for (int i = 0; i < kInstances; ++i) {
    const AssignmentProblem p = random_problem(random, equal);
    const Assignment done = assign(p);
    const double best = optimum(p);
    EXPECT_TRUE(holds(p, done)) << "instance " << i;
    EXPECT_GE(done.cost, best * (1 - 1e-9)) << "instance " << i;
    EXPECT_LE(done.bound, best * (1 + 1e-9)) << "instance " << i;
    gaps.to_optimum.push_back(done.cost / best - 1.0);
    gaps.to_bound.push_back(done.gap());
    gaps.one_by_one.push_back(one_by_one(p) / best - 1.0);
  }
  return gaps;
}

// Equal jobs: the flow is the assignment, so its cost is the optimum and its own bound.
TEST(Assignment, EqualSizesGiveTheOptimum) {
  const Gaps gaps = gaps_of(true);
  gaps.print("equal sizes");
  EXPECT_LE(Gaps::largest(gaps.to_optimum), 1e-9);
  EXPECT_LE(Gaps::largest(gaps.to_bound), 1e-9);
}

TEST(Assignment, UnequalSizesComeClose) {
  const Gaps gaps = gaps_of(false);
  gaps.print("unequal sizes");
  EXPECT_LE(Gaps::median(gaps.to_optimum), 0.02);
  EXPECT_GT(Gaps::median(gaps.one_by_one), Gaps::median(gaps.to_optimum));
}

// Both jobs would rather go to the first site, which holds one of them. The second loses 1 there,
// the first 5: one by one in this order, the other way round, would cost 1 + 7.
TEST(Assignment, TheJobThatLosesLessMakesWay) {
  const Assignment done = assign({.sizes = {4, 4},
                                  .capacities = {4, 4},
                                  .costs = {{1.0, 2.0}, {2.0, 7.0}},
                                  .outside = {50.0, 50.0}});
  EXPECT_THAT(done.site, ElementsAre(1, 0));
  EXPECT_DOUBLE_EQ(done.cost, 4.0);
  EXPECT_DOUBLE_EQ(done.gap(), 0.0);
}

// Two jobs of 3 and a site of 5: the flow puts 2/3 of one there, whole jobs leave it outside.
// Bound 3 + 3 * 2/3 + 9 / 3 = 8, cost 3 + 9.
TEST(Assignment, TheGapIsThatOfWholeJobs) {
  const Assignment done = assign({.sizes = {3, 2, 3},
                                  .capacities = {5},
                                  .costs = {{3.0}, {20.0}, {3.0}},
                                  .outside = {9.0, 0.0, 9.0}});
  EXPECT_EQ(std::count(done.site.begin(), done.site.end(), 0), 1);
  EXPECT_DOUBLE_EQ(done.cost, 12.0);
  EXPECT_NEAR(done.bound, 8.0, 1e-9);
  EXPECT_NEAR(done.gap(), 0.5, 1e-9);
}

// A job that fits nowhere, or may go nowhere, waits; no jobs cost nothing.
TEST(Assignment, WhatFitsNowhereStaysOutside) {
  EXPECT_THAT(assign({.sizes = {8, 1},
                      .capacities = {4},
                      .costs = {{1.0}, {kForbidden}},
                      .outside = {3.0, 4.0}})
                  .site,
              ElementsAre(Assignment::kOutside, Assignment::kOutside));
  EXPECT_EQ(assign({}).cost, 0.0);
}

}  // namespace
}  // namespace busbar::scheduling
