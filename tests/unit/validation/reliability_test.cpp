#include "sim/validation/reliability.h"

#include <gtest/gtest.h>

#include <cmath>

namespace busbar::validation {
namespace {

using base::Seconds;

// 1,000 nodes that fail once in 3,000 s together.
struct Case {
  model::FailureModel failures;
  ReliabilityTask task;
  Case() {
    model::FailureMode mode;
    mode.per = model::FailureUnit::kNode;
    mode.rate = base::Hertz{1.0 / 3e6};
    failures.modes.push_back(mode);
    task.failures = &failures;
    task.population[model::FailureUnit::kNode] = 1000;
    task.plan.interval = Seconds{400.0};
    task.plan.stall = task.plan.lag = Seconds{20.0};
    task.restart = {Seconds{0.0}, Seconds{100.0}, Seconds{50.0}, Seconds{450.0}};
    task.horizon = Seconds{3e6};
    task.replicates = 200;
  }
  void expect_agreement(double allowance = 0.0) const {
    const Band simulated = simulate(task).effective;
    EXPECT_NEAR(simulated.mean, estimate(task).effective, 4.0 * simulated.error + allowance);
    EXPECT_LT(simulated.error, 0.002);
  }
};

// Closed form and simulation are each the other's test: stop and restart, …
TEST(Reliability, RestartsAgreeWithTheClosedForm) { Case().expect_agreement(); }

// … with copies that are safe only later, …
TEST(Reliability, UnsafeCopiesAgreeWithTheClosedForm) {
  Case c;
  c.task.plan.lag = Seconds{320.0};
  const double safe = Case().task.plan.lag.value;
  EXPECT_GT(c.task.plan.lag.value, safe);
  c.expect_agreement();
}

// … going on without a slice, …
TEST(Reliability, ElasticJobsAgreeWithTheClosedForm) {
  Case c;
  c.task.elastic = faults::ElasticModel{20, Seconds{120.0}, Seconds{30.0}, Seconds{900.0}, 0.0};
  c.expect_agreement(3e-4);  // of the beginning, when all are there
}

// … and with failures that elasticity does not help, which the closed form treats as independent.
TEST(Reliability, UnhelpedFailuresAgreeWithinHalfAPoint) {
  Case c;
  c.task.elastic = faults::ElasticModel{20, Seconds{120.0}, Seconds{30.0}, Seconds{900.0}, 0.1};
  c.expect_agreement(5e-3);
}

// Copies in memory survive a node but not a rack: with racks failing alike as often, half of all
// failures fall back an hour.
TEST(Reliability, LostCopiesFallBackToStorage) {
  Case c;
  c.task.plan.in_memory = true;
  c.task.plan.fallback_interval = Seconds{4000.0};
  const double nodes = simulate(c.task).lost_s.mean;
  c.failures.modes[0].takes = model::FailureUnit::kDomain;
  const double racks = simulate(c.task).lost_s.mean;
  EXPECT_GT(racks, 3.0 * nodes);
}

// A straggler of 10 % that is found after 600 s costs a minute of work and no restart.
TEST(Reliability, StragglersSlowTheJob) {
  Case c;
  c.failures.modes[0].slowdown = 0.1;
  c.failures.modes[0].detection = Seconds{600.0};
  const ReliabilityFigures figures = simulate(c.task);
  EXPECT_EQ(figures.interruptions.mean, 0.0);
  EXPECT_NEAR(figures.lost_s.mean, 60.0 * 1000.0, 1500.0);
  c.expect_agreement();
}

// What is useful, lost and stalled by restarts and checkpoints is all the time that there was.
TEST(Reliability, TimeIsAccountedFor) {
  Case c;
  c.task.plan.stall = c.task.plan.lag = Seconds{0.0};
  c.task.replicates = 2;
  const ReliabilityFigures f = simulate(c.task);
  const double all =
      f.effective.mean * c.task.horizon.value + f.lost_s.mean + f.causes[0].stalled_s.mean;
  EXPECT_NEAR(all / c.task.horizon.value, 1.0, 1e-9);
}

}  // namespace
}  // namespace busbar::validation
