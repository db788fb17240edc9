#include "sim/faults/failure_process.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "sim/faults/log_fit.h"

namespace busbar::faults {
namespace {

using model::FailureUnit;

model::FailureModel plain(double rate) {
  model::FailureMode mode;
  mode.name = "node";
  mode.per = FailureUnit::kNode;
  mode.rate = base::Hertz{rate};
  model::FailureModel failures{"plain", "", {mode}, {}, {}};
  return failures;
}

Population of_nodes(std::int64_t nodes) {
  Population p;
  p[FailureUnit::kNode] = nodes;
  p[FailureUnit::kCluster] = 1;
  return p;
}

std::vector<Failure> until(FailureProcess& process, double end_s) {
  std::vector<Failure> all;
  while (process.next_s() < end_s) all.push_back(process.pop());
  return all;
}

double gap_variation(const std::vector<Failure>& failures) {
  std::vector<LoggedFault> faults;
  for (const Failure& f : failures) faults.push_back({0, f.time_s, f.time_s, ""});
  return arrivals_of(faults, base::Seconds{failures.back().time_s}, {}).gap_variation;
}

// 100 nodes of rate 0.01 fail once a second together, in order, as a Poisson stream: gaps vary as
// much as they are long.
TEST(FailureProcess, ExponentialsSuperpose) {
  const model::FailureModel failures = plain(0.01);
  FailureProcess process(failures, of_nodes(100), base::RandomStreams(1, 0), "c", base::Seconds{0});
  const auto all = until(process, 40'000.0);
  EXPECT_NEAR(static_cast<double>(all.size()) / 40'000.0, 1.0, 0.02);
  EXPECT_NEAR(gap_variation(all), 1.0, 0.03);
  for (size_t i = 1; i < all.size(); ++i) ASSERT_GE(all[i].time_s, all[i - 1].time_s);
}

// Bursts of a geometric number with mean m at one instant: the variation of gaps is sqrt(2m - 1),
// the mean rate stays, and members of a burst are distinct nodes with one cause.
TEST(FailureProcess, BurstsSpreadTheGaps) {
  model::FailureModel failures = plain(0.001);
  failures.bursts.mean_size = 2.5;
  FailureProcess process(failures, of_nodes(1000), base::RandomStreams(2, 0), "c",
                         base::Seconds{0});
  const auto all = until(process, 100'000.0);
  EXPECT_NEAR(static_cast<double>(all.size()) / 100'000.0, 1.0, 0.02);
  EXPECT_NEAR(gap_variation(all), 2.0, 0.05);
  std::set<std::pair<std::int64_t, std::int64_t>> members;
  for (const Failure& f : all) EXPECT_TRUE(members.insert({f.burst, f.unit}).second);
}

// A burst within a rack of ten stays in it.
TEST(FailureProcess, BurstsStayInTheirGroup) {
  model::FailureModel failures = plain(0.01);
  failures.bursts = {4.0, 1.0, {}, FailureUnit::kDomain};
  Population population = of_nodes(1000);
  population[FailureUnit::kDomain] = 100;
  FailureProcess process(failures, population, base::RandomStreams(2, 0), "c", base::Seconds{0});
  std::map<std::int64_t, std::set<std::int64_t>> racks;
  for (const Failure& f : until(process, 1000.0)) racks[f.burst].insert(f.unit / 10);
  for (const auto& [burst, hit] : racks) EXPECT_EQ(hit.size(), 1u);
}

// Mean variance over mean of counts in windows, over replicates of a model with one failure a
// second.
double dispersion(const model::FailureModel& failures, double window_s, double span_s) {
  const double days = window_s / base::kDay;
  double mean = 0.0;
  for (std::uint64_t r = 0; r < 10; ++r) {
    FailureProcess process(failures, of_nodes(1000), base::RandomStreams(4, r), "c",
                           base::Seconds{0});
    std::vector<LoggedFault> faults;
    for (const Failure& f : until(process, span_s)) faults.push_back({0, f.time_s, f.time_s, ""});
    mean += arrivals_of(faults, base::Seconds{span_s}, {days}).dispersion.at(days) / 10.0;
  }
  return mean;
}

// Members at random delays and slow drift spread counts as `dispersion_of` says: 1,000 windows of
// 10 replicates, an error of 2 to 3 %.
TEST(FailureProcess, DispersionIsThatOfItsFormula) {
  model::FailureModel bursts = plain(1e-3);
  bursts.bursts = {3.0, 0.5, base::Seconds{20.0}, FailureUnit::kCluster};
  model::FailureModel drifting = plain(1e-3);
  drifting.drift = {0.5, base::Seconds{100.0}};
  for (const auto* failures : {&bursts, &drifting}) {
    for (const double window_s : {5.0, 50.0}) {
      const double expected = dispersion_of(failures->bursts, failures->drift, base::Hertz{1.0},
                                            base::Seconds{window_s});
      EXPECT_GT(expected, 1.5);
      EXPECT_NEAR(dispersion(*failures, window_s, 20'000.0) / expected, 1.0, 0.08) << window_s;
    }
  }
}

// The draws of one cluster do not depend on another's existence or on what came before.
TEST(FailureProcess, EntitiesHaveTheirOwnStreams) {
  const model::FailureModel failures = plain(0.01);
  const base::RandomStreams streams(9, 0);
  FailureProcess a(failures, of_nodes(10), streams, "a", base::Seconds{0});
  FailureProcess b(failures, of_nodes(10), streams, "b", base::Seconds{0});
  FailureProcess again(failures, of_nodes(10), streams, "a", base::Seconds{0});
  until(b, 5000.0);
  EXPECT_NE(a.next_s(), b.next_s());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(a.pop().time_s, again.pop().time_s);
}

// Ten times the nodes from half time on: ten times the failures. Nodes that leave never fail.
TEST(FailureProcess, PopulationsGrowAndShrink) {
  model::FailureModel failures = plain(0.01);
  failures.modes.push_back(failures.modes[0]);
  failures.modes[1].name = "old";
  failures.modes[1].shape = 2.0;
  FailureProcess process(failures, of_nodes(10), base::RandomStreams(1, 0), "c", base::Seconds{0});
  const auto few = until(process, 20'000.0);
  process.resize(of_nodes(100), base::Seconds{20'000.0});
  const auto many = until(process, 40'000.0);
  EXPECT_NEAR(static_cast<double>(few.size()), 4000.0, 250.0);
  EXPECT_NEAR(static_cast<double>(many.size()), 40'000.0, 800.0);
  process.resize(of_nodes(3), base::Seconds{40'000.0});
  for (const Failure& f : until(process, 41'000.0)) EXPECT_LT(f.unit, 3);
}

TEST(FailureProcess, NothingFailsWithoutUnits) {
  const model::FailureModel failures = plain(0.01);
  FailureProcess process(failures, of_nodes(0), base::RandomStreams(1, 0), "c", base::Seconds{0});
  EXPECT_TRUE(std::isinf(process.next_s()));
}

// Four chips a node and eight nodes a rack: chip 9 takes out node 2 and node 9's rack is 1; a rack
// takes out its eight nodes; a job is no unit, and nobody said how many feeds there are.
TEST(TakenOut, FollowsTheNumbersOfUnits) {
  Population p = of_nodes(32);
  p[FailureUnit::kChip] = 128;
  p[FailureUnit::kDomain] = 4;
  const auto taken = [&](FailureUnit per, FailureUnit takes, std::int64_t unit) {
    model::FailureMode mode;
    mode.per = per;
    mode.takes = takes;
    const TakenOut out = taken_out(mode, p, unit);
    EXPECT_EQ(out.unit, takes);
    return std::pair{out.first, out.count};
  };
  EXPECT_EQ(taken(FailureUnit::kChip, FailureUnit::kNode, 9), std::pair(2L, 1L));
  EXPECT_EQ(taken(FailureUnit::kNode, FailureUnit::kDomain, 9), std::pair(1L, 1L));
  EXPECT_EQ(taken(FailureUnit::kDomain, FailureUnit::kNode, 3), std::pair(24L, 8L));
  EXPECT_EQ(taken(FailureUnit::kChip, FailureUnit::kChip, 127), std::pair(127L, 1L));
  EXPECT_EQ(taken(FailureUnit::kNode, FailureUnit::kJob, 5).second, 0);
  EXPECT_EQ(taken(FailureUnit::kNode, FailureUnit::kFeed, 5).second, 0);
}

// Log-normal with a median of 20 h and a mean of 132 h.
TEST(RepairTime, HasItsMedianAndMean) {
  model::FailureMode mode;
  mode.repair = {base::Seconds{20.0}, std::sqrt(2.0 * std::log(132.0 / 20.0))};
  EXPECT_NEAR(mode.repair.mean().value, 132.0, 1e-9);
  base::RandomStream draws = base::RandomStreams(1, 0).get("test", "repair");
  int below = 0;
  for (int i = 0; i < 10'000; ++i) below += repair_time(mode, draws).value < 20.0 ? 1 : 0;
  EXPECT_NEAR(below, 5000, 150);
}

}  // namespace
}  // namespace busbar::faults
