#include "sim/scheduling/shares.h"

#include <gmock/gmock.h>

#include <cmath>
#include <ctime>
#include <numeric>
#include <random>

namespace busbar::scheduling {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

// Two jobs on two chips, four and two times as fast on the second. Half of each is an equal share:
// speeds of 2.5 and 1.5. With a weight of 2 the first gets more of the second chip: if the other
// has a part x of it, (4 (1 - x) + x) / 2.5 / 2 = (2 x + 1 - x) / 1.5 at x = 2/19.
TEST(MaxMin, IsTheCrossingOfTwoLines) {
  const ShareProblem problem{{{1, 4}, {1, 2}}, {{1, 1}, {1, 1}}, {2, 1}, {1, 1}};
  const Shares shares = max_min_shares(problem);
  const double x = 2.0 / 19.0;
  EXPECT_NEAR(shares.time[1][1], x, 1e-6);
  EXPECT_NEAR(shares.least, (1.0 + x) / 1.5, 1e-8);
  EXPECT_NEAR(shares.throughput[0], 2.0 * shares.least, 1e-6);
  EXPECT_NEAR(shares.throughput[1], shares.least, 1e-6);
}

// A job does best in the pool that suits it: 2 of 1.5 and 4 of 2.5, where an equal share gives 1.
TEST(MaxMin, SendsEachWhereItIsGood) {
  const ShareProblem problem{{{1, 4}, {2, 1}}, {{1, 1}, {1, 1}}, {1, 1}, {1, 1}};
  const Shares shares = max_min_shares(problem);
  EXPECT_NEAR(shares.least, 4.0 / 3.0, 1e-6);
  EXPECT_NEAR(shares.throughput[0], 1.6, 1e-6);
  EXPECT_DOUBLE_EQ(equal_shares(problem).least, 1.0);
}

// On equal chips nothing is better than an equal share; a weight of 2 is twice the time.
TEST(MaxMin, IsEqualOnEqualChips) {
  ShareProblem problem{{{1}, {1}, {1}}, {{1}, {1}, {1}}, {1, 1, 1}, {1}};
  EXPECT_NEAR(max_min_shares(problem).least, 1.0, 1e-8);
  problem.weights = {2, 1, 1};
  const Shares shares = max_min_shares(problem);
  EXPECT_NEAR(shares.time[0][0], 0.5, 1e-8);
  EXPECT_NEAR(shares.time[1][0], 0.25, 1e-8);
}

// A job that runs in one pool only leaves the rest to others, all of it: the second program.
TEST(MaxMin, LeavesNothingIdle) {
  const ShareProblem problem{{{1, 0}, {1, 1}}, {{4, 4}, {4, 4}}, {1, 1}, {4, 8}};
  const Shares shares = max_min_shares(problem);
  EXPECT_NEAR(shares.time[0][0] + shares.time[1][0], 1.0, 1e-6);
  EXPECT_NEAR(shares.time[1][0] + shares.time[1][1], 1.0, 1e-6);
}

// A textbook tableau with Bland's rule: max c x, A x <= b, x >= 0 with b >= 0.
double simplex(std::vector<std::vector<double>> a, const std::vector<double>& b,
               std::vector<double> c) {
  const size_t rows = a.size(), columns = c.size();
  for (size_t i = 0; i < rows; ++i) {
    a[i].resize(columns + rows, 0.0);
    a[i][columns + i] = 1.0;
    a[i].push_back(b[i]);
  }
  c.resize(columns + rows + 1, 0.0);
  std::vector<size_t> basis(rows);
  std::iota(basis.begin(), basis.end(), columns);
  for (;;) {
    size_t enters = 0;
    while (enters < columns + rows && c[enters] < 1e-11) ++enters;
    if (enters == columns + rows) return -c.back();
    size_t leaves = rows;
    for (size_t i = 0; i < rows; ++i) {
      if (a[i][enters] < 1e-11) continue;
      const double ratio = a[i].back() / a[i][enters];
      const double best = leaves == rows ? HUGE_VAL : a[leaves].back() / a[leaves][enters];
      if (ratio < best - 1e-12 || (ratio < best + 1e-12 && basis[i] < basis[leaves])) leaves = i;
    }
    const double pivot = a[leaves][enters];
    for (double& v : a[leaves]) v /= pivot;
    const auto clear = [&](std::vector<double>& row) {
      const double factor = row[enters];
      for (size_t k = 0; k < row.size(); ++k) row[k] -= factor * a[leaves][k];
    };
    for (size_t i = 0; i < rows; ++i) {
      if (i != leaves) clear(a[i]);
    }
    clear(c);
    basis[leaves] = enters;
  }
}

// The same program, written down anew, one column per job and pool.
double optimum(const ShareProblem& p) {
  const size_t jobs = p.chips.size(), pools = p.capacity_chips.size(), last = jobs * pools;
  const Shares equal = equal_shares(p);
  std::vector<std::vector<double>> a;
  std::vector<double> b, c(last + 1, 0.0);
  c[last] = 1.0;
  for (size_t m = 0; m < jobs; ++m) {
    std::vector<double> least(last + 1, 0.0), time(last + 1, 0.0);
    double of_equal = 0.0;
    for (size_t j = 0; j < pools; ++j) of_equal += equal.time[m][j] * p.speeds[m][j];
    for (size_t j = 0; j < pools; ++j) {
      least[m * pools + j] = -p.speeds[m][j] / of_equal;
      time[m * pools + j] = 1.0;
    }
    least[last] = p.weights[m];
    a.insert(a.end(), {least, time});
    b.insert(b.end(), {0.0, 1.0});
  }
  for (size_t j = 0; j < pools; ++j) {
    std::vector<double> chips(last + 1, 0.0);
    for (size_t m = 0; m < jobs; ++m) {
      if (p.speeds[m][j] > 0.0) chips[m * pools + j] = p.chips[m][j];
    }
    a.push_back(chips);
    b.push_back(p.capacity_chips[j]);
  }
  return simplex(a, b, c);
}

ShareProblem random_problem(size_t jobs, size_t pools, std::mt19937& random) {
  std::uniform_real_distribution<double> speed(0.2, 5.0);
  std::uniform_int_distribution<int> size(0, 3), weight(0, 1), runs(0, 4);
  ShareProblem problem;
  for (size_t m = 0; m < jobs; ++m) {
    auto& chips = problem.chips.emplace_back();
    for (size_t j = 0; j < pools; ++j) chips.push_back(std::pow(2.0, size(random)));
    problem.weights.push_back(std::pow(2.0, weight(random)));
    auto& speeds = problem.speeds.emplace_back();
    for (size_t j = 0; j < pools; ++j) speeds.push_back(runs(random) > 0 ? speed(random) : 0.0);
    speeds[m % pools] = speed(random);
  }
  for (size_t j = 0; j < pools; ++j) problem.capacity_chips.push_back(8.0 * (1.0 + size(random)));
  return problem;
}

// 200 instances of up to 8 jobs and 4 pools: the minimum is that of the tableau, no pool and no job
// has more than all of its time, and it is never below the equal share's.
TEST(MaxMin, EqualsAnIndependentSolver) {
  std::mt19937 random(7);
  double largest = 0.0;
  for (int i = 0; i < 200; ++i) {
    const size_t jobs = 2 + static_cast<size_t>(i) % 7, pools = 1 + static_cast<size_t>(i) % 4;
    const ShareProblem problem = random_problem(jobs, pools, random);
    const Shares shares = max_min_shares(problem);
    const double best = optimum(problem);
    largest = std::max(largest, std::abs(shares.least / best - 1.0));
    EXPECT_NEAR(shares.least, best, 1e-6 * best);
    for (size_t j = 0; j < pools; ++j) {
      double chips = 0.0;
      for (size_t m = 0; m < jobs; ++m) chips += problem.chips[m][j] * shares.time[m][j];
      EXPECT_LE(chips, problem.capacity_chips[j] * (1.0 + 1e-6));
    }
    for (const auto& time : shares.time) {
      EXPECT_LE(std::accumulate(time.begin(), time.end(), 0.0), 1.0 + 1e-6);
    }
    if (*std::max_element(problem.weights.begin(), problem.weights.end()) == 1.0) {
      EXPECT_GE(shares.least, 1.0 - 1e-6);
    }
  }
  std::printf("max-min against a tableau: largest relative difference %.1e of 200\n", largest);
}

// No two of 1,000 jobs are alike in 10 pools.
TEST(MaxMin, IsQuickForAThousandJobs) {
  std::mt19937 random(11);
  ShareProblem problem = random_problem(1000, 10, random);
  for (double& capacity : problem.capacity_chips) capacity *= 10.0;
  const std::clock_t begin = std::clock();
  const Shares shares = max_min_shares(problem);
  const double took_s = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf("1,000 jobs in 10 pools: %.2f CPU s\n", took_s);
  EXPECT_GT(shares.least, 0.0);
  EXPECT_LT(took_s, 1.0);
}

// ── Rounds ───────────────────────────────────────────────────────────────────────────────────────

// A job that has had these shares for 100 s.
RoundJob job(std::vector<double> shares, std::vector<double> received_s, int pool = -1) {
  std::vector<double> due_s;
  for (const double share : shares) due_s.push_back(100.0 * share);
  return {std::vector<double>(due_s.size(), 1.0),
          std::move(shares),
          std::move(due_s),
          std::move(received_s),
          pool,
          false};
}

// Time due over time received: 50 / 10 and 50 / 30. Nothing received comes first.
TEST(NextRound, GoesToWhoIsBehind) {
  EXPECT_THAT(next_round({job({0.5}, {30}, 0), job({0.5}, {10})}, {1}, 0.0), ElementsAre(-1, 0));
  EXPECT_THAT(next_round({job({0.9}, {1}, 0), job({0.1}, {0})}, {1}, 0.0), ElementsAre(-1, 0));
}

// Of equal ones: the larger share, who runs there, the first.
TEST(NextRound, BreaksTies) {
  EXPECT_THAT(next_round({job({0.1}, {0}), job({0.2}, {0})}, {1}, 0.0), ElementsAre(-1, 0));
  EXPECT_THAT(next_round({job({0.2}, {0}), job({0.2}, {0}, 0)}, {1}, 0.0), ElementsAre(-1, 0));
  EXPECT_THAT(next_round({job({0.2}, {0}), job({0.2}, {0})}, {1}, 0.0), ElementsAre(0, -1));
}

// Two chips: one job of two is as far behind as each of two small ones, 50 s with the coming round,
// and they take turns by chips × time behind. Where a small one is not behind, the large one goes:
// beside the other small one a chip would be idle.
TEST(NextRound, SmallJobsGoTogether) {
  std::vector<RoundJob> jobs{job({0.5}, {50}), job({0.5}, {40}), job({0.5}, {40})};
  jobs[0].chips = {2.0};
  EXPECT_THAT(next_round(jobs, {2}, 100.0), ElementsAre(-1, 0, 0));
  jobs[2].received_s = {110};
  EXPECT_THAT(next_round(jobs, {2}, 100.0), ElementsAre(0, -1, -1));
  EXPECT_THAT(next_round(jobs, {2}, 0.0), ElementsAre(-1, 0, 0));  // by due / received alone
}

// A job takes the chips that its vendor gives it there.
TEST(NextRound, ChipsAreThoseOfThePool) {
  std::vector<RoundJob> jobs{job({0.5, 0.4}, {0, 0}), job({0.5, 0.4}, {0, 0})};
  for (RoundJob& one : jobs) one.chips = {2.0, 1.0};
  EXPECT_THAT(next_round(jobs, {2, 2}, 0.0), ElementsAre(0, 1));
  EXPECT_THAT(next_round(jobs, {0, 2}, 0.0), ElementsAre(1, 1));
}

// One pool for one job; a job without a share in a pool never runs there, room or not.
TEST(NextRound, OnePlaceForAJob) {
  EXPECT_THAT(next_round({job({0.5, 0.5}, {0, 0})}, {1, 1}, 0.0), ElementsAre(0));
  EXPECT_THAT(next_round({job({0.5, 0}, {0, 0}), job({0.5, 0}, {9, 0})}, {1, 1}, 0.0),
              ElementsAre(0, -1));
}

// What is on its way keeps its place; what does not fit lets a smaller one through.
TEST(NextRound, KeepsWhatStays) {
  std::vector<RoundJob> jobs{job({0.1}, {100}, 0), job({0.9}, {0}), job({0.5}, {5})};
  jobs[0].stays = true;
  jobs[1].chips = {2.0};
  EXPECT_THAT(next_round(jobs, {2}, 0.0), ElementsAre(0, -1, 0));
}

}  // namespace
}  // namespace busbar::scheduling
