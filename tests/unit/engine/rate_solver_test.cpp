#include "sim/engine/rate_solver.h"

#include <gmock/gmock.h>

#include <map>

#include "sim/engine/clock.h"
#include "sim/engine/simgrid_rate_solver.h"
#include "sim/engine/simgrid_world.h"
#include "tests/unit/engine/in_child.h"

namespace busbar::engine {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

// ── The oracle ───────────────────────────────────────────────────────────────────────────────────

// A demand below the fair share is met; what it leaves is shared by the others.
TEST(MaxMin, LeavesWhatSmallFlowsDoNotWant) {
  EXPECT_THAT(max_min_shares(std::vector{30.0}, {{0}, {0}, {0}}, std::vector{5.0, 100.0, 100.0}),
              ElementsAre(5.0, 12.5, 12.5));
}

// A flow over two links gets the share of the fuller one; the other link's rest goes to its own.
TEST(MaxMin, TheTightestLinkDecides) {
  EXPECT_THAT(
      max_min_shares(std::vector{10.0, 100.0}, {{0}, {0, 1}, {1}}, std::vector{1e9, 1e9, 1e9}),
      ElementsAre(5.0, 5.0, 95.0));
}

// ── SimGrid against it ───────────────────────────────────────────────────────────────────────────

// A network of flows that both solvers see, with the shares that SimGrid reported.
class Rig {
 public:
  explicit Rig(std::vector<Link> links)
      : links_(std::move(links)), world_(links_), solver_(world_, clock) {
    solver_.on_change([this](std::span<const Share> shares) {
      for (const Share& share : shares) rate_[share.flow] = share.rate_Bps;
    });
  }
  std::int32_t add(std::vector<std::int32_t> path, double demand) {
    const std::int32_t flow = solver_.add(path, demand);
    flows_[flow] = {path, demand};
    rate_[flow] = demand;
    return flow;
  }
  void remove(std::int32_t flow) {
    solver_.remove(flow);
    flows_.erase(flow);
    rate_.erase(flow);
  }
  void set_demand(std::int32_t flow, double demand) {
    solver_.set_demand(flow, demand);
    flows_[flow].second = demand;
  }
  void set_capacity(std::int32_t link, double capacity) {
    solver_.set_capacity(link, capacity);
    links_[static_cast<size_t>(link)].capacity_Bps = capacity;
  }
  double rate(std::int32_t flow) const { return rate_.at(flow); }
  double throughput(std::int32_t link) const { return solver_.throughput(link); }
  const auto& flows() const { return flows_; }
  // Largest relative difference to the oracle.
  double error() const {
    std::vector<double> capacity, demand;
    std::vector<std::vector<std::int32_t>> paths;
    for (const Link& link : links_) capacity.push_back(link.capacity_Bps);
    for (const auto& [flow, what] : flows_) {
      paths.push_back(what.first);
      demand.push_back(what.second);
    }
    const auto expected = max_min_shares(capacity, paths, demand);
    double worst = 0.0;
    size_t i = 0;
    for (const auto& [flow, what] : flows_) {
      worst = std::max(worst, std::abs(rate_.at(flow) - expected[i]) / expected[i]);
      ++i;
    }
    return worst;
  }
  Clock clock;

