#include <algorithm>
#include <cmath>

#include "sim/faults/checkpoint.h"

namespace busbar::faults {
namespace {

using base::BytesPerSecond;
using base::Dimension;
using base::Params;
using base::Seconds;

// The job stands still while its state is written to storage.
CheckpointPlan synchronous(const CheckpointTask& task, Seconds interval) {
  CheckpointPlan plan;
  plan.interval = interval;
  plan.stall = task.size / task.write;
  plan.lag = plan.stall;
  plan.restore = task.size / task.read;
  plan.storage_traffic = task.size / (plan.interval + plan.stall);
  return plan;
}

class Fixed final : public CheckpointPolicy {
 public:
  explicit Fixed(Seconds interval) : interval_(interval) {}
  CheckpointPlan plan(const CheckpointTask& task) const override {
    return synchronous(task, interval_);
  }

 private:
  Seconds interval_;
};

class Young final : public CheckpointPolicy {
 public:
  CheckpointPlan plan(const CheckpointTask& task) const override {
    return synchronous(task, young_interval(task.size / task.write, task.mttf));
  }
};

class Daly final : public CheckpointPolicy {
 public:
  CheckpointPlan plan(const CheckpointTask& task) const override {
    return synchronous(task, daly_interval(task.size / task.write, task.mttf));
  }
};

Seconds over(base::Bytes size, BytesPerSecond rate) {
  return rate.value > 0.0 ? size / rate : Seconds{0.0};
}

// The job stands still while chips copy to host memory; hosts write on while it works. The next
// checkpoint waits for the write of the one before, so that storage bounds the interval from below.
class Asynchronous final : public CheckpointPolicy {
 public:
  CheckpointPlan plan(const CheckpointTask& task) const override {
    CheckpointPlan plan;
    plan.stall = over(task.size, task.snapshot);
    const Seconds write = task.size / task.write;
    plan.lag = plan.stall + write;
    plan.interval = std::max(daly_interval(plan.stall, task.mttf), write);
    plan.restore = task.size / task.read;
    plan.storage_traffic = task.size / (plan.interval + plan.stall);
    return plan;
  }
};

// Copies in the memory of other hosts, as often as it pays; storage gets one every `fallback`.
class InMemory final : public CheckpointPolicy {
 public:
  explicit InMemory(Seconds fallback) : fallback_(fallback) {}
  CheckpointPlan plan(const CheckpointTask& task) const override {
    CheckpointPlan plan;
    plan.in_memory = true;
    plan.stall = over(task.size, task.snapshot);
    const Seconds copy = over(task.size, task.replica);
    plan.lag = plan.stall + copy;
    plan.interval = std::max({daly_interval(plan.stall, task.mttf), copy, Seconds{1.0}});
    plan.restore = copy;
    plan.fallback_interval = std::max(fallback_, plan.interval);
    plan.fallback_restore = task.size / task.read;
    plan.storage_traffic = task.size / plan.fallback_interval;
    return plan;
  }

 private:
  Seconds fallback_;
};

}  // namespace

void add_builtin(CheckpointPolicies& policies) {
  policies.add({"fixed",
                "writes to storage at a fixed interval of work",
                {{"interval", Dimension::kTime, "30 min", "work between checkpoints"}}},
               [](const Params& p) { return std::make_unique<Fixed>(Seconds{p.get("interval")}); });
  policies.add({"young", "writes to storage at Young's interval", {}},
               [](const Params&) { return std::make_unique<Young>(); });
  policies.add({"daly", "writes to storage at Daly's interval", {}},
               [](const Params&) { return std::make_unique<Daly>(); });
  policies.add({"asynchronous", "snapshots to host memory, written to storage behind the work", {}},
               [](const Params&) { return std::make_unique<Asynchronous>(); });
  policies.add(
      {"in-memory",
       "copies in the memory of other hosts, and to storage now and then",
       {{"fallback", Dimension::kTime, "1 h", "work between copies on storage"}}},
      [](const Params& p) { return std::make_unique<InMemory>(Seconds{p.get("fallback")}); });
}

}  // namespace busbar::faults
