/// SimGrid's traps that the clock's and the solver's own tests do not cover (T1, T2, T3, T6, T7, T8
/// and T10 are theirs).
#include <gtest/gtest.h>

#include <csignal>
#include <cstring>

#include "sim/engine/clock.h"
#include "sim/engine/simgrid_rate_solver.h"
#include "sim/engine/simgrid_world.h"
#include "tests/unit/engine/in_child.h"

namespace busbar::engine {
namespace {

const std::vector<std::int32_t> kOnly{0};

// Trap T4: a flow starts with its destination; starting it again doubles it. One flow of ours puts
// exactly its demand on the link.
TEST(Traps, T4AFlowIsStartedOnce) {
  in_child([] {
    SimgridWorld world({{"wan", 100e9}});
    Clock clock;
    SimgridRateSolver solver(world, clock);
    clock.at(1.0, Phase::kArrival, 0, [&] { solver.add(kOnly, 30e9); });
    clock.run(2.0);
    EXPECT_NEAR(solver.throughput(0), 30e9, 1.0);
  });
}

// Trap T5: SimGrid does not end a remote activity with its host. Ours end by being removed: the
// link is free a microsecond later, and the other flow has it all.
TEST(Traps, T5RemovedFlowsStop) {
  in_child([] {
    SimgridWorld world({{"wan", 10e9}});
    Clock clock;
    SimgridRateSolver solver(world, clock);
    std::int32_t a = -1, b = -1;
    double rate_b = 0.0;
    solver.on_change([&](std::span<const Share> shares) {
      for (const Share& share : shares) {
        if (share.flow == b) rate_b = share.rate_Bps;
      }
    });
    clock.at(1.0, Phase::kArrival, 0, [&] {
      a = solver.add(kOnly, 50e9);
      b = solver.add(kOnly, 50e9);
    });
    clock.at(5.0, Phase::kEnd, 0, [&] { solver.remove(a); });
    clock.run(4.0);
    EXPECT_NEAR(rate_b, 5e9, 1.0);
    clock.run(6.0);
    EXPECT_NEAR(rate_b, 10e9, 1.0);
    clock.at(7.0, Phase::kEnd, 0, [&] { solver.remove(b); });
    clock.run(8.0);
    EXPECT_NEAR(solver.throughput(0), 0.0, 1e-3);
  });
}

volatile std::sig_atomic_t interrupts = 0;

// Trap T9: the Engine replaces the handler of SIGINT. One that is installed after it is ours.
TEST(Traps, T9OurInterruptHandlerWins) {
  in_child([] {
    SimgridWorld world({});
    std::signal(SIGINT, [](int) { interrupts = interrupts + 1; });
    Clock clock;
    int events = 0;
    clock.at(1.0, Phase::kEnd, 0, [] { std::raise(SIGINT); });
    clock.at(2.0, Phase::kEnd, 0, [&] { ++events; });
    clock.run(3.0);
    EXPECT_EQ(interrupts, 1);
    EXPECT_EQ(events, 1);
  });
}

// Every knob that results depend on is set, and none that breaks re-solving (naming host/model
// does).
TEST(Knobs, ArePinned) {
  const auto config = SimgridWorld::config();
  EXPECT_EQ(config.at("network/model"), "CM02");
  EXPECT_EQ(config.at("network/crosstraffic"), "0");
  EXPECT_EQ(config.at("contexts/factory"), "raw");
  EXPECT_EQ(config.at("contexts/stack-size"), "64");
  EXPECT_EQ(config.at("network/optim"), "Lazy");
  EXPECT_EQ(config.count("network/TCP-gamma"), 1u);
  EXPECT_EQ(config.count("host/model"), 0u);
}

// Between two runs the process may fork: the child that changes nothing goes on bit for bit as the
// parent does.
TEST(Fork, TheControlChildEqualsItsParent) {
  in_child([] {
    SimgridWorld world({{"a", 10e9}, {"b", 7e9}});
    Clock clock;
    SimgridRateSolver solver(world, clock);
    std::vector<double> seen;
    solver.on_change([&](std::span<const Share> shares) {
      for (const Share& share : shares) seen.push_back(share.rate_Bps + clock.now());
    });
    const std::vector<std::int32_t> both{0, 1};
    for (int i = 0; i < 60; ++i) {
      clock.at(100.0 * i, Phase::kArrival, 0,
               [&solver, &both, i] { solver.add(i % 3 == 0 ? both : kOnly, 1e9 * (1 + i % 7)); });
    }
    clock.run(3000.0);
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    std::fflush(nullptr);
    const pid_t child = fork();
    clock.run(6000.0);
    if (child == 0) {
      const auto size = static_cast<ssize_t>(seen.size() * sizeof(double));
      _exit(write(pipe_ends[1], seen.data(), static_cast<size_t>(size)) == size ? 0 : 1);
    }
    std::vector<double> of_child(seen.size() + 1, 0.0);
    close(pipe_ends[1]);
    size_t bytes = 0;
    for (ssize_t got = 1; got > 0; bytes += static_cast<size_t>(std::max<ssize_t>(got, 0))) {
      got = read(pipe_ends[0], reinterpret_cast<char*>(of_child.data()) + bytes,
                 of_child.size() * sizeof(double) - bytes);
    }
    int status = 1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    ASSERT_EQ(bytes, seen.size() * sizeof(double));
    EXPECT_EQ(std::memcmp(of_child.data(), seen.data(), bytes), 0);
    EXPECT_GT(seen.size(), 60u);
  });
}

}  // namespace
}  // namespace busbar::engine