 private:
  std::vector<Link> links_;
  SimgridWorld world_;
  SimgridRateSolver solver_;
  std::map<std::int32_t, std::pair<std::vector<std::int32_t>, double>> flows_;
  std::map<std::int32_t, double> rate_;
};

// Trap T1: SimGrid weighs shares by latency. Ours have none: two equal flows share equally, and a
// change is known a microsecond later (trap T7).
TEST(SimgridRateSolver, EqualFlowsShareEqually) {
  in_child([] {
    Rig rig({{"wan", 100e9}});
    std::int32_t a = -1, b = -1;
    rig.clock.at(10.0, Phase::kArrival, 0, [&] {
      a = rig.add({0}, 80e9);
      b = rig.add({0}, 80e9);
    });
    rig.clock.run(10.0 + 2e-6);
    EXPECT_NEAR(rig.rate(a), 50e9, 1.0);
    EXPECT_NEAR(rig.rate(b), 50e9, 1.0);
    EXPECT_NEAR(rig.throughput(0), 100e9, 1.0);
  });
}

// Trap T3: a rate set on a flow is ignored by SimGrid; a port's demand is not.
TEST(SimgridRateSolver, AFlowNeverExceedsItsDemand) {
  in_child([] {
    Rig rig({{"wan", 100e9}});
    std::int32_t small = -1, large = -1;
    rig.clock.at(0.0, Phase::kArrival, 0, [&] {
      small = rig.add({0}, 5e9);
      large = rig.add({0}, 400e9);
    });
    rig.clock.at(1.0, Phase::kChange, 0, [&] { rig.set_demand(small, 20e9); });
    rig.clock.run(0.5);
    EXPECT_NEAR(rig.rate(small), 5e9, 1.0);
    EXPECT_NEAR(rig.rate(large), 95e9, 1.0);
    rig.clock.run(2.0);
    EXPECT_NEAR(rig.rate(small), 20e9, 1.0);
    EXPECT_NEAR(rig.rate(large), 80e9, 1.0);
  });
}

// Trap T2: a flow's bound freezes at its start. Raising a link must raise a running flow.
TEST(SimgridRateSolver, RaisingALinkRaisesRunningFlows) {
  in_child([] {
    Rig rig({{"wan", 5e9}});
    std::int32_t flow = -1;
    rig.clock.at(0.0, Phase::kArrival, 0, [&] { flow = rig.add({0}, 100e9); });
    rig.clock.at(50.0, Phase::kChange, 0, [&] { rig.set_capacity(0, 20e9); });
    rig.clock.at(90.0, Phase::kChange, 0, [&] { rig.set_capacity(0, 1e9); });
    rig.clock.run(40.0);
    EXPECT_NEAR(rig.rate(flow), 5e9, 1.0);
    rig.clock.run(60.0);
    EXPECT_NEAR(rig.rate(flow), 20e9, 1.0);
    rig.clock.run(100.0);
    EXPECT_NEAR(rig.rate(flow), 1e9, 1.0);
  });
}

// Trap T8: dropping a cancelled flow in its own event is a segmentation fault. Ours may be removed
// and replaced at one instant, again and again.
TEST(SimgridRateSolver, FlowsComeAndGoAtOneInstant) {
  in_child([] {
    Rig rig({{"wan", 10e9}});
    std::int32_t flow = -1;
    for (int i = 0; i < 2000; ++i) {
      rig.clock.at(i, Phase::kArrival, 0, [&] {
        if (flow >= 0) rig.remove(flow);
        flow = rig.add({0}, 50e9);
      });
    }
    rig.clock.run(2000.0);
    EXPECT_NEAR(rig.rate(flow), 10e9, 1.0);
    EXPECT_EQ(rig.flows().size(), 1u);
  });
}

// Through months of random arrivals, departures, demands and capacities, over shared and crossing
// paths, SimGrid's shares are those of progressive filling.
TEST(SimgridRateSolver, AgreesWithProgressiveFilling) {
  in_child([] {
    std::vector<Link> links;
    for (int i = 0; i < 12; ++i) links.push_back({"l", 1e9 * (1 + i * i)});
    Rig rig(links);
    std::uint32_t seed = 11;
    const auto draw = [&](std::uint32_t below) {
      seed = seed * 1664525u + 1013904223u;
      return (seed >> 10) % below;
    };
    double worst = 0.0;
    for (int i = 0; i < 3000; ++i) {
      const double date = 3600.0 * i;
      rig.clock.at(date, Phase::kArrival, 0, [&] {
        const std::uint32_t what = draw(10);
        if (rig.flows().size() < 5 || (what < 4 && rig.flows().size() < 60)) {
          std::vector<std::int32_t> path{static_cast<std::int32_t>(draw(12))};
          const auto other = static_cast<std::int32_t>(draw(12));
          if (other != path[0]) path.push_back(other);
          rig.add(path, 1e6 * (1 + draw(40000)));
          return;
        }
        auto victim = rig.flows().begin();
        std::advance(victim, draw(static_cast<std::uint32_t>(rig.flows().size())));
        if (what < 7) {
          rig.remove(victim->first);
        } else if (what < 9) {
          rig.set_demand(victim->first, 1e6 * (1 + draw(40000)));
        } else {
          rig.set_capacity(static_cast<std::int32_t>(draw(12)), 1e8 * (1 + draw(500)));
        }
      });
      rig.clock.run(date + 10.0);
      worst = std::max(worst, rig.error());
    }
    EXPECT_LT(worst, 1e-6);
  });
}

}  // namespace
}  // namespace busbar::engine
