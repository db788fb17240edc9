#include "sim/engine/clock.h"

#include <gmock/gmock.h>

#include <stdexcept>

#include "sim/engine/simgrid_world.h"
#include "tests/unit/engine/in_child.h"

namespace busbar::engine {
namespace {

using ::testing::ElementsAre;

// At one instant: ends, then changes, arrivals, decisions; then by order; then as scheduled.
// (Trap T6: SimGrid itself fires timers of equal date in no stable order.)
TEST(Clock, OneInstantHasAnOrder) {
  in_child([] {
    SimgridWorld world({});
    Clock clock;
    std::vector<int> seen;
    clock.at(5.0, Phase::kDecision, 0, [&] { seen.push_back(6); });
    clock.at(5.0, Phase::kArrival, 2, [&] { seen.push_back(5); });
    clock.at(5.0, Phase::kEnd, 9, [&] { seen.push_back(2); });
    clock.at(5.0, Phase::kArrival, 1, [&] { seen.push_back(3); });
    clock.at(5.0, Phase::kArrival, 1, [&] { seen.push_back(4); });
    clock.at(5.0, Phase::kEnd, 1, [&] { seen.push_back(1); });
    clock.run(10.0);
    EXPECT_THAT(seen, ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_EQ(clock.now(), 10.0);
  });
}

// A thousand events of one date, scheduled in a scattered order, run in the order of their ids.
TEST(Clock, ManyEventsOfOneDateRunInOrder) {
  in_child([] {
    SimgridWorld world({});
    Clock clock;
    std::vector<std::uint64_t> seen;
    for (std::uint64_t i = 0; i < 1000; ++i) {
      const std::uint64_t id = i * 619 % 1000;
      clock.at(1.0 / 3.0, Phase::kEnd, id, [&, id] { seen.push_back(id); });
    }
    clock.run(1.0);
    ASSERT_EQ(seen.size(), 1000u);
    for (std::uint64_t i = 0; i < 1000; ++i) EXPECT_EQ(seen[i], i);
  });
}

// An event may schedule for its own date, cancel others, and stop the run.
TEST(Clock, EventsScheduleCancelAndStop) {
  in_child([] {
    SimgridWorld world({});
    Clock clock;
    std::vector<std::string> seen;
    const auto doomed = clock.at(2.0, Phase::kEnd, 0, [&] { seen.push_back("doomed"); });
    clock.at(1.0, Phase::kArrival, 0, [&] {
      seen.push_back("first");
      clock.cancel(doomed);
      clock.at(1.0, Phase::kDecision, 0, [&] { seen.push_back("decision"); });
      clock.at(0x1p-20 + 1.0, Phase::kEnd, 0, [&] { seen.push_back("soon"); });
    });
    clock.at(3.0, Phase::kEnd, 0, [&] {
      seen.push_back("stop");
      clock.stop();
    });
    clock.at(4.0, Phase::kEnd, 0, [&] { seen.push_back("never"); });
    clock.run(1e9);
    EXPECT_THAT(seen, ElementsAre("first", "decision", "soon", "stop"));
    EXPECT_EQ(clock.now(), 3.0);
    clock.cancel(doomed);  // an old handle is ignored
  });
}

// Dates are exact doubles, also after months and through pauses.
TEST(Clock, DatesAreExact) {
  in_child([] {
    SimgridWorld world({});
    Clock clock;
    std::vector<double> asked, seen;
    for (int i = 1; i <= 500; ++i) {
      const double date = i * 86400.0 / 7.0 + 1e-6 * i;
      asked.push_back(date);
      clock.at(date, Phase::kEnd, 0, [&] { seen.push_back(clock.now()); });
    }
    for (double until = 0.0; until < 1e7; until += 12345.678) clock.run(until);
    EXPECT_EQ(seen, asked);
  });
}

// Trap T10: an exception leaves the run through the event that threw it.
TEST(Clock, ExceptionsLeaveTheRun) {
  in_child([] {
    SimgridWorld world({});
    Clock clock;
    clock.at(1.0, Phase::kEnd, 0, [] { throw std::runtime_error("the world ended"); });
    EXPECT_THROW(clock.run(2.0), std::runtime_error);
  });
}

// Until idle: the run ends with the last event, whatever the horizon.
TEST(Clock, RunsUntilIdle) {
  in_child([] {
    SimgridWorld world({});
    Clock clock;
    int left = 1000;
    std::function<void()> again = [&] {
      if (--left > 0) clock.at(clock.now() + 1.5, Phase::kEnd, 0, again);
    };
    clock.at(0.0, Phase::kEnd, 0, again);
    clock.run(std::numeric_limits<double>::infinity());
    EXPECT_EQ(clock.now(), 999 * 1.5);
    EXPECT_EQ(clock.events(), 1000u);
  });
}

}  // namespace
}  // namespace busbar::engine
