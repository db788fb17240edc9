#include "sim/engine/traffic_desk.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>

#include "sim/engine/simgrid_rate_solver.h"
#include "sim/engine/simgrid_world.h"
#include "tests/unit/engine/in_child.h"

namespace busbar::engine {
namespace {

constexpr double kSettled_s = 1e-3;

// Jobs on links, and the step times that they were told last.
class Rig {
 public:
  explicit Rig(std::vector<Link> links)
      : links_(std::move(links)),
        world_(links_),
        solver_(world_, clock),
        desk(clock, solver_, links_) {
    desk.on_step([this](std::int32_t slot, double step_s) {
      step_[slot] = step_s;
      ++told;
    });
  }
  void open(std::int32_t slot, double compute_s, std::vector<Route> routes) {
    step_[slot] = desk.open(slot, compute_s, {std::move(routes), 0.0});
  }
  double step(std::int32_t slot) const { return step_.at(slot); }
  double throughput(std::int32_t link) const { return solver_.throughput(link); }
  void at(double time_s, std::function<void()> what) {
    clock.at(time_s, Phase::kArrival, 0, std::move(what));
  }
  Clock clock;
  int told = 0;

 private:
  std::vector<Link> links_;
  SimgridWorld world_;
  SimgridRateSolver solver_;
  std::map<std::int32_t, double> step_;

