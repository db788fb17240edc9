#include "workloads/generator/arrivals.h"
#include "workloads/generator/log_readers.h"

namespace busbar::generator {

void add_builtin(base::Registry<ArrivalProcess>& processes) {
  processes.add({"poisson", "independent arrivals with day, week and growth", {}},
                [](const base::Params&) { return std::make_unique<Poisson>(); });
  processes.add({"gamma", "gamma gaps: bursts (gap-cv above 1) or evenness (below)", {}},
                [](const base::Params&) { return std::make_unique<Gamma>(); });
  processes.add({"mmpp", "Poisson in bursts and calm: burst-factor, burst-time, calm-time", {}},
                [](const base::Params&) { return std::make_unique<Mmpp>(); });
  processes.add({"regular", "evenly spaced arrivals with day, week and growth", {}},
                [](const base::Params&) { return std::make_unique<Regular>(); });
}

void add_builtin(base::Registry<LogReader>& readers) {
  readers.add({"rigid-csv", "CSV: id, submit, nodes, runtime, walltime", {}},
              [](const base::Params&) { return std::make_unique<RigidCsv>(); });
  readers.add({"swf", "Standard Workload Format 2.2", {}},
              [](const base::Params&) { return std::make_unique<Swf>(); });
  for (const GpuLogFormat& format : gpu_log_formats()) {
    readers.add({format.name, format.summary, {}},
                [format](const base::Params&) { return std::make_unique<GpuLog>(format); });
  }
}

}  // namespace busbar::generator
