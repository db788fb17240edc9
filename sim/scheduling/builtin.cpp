#include <algorithm>

#include "sim/scheduling/easy_backfill.h"
#include "sim/scheduling/fair_share.h"
#include "sim/scheduling/placements.h"
#include "sim/scheduling/ranked.h"
#include "sim/scheduling/reserving_backfill.h"

namespace busbar::scheduling {
namespace {

/// Expected seconds until the job is done: none to wait where it fits at once, else the backlog
/// over the capacity; plus its run time there.
class LeastLoaded : public Broker {
 public:
  size_t choose(std::span<const PoolOption> options) const override {
    size_t best = 0;
    double best_s = done_after_s(options[0]);
    for (size_t i = 1; i < options.size(); ++i) {
      const double s = done_after_s(options[i]);
      if (s < best_s) {
        best = i;
        best_s = s;
      }
    }
    return best;
  }

 private:
  static double done_after_s(const PoolOption& option) {
    const double wait_s =
        option.room_now ? 0.0 : option.backlog_chip_s / std::max(option.capacity_chips, 1.0);
    return wait_s + option.run_time_s;
  }
};

/// The pool where the job costs least at list prices; equal ones by load.
class Cheapest : public Broker {
 public:
  size_t choose(std::span<const PoolOption> options) const override {
    size_t best = 0;
    for (size_t i = 1; i < options.size(); ++i) {
      const double cost = options[i].price_usd_per_s * options[i].run_time_s;
      const double least = options[best].price_usd_per_s * options[best].run_time_s;
      if (cost < least || (cost == least && options[i].room_now && !options[best].room_now)) {
        best = i;
      }
    }
    return best;
  }
};

base::ParameterSpec depth(const std::string& fallback, double least) {
  return {.name = "depth",
          .fallback = fallback,
          .summary = least > 0.0 ? "jobs with a reservation, from the head of the queue"
                                 : "jobs with a reservation; 0: no backfilling",
          .least = least,
          .most = 1e6,
          .whole = true};
}

std::unique_ptr<QueuePolicy> backfilling(double depth) {
  if (depth == 0.0) return std::make_unique<Fcfs>();
  if (depth == 1.0) return std::make_unique<EasyBackfill>();
  return std::make_unique<ReservingBackfill>(static_cast<int>(depth));
}

}  // namespace

void add_builtin(base::Registry<QueuePolicy>& policies) {
  policies.add({"fcfs", "first come, first served: the head of the queue blocks the rest", {}},
               [](const base::Params&) { return std::make_unique<Fcfs>(); });
  policies.add({"easy",
                "EASY backfilling: later jobs may pass if they delay no reservation",
                {depth("1", 1.0)}},
               [](const base::Params& p) { return backfilling(p.get("depth")); });
  policies.add({"conservative", "backfilling where every waiting job has a reservation", {}},
               [](const base::Params&) {
                 return std::make_unique<ReservingBackfill>(ReservingBackfill::kAll);
               });
  policies.add({"shortest-first", "the shortest requested time first", {depth("1", 0.0)}},
               [](const base::Params& p) {
                 return std::make_unique<Ranked>(std::make_unique<ShortestFirst>(),
                                                 backfilling(p.get("depth")));
               });
  policies.add({"smallest-first", "the fewest requested chip-seconds first", {depth("1", 0.0)}},
               [](const base::Params& p) {
                 return std::make_unique<Ranked>(std::make_unique<SmallestFirst>(),
                                                 backfilling(p.get("depth")));
               });
  policies.add({"priority",
                "the highest priority first; jobs gain priority as they wait",
                {depth("1", 0.0),
                 {.name = "ageing",
                  .fallback = "1",
                  .summary = "priority that a job gains for each hour since its submission"}}},
               [](const base::Params& p) {
                 return std::make_unique<Ranked>(std::make_unique<ByPriority>(p.get("ageing")),
                                                 backfilling(p.get("depth")));
               });
  policies.add({"fair-share",
                "organisations by what they have used of their quotas; idle quotas can be borrowed",
                {{.name = "half-life",
                  .dimension = base::Dimension::kTime,
                  .fallback = "7 d",
                  .summary = "after how long a chip-second used counts half",
                  .least = 1.0},
                 {.name = "preemption",
                  .fallback = "1",
                  .summary = "1: borrowers give way to owners; 0: owners wait for them to end",
                  .most = 1.0,
                  .whole = true},
                 {.name = "restart-time",
                  .dimension = base::Dimension::kTime,
                  .fallback = "5 min",
                  .summary = "what a preempted job spends when it starts again"}}},
               [](const base::Params& p) {
                 return std::make_unique<FairShare>(
                     FairShare::Parameters{.half_life = base::Seconds{p.get("half-life")},
                                           .preemption = p.get("preemption") > 0.0,
                                           .restart_time = base::Seconds{p.get("restart-time")}});
               });
}

void add_builtin(base::Registry<Placement>& placements) {
  placements.add({"best-fit", "the building left with the fewest free domains", {}},
                 [](const base::Params&) { return std::make_unique<BestFit>(); });
  placements.add({"first-fit", "the first building, in the order of the world file", {}},
                 [](const base::Params&) { return std::make_unique<FirstFit>(); });
  placements.add(
      {"packed", "the site with the fewest free domains, there the fullest building", {}},
      [](const base::Params&) { return std::make_unique<Packed>(); });
  placements.add({"spread", "the site with the most free domains, there the emptiest building", {}},
                 [](const base::Params&) { return std::make_unique<Spread>(); });
  placements.add({"worst-fit", "the building with the most free domains", {}},
                 [](const base::Params&) { return std::make_unique<WorstFit>(); });
}

void add_builtin(base::Registry<Broker>& brokers) {
  brokers.add({"least-loaded", "where the job is expected to be done first", {}},
              [](const base::Params&) { return std::make_unique<LeastLoaded>(); });
  brokers.add({"cheapest", "where the job costs least at list prices", {}},
              [](const base::Params&) { return std::make_unique<Cheapest>(); });
}

}  // namespace busbar::scheduling