 public:
  TrafficDesk desk;
};

Route route(std::vector<std::int32_t> path, Sending sending, double bytes) {
  Route r;
  r.path = std::move(path);
  r.load.sending = sending;
  r.load.bytes_per_step = bytes;
  return r;
}
constexpr auto kSmooth = Sending::kSmooth;
constexpr auto kBursty = Sending::kBursty;

// Two jobs on one WAN link of 100 GB/s, each with 100 GB in a step of 1 s: 50 GB/s each, so 2 s.
// When one goes the other is back at 1 s.
TEST(TrafficDesk, TwoJobsOnOneWanLink) {
  in_child([] {
    Rig rig({{"wan", 100e9}});
    rig.at(10.0, [&] { rig.open(0, 1.0, {route({0}, kSmooth, 100e9)}); });
    rig.at(20.0, [&] { rig.open(1, 1.0, {route({0}, kSmooth, 100e9)}); });
    rig.at(30.0, [&] { rig.desk.close(0); });
    rig.clock.run(10.0 + kSettled_s);
    EXPECT_NEAR(rig.step(0), 1.0, 1e-6);
    rig.clock.run(20.0 + kSettled_s);
    EXPECT_NEAR(rig.step(0), 2.0, 2e-6);
    EXPECT_NEAR(rig.step(1), 2.0, 2e-6);
    rig.clock.run(30.0 + kSettled_s);
    EXPECT_NEAR(rig.step(1), 1.0, 1e-6);
    // 10 s at 100 GB/s alone, 10 s shared, all of the link.
    EXPECT_NEAR(rig.desk.carried_bytes(0), 20.0 * 100e9, 1e9);
  });
}

// Two slices on one fat tree, whose groups are joined by tiers of 60 and 40 GB/s. The small slice
// climbs the lower tier only and asks for 30 GB/s; the large one climbs both and asks for 90. They
// share the lower tier, 30 each; alone, the large one has the 40 of the upper.
TEST(TrafficDesk, TwoSlicesOnOneFatTree) {
  in_child([] {
    Rig rig({{"lower", 60e9}, {"upper", 40e9}});
    rig.at(1.0, [&] {
      rig.open(0, 1.0, {route({0}, kSmooth, 30e9)});
      rig.open(1, 1.0, {route({0, 1}, kSmooth, 90e9)});
    });
    rig.clock.run(1.0 + kSettled_s);
    EXPECT_NEAR(rig.step(0), 1.0, 1e-6);
    EXPECT_NEAR(rig.step(1), 3.0, 3e-6);
    rig.at(2.0, [&] { rig.desk.close(0); });
    rig.clock.run(2.0 + kSettled_s);
    EXPECT_NEAR(rig.step(1), 90.0 / 40.0, 3e-6);
  });
}

// A bursty job, 1 s of compute and then 100 GB over a link of 100 GB/s, beside a smooth one that
// needs 30 GB/s all the time. The burst has the 70 GB/s that are left: 1 + 10/7 s. The mean of both
// is below the capacity, and the smooth one does not feel it.
TEST(TrafficDesk, OneBurstyAndOneSmoothJob) {
  in_child([] {
    Rig rig({{"wan", 100e9}});
    rig.at(1.0, [&] {
      rig.open(0, 1.0, {route({0}, kBursty, 100e9)});
      rig.open(1, 2.0, {route({0}, kSmooth, 60e9)});
    });
    rig.clock.run(1.0 + kSettled_s);
    EXPECT_NEAR(rig.step(0), 1.0 + 10.0 / 7.0, 3e-6);
    EXPECT_NEAR(rig.step(1), 2.0, 2e-6);
    EXPECT_NEAR(rig.throughput(0), 30e9 + 100e9 / (1.0 + 10.0 / 7.0), 1e5);
  });
}

// Beside a smooth job that would fill the link, a burst has half of it: 1 + 2 s, a mean of 33 GB/s;
// the smooth job has the other 67.
TEST(TrafficDesk, ABurstBesideAnEndlessFlow) {
  in_child([] {
    Rig rig({{"wan", 90e9}});
    rig.at(1.0, [&] {
      rig.open(0, 1.0, {route({0}, kBursty, 90e9)});
      rig.open(1, 1.0, {route({0}, kSmooth, 180e9)});
    });
    rig.clock.run(1.0 + kSettled_s);
    EXPECT_NEAR(rig.step(0), 3.0, 3e-6);
    EXPECT_NEAR(rig.step(1), 180.0 / 60.0, 3e-6);
  });
}

// Two like bursty jobs: the golden ratio (see the test of MeanLoads). A third makes it longer, and
// all that each is told is one new step time.
TEST(TrafficDesk, LikeBurstyJobs) {
  in_child([] {
    Rig rig({{"wan", 100e9}});
    rig.at(1.0, [&] { rig.open(0, 1.0, {route({0}, kBursty, 100e9)}); });
    rig.at(2.0, [&] { rig.open(1, 1.0, {route({0}, kBursty, 100e9)}); });
    rig.at(3.0, [&] { rig.open(2, 1.0, {route({0}, kBursty, 100e9)}); });
    rig.clock.run(1.5);
    EXPECT_NEAR(rig.step(0), 2.0, 1e-9);
    rig.clock.run(2.5);
    const double golden = (1.0 + std::sqrt(5.0)) / 2.0;
    EXPECT_NEAR(rig.step(0), 1.0 + golden, 3e-6);
    EXPECT_NEAR(rig.step(1), 1.0 + golden, 3e-6);
    EXPECT_EQ(rig.told, 2);
    rig.clock.run(3.5);
    // y = 1/burst rate = 1 + 2 p, p = y / (1 + y): y^2 - 2 y - 1 = 0.
    EXPECT_NEAR(rig.step(2), 1.0 + 1.0 + std::sqrt(2.0), 3e-6);
    EXPECT_EQ(rig.told, 5);
  });
}

// The link loses four fifths of its capacity in the middle of a run and gets them back.
TEST(TrafficDesk, ACapacityChangesMidRun) {
  in_child([] {
    Rig rig({{"wan", 100e9}});
    rig.at(1.0, [&] {
      rig.open(0, 1.0, {route({0}, kSmooth, 50e9)});
      rig.open(1, 1.0, {route({0}, kBursty, 50e9)});
    });
    rig.at(2.0, [&] { rig.desk.set_capacity(0, 20e9); });
    rig.at(3.0, [&] { rig.desk.set_capacity(0, 100e9); });
    rig.clock.run(1.5);
    EXPECT_NEAR(rig.step(0), 1.0, 1e-6);
    EXPECT_NEAR(rig.step(1), 1.0 + 1.0, 2e-6);
    rig.clock.run(2.5);
    // The burst has half, 10 GB/s: 1 + 5 s, a mean of 8.33; the smooth job has 11.67.
    EXPECT_NEAR(rig.step(1), 6.0, 6e-6);
    EXPECT_NEAR(rig.step(0), 50.0 / (20.0 - 50.0 / 6.0), 1e-5);
    rig.clock.run(3.5);
    EXPECT_NEAR(rig.step(0), 1.0, 1e-6);
    EXPECT_NEAR(rig.step(1), 2.0, 2e-6);
  });
}

// A job held up on one path asks less of the other, which a second job then has.
TEST(TrafficDesk, WhatAHeldUpJobLeavesIsUsed) {
  in_child([] {
    Rig rig({{"thin", 10e9}, {"wide", 100e9}});
    rig.at(1.0, [&] {
      rig.open(0, 1.0, {route({0}, kSmooth, 40e9), route({1}, kSmooth, 80e9)});
      rig.open(1, 1.0, {route({1}, kSmooth, 80e9)});
    });
    rig.clock.run(1.5);
    // The thin link makes steps of 4 s: 20 GB/s of the wide one; 80 are left.
    EXPECT_NEAR(rig.step(0), 4.0, 4e-6);
    EXPECT_NEAR(rig.step(1), 1.0, 1e-6);
    EXPECT_NEAR(rig.throughput(1), 100e9, 1e5);
    // The thin link becomes wide: then the other holds both up, half each.
    rig.at(2.0, [&] { rig.desk.set_capacity(0, 1000e9); });
    rig.clock.run(2.5);
    EXPECT_NEAR(rig.step(0), 80.0 / 50.0, 2e-6);
    EXPECT_NEAR(rig.step(1), 80.0 / 50.0, 2e-6);
  });
}

// A transfer of 600 GB: alone at 100 GB/s for 2 s, then beside a job that wants 80 GB/s, half. The
// rest of 400 GB takes 8 s; then the job has all it wants.
TEST(TrafficDesk, ATransferSharesItsPath) {
  in_child([] {
    Rig rig({{"wan", 100e9}});
    double arrived = 0.0;
    rig.at(1.0, [&] { rig.desk.send({0}, 600e9, [&] { arrived = rig.clock.now(); }); });
    rig.at(3.0, [&] { rig.open(0, 1.0, {route({0}, kSmooth, 80e9)}); });
    rig.clock.run(5.0);
    EXPECT_NEAR(rig.step(0), 1.6, 2e-6);
    rig.clock.run(20.0);
    EXPECT_NEAR(arrived, 11.0, 1e-5);
    EXPECT_NEAR(rig.step(0), 1.0, 1e-6);
  });
}

// At random, flows over one to three links with mixed demands: every flow has what it asks for, or
// crosses a full link on which none has more (the property that defines max-min fair shares).
TEST(RateSolver, EveryShareHasABottleneck) {
  in_child([] {
    std::uint32_t seed = 5;
    const auto draw = [&](std::uint32_t below) {
      seed = seed * 1664525u + 1013904223u;
      return (seed >> 10) % below;
    };
    std::vector<Link> links;
    for (int i = 0; i < 6; ++i) links.push_back({"l", 1e9 * (1 + draw(20))});
    SimgridWorld world(links);
    Clock clock;
    SimgridRateSolver solver(world, clock);
    struct Flow {
      std::vector<std::int32_t> path;
      double demand, rate;
    };
    std::map<std::int32_t, Flow> flows;
    solver.on_change([&](std::span<const Share> shares) {
      for (const Share& share : shares) flows[share.flow].rate = share.rate_Bps;
    });
    for (int round = 0; round < 200; ++round) {
      clock.at(round, Phase::kArrival, 0, [&] {
        for (const auto& [id, flow] : flows) solver.remove(id);
        flows.clear();
        const std::uint32_t many = 2 + draw(8);
        for (std::uint32_t i = 0; i < many; ++i) {
          std::vector<std::int32_t> path;
          for (std::int32_t l = 0; l < 6; ++l) {
            if (draw(3) == 0) path.push_back(l);
          }
          if (path.empty()) path.push_back(static_cast<std::int32_t>(draw(6)));
          const double demand = 1e8 * (1 + draw(150));
          const std::int32_t id = solver.add(path, demand);
          flows[id] = {path, demand, demand};
        }
      });
      clock.run(round + 0.5);
      std::vector<double> used(6, 0.0), most(6, 0.0);
      for (const auto& [id, flow] : flows) {
        for (const std::int32_t l : flow.path) {
          used[static_cast<size_t>(l)] += flow.rate;
          most[static_cast<size_t>(l)] = std::max(most[static_cast<size_t>(l)], flow.rate);
        }
      }
      for (size_t l = 0; l < links.size(); ++l) {
        ASSERT_LE(used[l], links[l].capacity_Bps * (1.0 + 1e-6));
      }
      for (const auto& [id, flow] : flows) {
        const bool met = flow.rate >= flow.demand * (1.0 - 1e-6);
        const bool held = std::any_of(flow.path.begin(), flow.path.end(), [&](std::int32_t link) {
          const auto l = static_cast<size_t>(link);
          return used[l] >= links[l].capacity_Bps * (1.0 - 1e-6) &&
                 flow.rate >= most[l] * (1.0 - 1e-6);
        });
        ASSERT_TRUE(met || held) << "round " << round << " flow " << id;
      }
    }
  });
}

// A stream of 40 GB/s on 100 GB/s gets what it asks for. A second of 90 GB/s leaves it that, and
// gets 60; a burst of the first would get half. Closing one gives the other what it asks for.
TEST(TrafficDesk, StreamsShareALink) {
  in_child([] {
    Rig rig({{"wan", 100e9}});
    double first = 0.0, second = 0.0;
    std::int32_t one = 0, two = 0;
    rig.at(10.0, [&] { one = rig.desk.open_stream({0}, 40e9, [&](double r) { first = r; }); });
    rig.clock.run(15.0);
    EXPECT_NEAR(rig.desk.stream_rate(one), 40e9, 1.0);
    EXPECT_NEAR(rig.desk.left_for(one), 100e9, 1.0);
    rig.at(20.0, [&] { two = rig.desk.open_stream({0}, 90e9, [&](double r) { second = r; }); });
    rig.clock.run(25.0);
    EXPECT_NEAR(rig.desk.stream_rate(one), 40e9, 1.0);
    EXPECT_NEAR(rig.desk.stream_rate(two), 60e9, 100.0);
    EXPECT_NEAR(second, 60e9, 100.0);
    EXPECT_NEAR(rig.desk.left_for(one), 50e9, 1.0);
    // The first asks for as much as the second: half each.
    rig.at(30.0, [&] { rig.desk.set_stream(one, 90e9); });
    rig.clock.run(35.0);
    EXPECT_NEAR(first, 50e9, 100.0);
    rig.at(40.0, [&] { rig.desk.close_stream(one); });
    rig.clock.run(50.0);
    EXPECT_NEAR(rig.desk.stream_rate(two), 90e9, 100.0);
    EXPECT_NEAR(rig.desk.carried_bytes(0), 10.0 * (40e9 + 100e9 + 100e9 + 90e9), 1e6);
  });
}

}  // namespace
}  // namespace busbar::engine
