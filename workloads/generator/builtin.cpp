#include "workloads/generator/arrivals.h"
#include "workloads/generator/log_readers.h"

namespace busbar::generator {

void add_builtin(base::Registry<ArrivalProcess>& processes) {
  processes.add({"poisson", "independent arrivals with day, week and growth", {}},
                [](const base::Params&) { return std::make_unique<Poisson>(); });
  processes.add({"regular", "evenly spaced arrivals with day, week and growth", {}},
                [](const base::Params&) { return std::make_unique<Regular>(); });
}

void add_builtin(base::Registry<LogReader>& readers) {
  readers.add({"rigid-csv", "CSV: id, submit, nodes, runtime, walltime", {}},
              [](const base::Params&) { return std::make_unique<RigidCsv>(); });
  readers.add({"swf", "Standard Workload Format 2.2", {}},
              [](const base::Params&) { return std::make_unique<Swf>(); });
  readers.add({"philly", "CSV: timestamp, duration, num_gpus, …", {}},
              [](const base::Params&) { return std::make_unique<Philly>(); });
}

}  // namespace busbar::generator
