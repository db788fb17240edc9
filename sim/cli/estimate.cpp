#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "sim/base/json.h"
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/cli/commands.h"
#include "sim/cli/registries.h"
#include "sim/cli/report.h"
#include "sim/input/reader.h"

namespace busbar::cli {
namespace {

namespace fs = std::filesystem;
using training::StepEstimate;

const char* name_of(training::Bound bound) {
  switch (bound) {
    case training::Bound::kCompute:
      return "compute";
    case training::Bound::kMemory:
      return "memory";
    case training::Bound::kNetwork:
      return "network";
    case training::Bound::kPipeline:
      return "pipeline";
    case training::Bound::kBatch:
      return "batch";
  }
  return "";
}

// The catalogues of models that stand beside the folder of worlds.
std::vector<std::string> shipped_catalogues(const std::string& world) {
  const fs::path folder = fs::absolute(world).parent_path() / ".." / ".." / "workloads" / "models";
  std::vector<std::string> files;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(folder, ec)) {
    if (entry.path().extension() == ".xml") files.push_back(entry.path().lexically_normal());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::optional<model::LanguageModel> find_model(const EstimateOptions& options,
                                               base::Diagnostics& problems) {
  std::vector<std::string> files = options.models;
  if (files.empty()) files = shipped_catalogues(options.world);
  std::vector<std::string> names;
  for (const std::string& file : files) {
    const auto workload = input::read_workload(file, {}, Registries().known(), problems);
    if (!workload) return std::nullopt;
    if (const auto found = workload->models.find(options.model)) return workload->models[found];
    for (const model::LanguageModel& m : workload->models) names.push_back(m.name);
  }
  problems.error({}, "no model '{}' in {};{}", options.model,
                 files.empty() ? "any catalogue: name one with --models" : base::join(files, ", "),
                 base::suggestion(options.model, names));
  return std::nullopt;
}

// What is known of a training step, in SI units.
base::Json json_of(const StepEstimate& e, const training::Slice& slice) {
  const auto& plan = e.plan;
  return base::Json::Object{
      {"step_s", e.step_s},
      {"tokens", e.tokens},
      {"tok_s_chip", e.tokens / e.step_s / slice.chips},
      {"mfu", e.mfu},
      {"memory_bytes", e.memory_bytes},
      {"memory_of_chip_bytes", slice.accelerator->memory.value},
      {"fits", true},
      {"bound", name_of(e.bound)},
      {"breakdown_s", base::Json::Object{{"compute", e.compute_s},
                                         {"exposed_communication", e.exposed_communication_s},
                                         {"bubble", e.bubble_s}}},
      {"plan", base::Json::Object{{"tensor", plan.tensor},
                                  {"pipeline", plan.pipeline},
                                  {"virtual_pipeline", plan.virtual_pipeline},
                                  {"micro_batch", plan.micro_batch}}}};
}

void print(const StepEstimate& e, const training::Slice& slice, const EstimateOptions& options) {
  const auto part = [&](double seconds) {
    return fmt::format("{:.4g} s  {:.1f} %", seconds, 100.0 * seconds / e.step_s);
  };
  const auto chosen = [](int given) { return given > 0 ? "" : " (chosen)"; };
  print_table(
      {
          {"chips", fmt::format("{} x {} in {} x {}", base::format_count(slice.chips),
                                slice.accelerator->name, slice.domains, slice.domain->name)},
          {"plan",
           fmt::format("tensor {}{}, pipeline {}{}, chunks {}, micro-batch {}", e.plan.tensor,
                       chosen(options.plan.tensor), e.plan.pipeline, chosen(options.plan.pipeline),
                       e.plan.virtual_pipeline, e.plan.micro_batch)},
          {"batch", fmt::format("{} tokens", base::format_count(e.tokens))},
          {"step", fmt::format("{:.4g} s", e.step_s)},
          {"  compute", part(e.compute_s)},
          {"  exposed communication", part(e.exposed_communication_s)},
          {"  bubble", part(e.bubble_s)},
          {"tokens", fmt::format("{:.4g} /s/chip", e.tokens / e.step_s / slice.chips)},
          {"MFU", fmt::format("{:.1f} %", 100.0 * e.mfu)},
          {"memory", fmt::format("{} of {} a chip", base::format_bytes(base::Bytes{e.memory_bytes}),
                                 base::format_bytes(slice.accelerator->memory))},
          {"bound by", name_of(e.bound)},
      },
      {});
  fmt::print(stderr,
             "note: this step model is not validated against measurements yet; see "
             "sim/doc/models/training.md\n");
}

}  // namespace

int estimate(const EstimateOptions& options) {
  base::Diagnostics problems;
  const auto platform = input::read_platform(options.world, {}, problems);
  if (!platform) return report(problems);
  const auto model = find_model(options, problems);
  if (!model) return report(problems);
  const auto cluster = platform->clusters.find(options.cluster);
  if (!cluster) {
    std::vector<std::string> names;
    for (const model::Cluster& c : platform->clusters) names.push_back(c.name);
    problems.error({}, "no cluster '{}' in {};{}", options.cluster, options.world,
                   base::suggestion(options.cluster, names));
    return report(problems);
  }
  const model::Cluster& place = platform->clusters[cluster];
  const double most = 1.0 * place.domains_at(std::numeric_limits<double>::infinity()) *
                      platform->domain_of(place).chips_used;
  if (options.chips > most) {
    problems.error({}, "cluster '{}' has {} chips for jobs after all deliveries, not {}",
                   place.name, base::format_count(most), base::format_count(options.chips));
    return report(problems);
  }
  training::Task task;
  task.model = &*model;
  task.sequence = options.sequence > 0 ? options.sequence : model->context;
  task.global_batch_tokens = options.global_batch * task.sequence;
  task.precision = options.precision;
  task.plan = options.plan;
  const training::Slice slice = training::slice_of(*platform, place, options.chips);
  if (const std::string rule = training::broken_rule(task, slice); !rule.empty()) {
    problems.error({}, "{}", rule);
    return report(problems);
  }
  const StepEstimate e = Registries().step_models.make({"roofline", {}})->estimate(task, slice);
  if (!e.feasible) {
    problems.error({}, "{}", e.reason);
    return report(problems);
  }
  if (options.json) {
    fmt::print("{}\n", json_of(e, slice).dump());
  } else {
    print(e, slice, options);
  }
  return kOk;
}

}  // namespace busbar::cli
