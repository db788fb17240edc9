// Measures the closed-form step model: estimates a CPU second, and the search of all legal plans of
// Llama 3.1 405B on 16,384 chips, beside their targets.
#include <fmt/format.h>

#include <ctime>
#include <filesystem>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/base/registry.h"
#include "sim/input/reader.h"
#include "sim/training/plan.h"

int main(int argc, char** argv) {
  namespace base = busbar::base;
  namespace input = busbar::input;
  namespace model = busbar::model;
  namespace training = busbar::training;
  const std::filesystem::path root = argc > 1 ? argv[1] : ".";
  base::Diagnostics problems;
  const auto platform = input::read_platform(root / "platforms/worlds/chips.xml", {}, problems);
  const auto models = input::read_workload(root / "workloads/models/open-models.xml", {},
                                           base::KnownBehaviours{}, problems);
  if (!platform || !models) {
    fmt::print(stderr, "usage: bench_training [ROOT]: the folder with platforms and workloads\n");
    return 2;
  }
  const auto seconds = [begin = std::clock()] {
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  };
  training::Task task;
  task.model = &models->models[models->models.find("llama-3.1-405b")];
  task.sequence = 8192;
  task.global_batch_tokens = 2048.0 * task.sequence;
  task.precision = "fp8";
  training::Slice slice;
  const model::Domain& domain = platform->domains[platform->domains.find("hgx-h100-8")];
  slice.domain = &domain;
  slice.node = &platform->nodes[domain.node];
  slice.accelerator = &platform->accelerators[slice.node->accelerator];
  slice.nic = &platform->nics[slice.node->nic];
  slice.chips = 16384;
  slice.domains = 2048;
  training::use_stack(*platform, {}, {}, model::ModelKind::kDense, "bf16", slice);

  const double before_search = seconds();
  const training::SearchResult found = training::search_plans(task, slice, 10);
  const double search_s = seconds() - before_search;

  std::vector<model::ParallelPlan> plans;
  training::for_each_plan(task, slice, training::Space::kAll,
                          [&](const model::ParallelPlan& plan) { plans.push_back(plan); });
  double checksum = 0.0;
  const double before = seconds();
  size_t count = 0;
  while (count < 200'000) {
    for (const model::ParallelPlan& plan : plans) {
      const training::PlannedStep step = training::planned(task, slice, plan);
      checksum += step.time.step_s + step.memory.total();
      ++count;
    }
  }
  const double rate = static_cast<double>(count) / (seconds() - before);
  fmt::print("{:52} {:>12} {:>10}\n", "Llama 3.1 405B on 16,384 H100", "measured", "target");
  fmt::print("{:52} {:12.0f} {:>10}\n", "estimates a CPU second, with memory", rate, "100000");
  fmt::print("{:52} {:12.2f} {:>10}\n", "search of all legal plans, CPU s", search_s, "2");
  fmt::print("legal plans {}, fitting {}, fastest {:.3f} s (checksum {:.6g})\n", found.legal,
             found.fitting, found.best.empty() ? 0.0 : found.best.front().time.step_s, checksum);
  return rate >= 100'000.0 && search_s <= 2.0 ? 0 : 1;
}
