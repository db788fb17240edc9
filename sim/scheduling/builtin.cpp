#include <type_traits>

#include "sim/scheduling/brokers.h"
#include "sim/scheduling/easy_backfill.h"
#include "sim/scheduling/fair_share.h"
#include "sim/scheduling/goodput.h"
#include "sim/scheduling/placements.h"
#include "sim/scheduling/ranked.h"
#include "sim/scheduling/reserving_backfill.h"

namespace busbar::scheduling {
namespace {

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

// What brokers that can compare a job's rest here and there take.
std::vector<base::ParameterSpec> review_parameters() {
  return {{.name = "review",
           .dimension = base::Dimension::kTime,
           .fallback = "0 s",
           .summary = "between looks at jobs that wait or run, which may move; 0: none moves"},
          {.name = "gain",
           .fallback = "0.1",
           .summary = "part of what the rest of a job takes that a move must save, its cost paid",
           .most = 1.0}};
}

// What brokers that can compare hours take.
std::vector<base::ParameterSpec> shift_parameters() {
  return {{.name = "delay",
           .dimension = base::Dimension::kTime,
           .fallback = "0 s",
           .summary = "for which a new job may be held back for a better hour",
           .most = 366.0 * base::kDay},
          {.name = "pause",
           .dimension = base::Dimension::kTime,
           .fallback = "0 s",
           .summary = "for which a running job may be stopped for a better hour",
           .most = 366.0 * base::kDay}};
}

Terms terms(const base::Params& p, bool shifts) {
  return {base::Seconds{p.get("review")}, p.get("gain"),
          base::Seconds{shifts ? p.get("delay") : 0.0},
          base::Seconds{shifts ? p.get("pause") : 0.0}};
}

// Running jobs are looked at in reviews alone.
std::string pause_without_review(const base::Params& p) {
  if (p.get("pause") <= 0.0 || p.get("review") > 0.0) return {};
  return "a running job is stopped in a review, and there is none; give review a time, e.g. 1 h, "
         "or "
         "leave pause out";
}

std::vector<base::ParameterSpec> with(std::vector<base::ParameterSpec> some,
                                      const std::vector<base::ParameterSpec>& others) {
  some.insert(some.end(), others.begin(), others.end());
  return some;
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
  policies.add({"deadline",
                "the earliest deadline first; jobs that can no longer meet theirs come last",
                {depth("1", 0.0)}},
               [](const base::Params& p) {
                 return std::make_unique<Ranked>(std::make_unique<EarliestDeadline>(),
                                                 backfilling(p.get("depth")));
               });
  policies.add(
      {"goodput",
       "elastic jobs get the sizes at which they make most together; EASY for the rest",
       {{.name = "round",
         .dimension = base::Dimension::kTime,
         .fallback = "5 min",
         .summary = "how often sizes are chosen anew though nothing happens",
         .least = 1.0},
        {.name = "power",
         .fallback = "-0.5",
         .summary = "of the goodputs whose sum is made large; 1: their total, lower: fairer",
         .least = -10.0,
         .most = 1.0}}},
      [](const base::Params& p) {
        return std::make_unique<Goodput>(
            Goodput::Parameters{.round = base::Seconds{p.get("round")}, .power = p.get("power")});
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
  const auto add = [&]<class Rule>(std::type_identity<Rule>, const char* name, const char* what) {
    placements.add({name, what, {}}, [](const base::Params&) { return std::make_unique<Rule>(); });
  };
  add(std::type_identity<BestFit>{}, "best-fit",
      "the pod, or the building without pods, left with the fewest free domains");
  add(std::type_identity<FirstFit>{}, "first-fit",
      "the first building, in the order of the world file, and its first pod");
  add(std::type_identity<Packed>{}, "packed",
      "the site with the fewest free domains, there the fullest building and pod");
  add(std::type_identity<Spread>{}, "spread",
      "the site with the most free domains, there the emptiest power feed, building and pod");
  add(std::type_identity<WorstFit>{}, "worst-fit",
      "the pod, or the building without pods, with the most free domains");
  add(std::type_identity<LargestBisection>{}, "bisection",
      "where the gang gets the largest bisection bandwidth; ties: best fit");
}

void add_builtin(base::Registry<Broker>& brokers) {
  const auto weight = [](std::string name, std::string fallback, std::string summary) {
    return base::ParameterSpec{
        .name = std::move(name), .fallback = std::move(fallback), .summary = std::move(summary)};
  };
  const base::ParameterSpec idle_price{
      .name = "idle-price",
      .dimension = base::Dimension::kPriceOverTime,
      .fallback = "0 USD/h",
      .summary = "of a chip for which the job waits: the capital that stands idle meanwhile"};
  const std::vector<base::ParameterSpec> moves = review_parameters();
  const std::vector<base::ParameterSpec> shifts = with(moves, shift_parameters());
  const auto fastest = [](const base::Params& p) {
    return std::make_unique<Fastest>(terms(p, false));
  };
  brokers.add({"least-loaded", "where the job is expected to be done first", moves}, fastest);
  brokers.add({"fastest", "another name of least-loaded", moves}, fastest);
  brokers.add({"local", "nearest to the job's home over the WAN", {}},
              [](const base::Params&) { return std::make_unique<Local>(); });
  brokers.add({"greenest", "where the job emits least", shifts, pause_without_review},
              [](const base::Params& p) { return std::make_unique<Greenest>(terms(p, true)); });
  brokers.add({"cheapest", "where the job costs least: list price and energy",
               with({idle_price}, shifts), pause_without_review},
              [](const base::Params& p) {
                return std::make_unique<Cheapest>(base::UsdPerSecond{p.get("idle-price")},
                                                  terms(p, true));
              });
  brokers.add({"weighted",
               "least weighted sum of cost, carbon, latency and power, for jobs of one instant "
               "together",
               with({weight("cost", "1", "weight of list price, energy and waiting"),
                     weight("carbon", "0", "weight of what the job emits"),
                     weight("latency", "0", "weight of the way to the job's data"),
                     weight("power", "0", "weight of the share of the site's power limit in use"),
                     idle_price},
                    shifts),
               [](const base::Params& p) {
                 const std::string broken = Weighted::broken_rule(p);
                 return broken.empty() ? pause_without_review(p) : broken;
               }},
              [](const base::Params& p) { return std::make_unique<Weighted>(p, terms(p, true)); });
  const base::ParameterSpec round{.name = "round",
                                  .dimension = base::Dimension::kTime,
                                  .fallback = "1 h",
                                  .summary = "after which jobs may pause or change their pool",
                                  .least = 60.0};
  brokers.add(
      {"max-min", "all jobs in turn; the largest least throughput over an equal share's", {round}},
      [](const base::Params& p) {
        return std::make_unique<Divider>(max_min_shares, base::Seconds{p.get("round")});
      });
  brokers.add({"equal-share", "all jobs in turn, an equal part of every pool for each", {round}},
              [](const base::Params& p) {
                return std::make_unique<Divider>(equal_shares, base::Seconds{p.get("round")});
              });
}

}  // namespace busbar::scheduling
