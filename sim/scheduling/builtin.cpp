#include "sim/scheduling/brokers.h"
#include "sim/scheduling/easy_backfill.h"

namespace busbar::scheduling {
namespace {

/// The part that is left with the fewest free domains: keeps large holes for large jobs.
class BestFit : public Placement {
 public:
  double score(const Part& part, std::int64_t domains) const override {
    return static_cast<double>(part.free_domains - domains);
  }
};

/// The first part in the order of the world file.
class FirstFit : public Placement {
 public:
  double score(const Part&, std::int64_t) const override { return 0.0; }
};

/// The part with the most free domains: levels the load of buildings.
class WorstFit : public Placement {
 public:
  double score(const Part& part, std::int64_t domains) const override {
    return static_cast<double>(domains - part.free_domains);
  }
};

}  // namespace

void add_builtin(base::Registry<QueuePolicy>& policies) {
  policies.add({"fcfs", "first come, first served: the head of the queue blocks the rest", {}},
               [](const base::Params&) { return std::make_unique<Fcfs>(); });
  policies.add({"easy", "EASY backfilling: later jobs may pass if they do not delay the head", {}},
               [](const base::Params&) { return std::make_unique<EasyBackfill>(); });
}

void add_builtin(base::Registry<Placement>& placements) {
  placements.add({"best-fit", "the building left with the fewest free domains", {}},
                 [](const base::Params&) { return std::make_unique<BestFit>(); });
  placements.add({"first-fit", "the first building, in the order of the world file", {}},
                 [](const base::Params&) { return std::make_unique<FirstFit>(); });
  placements.add({"worst-fit", "the building with the most free domains", {}},
                 [](const base::Params&) { return std::make_unique<WorstFit>(); });
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
  brokers.add({"least-loaded", "where the job is expected to be done first", {}},
              [](const base::Params&) { return std::make_unique<Fastest>(); });
  brokers.add({"fastest", "another name of least-loaded", {}},
              [](const base::Params&) { return std::make_unique<Fastest>(); });
  brokers.add({"local", "nearest to the job's home over the WAN", {}},
              [](const base::Params&) { return std::make_unique<Local>(); });
  brokers.add({"greenest", "where the job emits least", {}},
              [](const base::Params&) { return std::make_unique<Greenest>(); });
  brokers.add({"cheapest", "where the job costs least: list price and energy", {idle_price}},
              [](const base::Params& p) {
                return std::make_unique<Cheapest>(base::UsdPerSecond{p.get("idle-price")});
              });
  brokers.add(
      {"weighted",
       "least weighted sum of cost, carbon, latency and power, for jobs of one instant "
       "together",
       {weight("cost", "1", "weight of list price, energy and waiting"),
        weight("carbon", "0", "weight of what the job emits"),
        weight("latency", "0", "weight of the way to the job's data"),
        weight("power", "0", "weight of the share of the site's power limit in use"), idle_price},
       Weighted::broken_rule},
      [](const base::Params& p) { return std::make_unique<Weighted>(p); });
}

}  // namespace busbar::scheduling
