// Measures the event-driven pipeline schedule: CPU time of one step beside its target.
#include <fmt/format.h>

#include <ctime>

#include "sim/training/pipeline_schedule.h"

int main() {
  using namespace busbar::training;
  constexpr int kRepeats = 50;
  constexpr double kTarget_ms = 10.0;
  bool met = true;
  fmt::print("{:42} {:>10} {:>10} {:>8} {:>8}\n", "16 ranks, 512 micro-batches", "operations",
             "idle", "CPU ms", "target");
  for (const auto& [name, schedule, chunks] :
       {std::tuple{"one forward, one backward", Schedule::kOneForwardOneBackward, 1},
        std::tuple{"interleaved, 8 chunks", Schedule::kOneForwardOneBackward, 8},
        std::tuple{"zero bubble", Schedule::kZeroBubble, 1}}) {
    const Pipeline pipeline{.schedule = schedule,
                            .ranks = 16,
                            .chunks = chunks,
                            .micro_batches = 512,
                            .times = {{1.0 / chunks, 1.0 / chunks, 1.0 / chunks}}};
    PipelineRun run;
    const std::clock_t begin = std::clock();
    for (int n = 0; n < kRepeats; ++n) run = run_pipeline(pipeline);
    const double ms = 1e3 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC / kRepeats;
    const bool of_the_target = chunks == 1;  // the interleaved one has eight times the operations
    met = met && (!of_the_target || ms <= kTarget_ms);
    fmt::print("{:42} {:10} {:9.2f}% {:8.2f} {:>8}\n", name, run.operations.size(),
               100.0 * run.idle_share(), ms, of_the_target ? "10" : "-");
  }
  return met ? 0 : 1;
}
