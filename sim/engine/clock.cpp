#include "sim/engine/clock.h"

#include <algorithm>
#include <cmath>
#include <simgrid/kernel/Timer.hpp>
#include <tuple>
#include <vector>

#include "sim/base/error.h"
#include "sim/engine/simgrid_compat.h"

namespace busbar::engine {

using simgrid::kernel::timer::Timer;

// Events live in slots; the heap holds their keys. A handle is a slot and its generation, so a
// cancelled event costs nothing until its key comes to the top.
class Clock::Impl {
 public:
  struct Key {
    double time_s;
    Phase phase;
    std::uint64_t order;
    std::uint64_t sequence;
    std::uint32_t slot;
    std::uint32_t generation;
    // Reversed: the heap's top is the earliest.
    bool operator<(const Key& other) const {
      return std::tie(time_s, phase, order, sequence) >
             std::tie(other.time_s, other.phase, other.order, other.sequence);
    }
  };
  struct Slot {
    Function function;
    std::uint32_t generation = 1;
  };

  Handle add(double time_s, Phase phase, std::uint64_t order, Function function) {
    std::uint32_t slot = static_cast<std::uint32_t>(slots.size());
    if (free_slots.empty()) {
      slots.emplace_back();
    } else {
      slot = free_slots.back();
      free_slots.pop_back();
    }
    slots[slot].function = std::move(function);
    heap.push_back({time_s, phase, order, sequence++, slot, slots[slot].generation});
    std::push_heap(heap.begin(), heap.end());
    return static_cast<Handle>(slots[slot].generation) << 32 | slot;
  }

  void forget(std::uint32_t slot) {
    slots[slot].function = nullptr;
    ++slots[slot].generation;
    free_slots.push_back(slot);
  }

  // Drops cancelled events from the top.
  void clean() {
    while (!heap.empty() && slots[heap.front().slot].generation != heap.front().generation) {
      std::pop_heap(heap.begin(), heap.end());
      heap.pop_back();
    }
  }

  // Runs all events of the date that the armed timer stands for.
  void run_date(double date) {
    armed_s = std::numeric_limits<double>::infinity();
    now_s = date;
    for (clean(); !stopped && !heap.empty() && heap.front().time_s <= date; clean()) {
      const Key key = heap.front();
      std::pop_heap(heap.begin(), heap.end());
      heap.pop_back();
      const Function function = std::move(slots[key.slot].function);
      forget(key.slot);
      ++events;
      function();
    }
    if (after_date) after_date();
    arm();
  }

  // One timer of SimGrid for the next date. An earlier event arms another; the timer of a later
  // date then finds nothing to do at its own date or arms itself again.
  void arm() {
    clean();
    if (stopped || heap.empty() || heap.front().time_s > until_s) return;
    const double next_s = heap.front().time_s;
    if (next_s >= armed_s) return;
    armed_s = next_s;
    Timer::set(next_s, [this, next_s] {
      if (next_s == armed_s) run_date(next_s);
    });
  }

  Function after_date;
  std::vector<Key> heap;
  std::vector<Slot> slots;
  std::vector<std::uint32_t> free_slots;
  std::uint64_t sequence = 0, events = 0;
  double now_s = 0.0, until_s = 0.0;
  double armed_s = std::numeric_limits<double>::infinity();
  bool stopped = false, running = false;
};

Clock::Clock() : impl_(std::make_unique<Impl>()) {}
Clock::~Clock() = default;

double Clock::now() const { return impl_->now_s; }

Clock::Handle Clock::at(double time_s, Phase phase, std::uint64_t order, Function function) {
  base::ensure(time_s >= impl_->now_s, "an event in the past");
  const Handle handle = impl_->add(time_s, phase, order, std::move(function));
  if (impl_->running) impl_->arm();
  return handle;
}

void Clock::cancel(Handle handle) {
  const auto slot = static_cast<std::uint32_t>(handle & 0xffffffffu);
  const auto generation = static_cast<std::uint32_t>(handle >> 32);
  if (handle == 0 || impl_->slots[slot].generation != generation) return;
  impl_->forget(slot);
}

void Clock::run(double until_s) {
  impl_->until_s = until_s;
  impl_->stopped = false;
  impl_->running = true;
  impl_->armed_s = std::numeric_limits<double>::infinity();
  compat::sg::Engine* engine = compat::sg::Engine::get_instance();
  // Date by date: SimGrid advances its flows to the date and fires the one timer that is armed.
  for (impl_->arm(); std::isfinite(impl_->armed_s); impl_->arm()) {
    engine->run_until(impl_->armed_s);
    if (impl_->stopped) break;
  }
  impl_->running = false;
  if (!impl_->stopped && std::isfinite(until_s)) impl_->now_s = until_s;
}

void Clock::after_each_date(Function function) { impl_->after_date = std::move(function); }
void Clock::stop() { impl_->stopped = true; }
std::uint64_t Clock::events() const { return impl_->events; }

}  // namespace busbar::engine
