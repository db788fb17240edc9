#include "sim/cli/estimate_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/units.h"
#include "sim/cli/report.h"
#include "sim/faults/restart.h"
#include "sim/training/across_sites.h"
#include "sim/training/pipeline_schedule.h"
#include "sim/training/token_target.h"

namespace busbar::cli {

using base::Json;
using training::PlannedStep;
using training::StepEstimate;
using training::StepTime;

namespace {

constexpr const char* kBounds[] = {"compute", "memory", "network", "pipeline", "batch", "host"};
constexpr const char* kRecompute[] = {"chosen", "none", "selective", "full"};
constexpr const char* kSharding[] = {"chosen", "none", "optimizer", "gradients", "weights"};

// Names of the parts in the order in which they are told.
std::vector<std::pair<const char*, double>> parts_of(const StepTime& t) {
  return {{"compute", t.compute_s},
          {"memory", t.memory_s},
          {"tensor and context traffic", t.tensor_s},
          {"expert traffic", t.expert_traffic_s},
          {"data-parallel traffic", t.data_s},
          {"bubble", t.bubble_s},
          {"stage transfers", t.transfer_s},
          {"optimizer", t.optimizer_s},
          {"host", t.launch_s},
          {"stragglers", t.stragglers_s}};
}

std::string key_of(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == ' ' || c == '-'; }, '_');
  return name;
}

Json json_of(const StepTime& t) {
  Json::Object parts;
  for (const auto& [name, seconds] : parts_of(t)) parts[key_of(name)] = seconds;
  return parts;
}

Json json_of(const model::ParallelPlan& p) {
  return Json::Object{{"tensor", p.tensor},
                      {"pipeline", p.pipeline},
                      {"virtual_pipeline", p.virtual_pipeline},
                      {"context", p.context},
                      {"expert", p.expert},
                      {"micro_batch", p.micro_batch},
                      {"sharding", kSharding[static_cast<size_t>(p.sharding)]},
                      {"recompute", kRecompute[static_cast<size_t>(p.recompute)]},
                      {"recomputed_share", p.recomputed_share}};
}

Json json_of(const training::Memory& m) {
  return Json::Object{{"weights", m.weights},
                      {"gradients", m.gradients},
                      {"optimizer", m.optimizer},
                      {"activations", m.activations},
                      {"overhead", m.overhead}};
}

// Expected error: of the rows the constants were fitted on; wider where they stand in.
double interval(const StepEstimate& e, const training::Slice& slice) {
  constexpr double kUnmeasured = 0.12, kLeast = 0.04;
  return e.caution.empty() ? std::max(kLeast, 2.0 * slice.constants.error) : 2.0 * kUnmeasured;
}

// Power of a chip through a step, in watts.
double mean_power(const StepTime& t, const model::Accelerator& chip) {
  const double busy = t.compute_s + t.memory_s + t.optimizer_s;
  const double moving = t.tensor_s + t.expert_traffic_s + t.data_s + t.transfer_s;
  const double idle = std::max(0.0, t.step_s - busy - moving);
  return (busy * chip.compute_power.value + moving * chip.communication_power.value +
          idle * chip.idle_power.value) /
         t.step_s;
}

void explain(const StepEstimate& e, const training::Slice& slice) {
  using model::Term;
  const training::PassWork& w = e.work.busiest.work;
  const model::StepConstants& c = slice.constants;
  std::vector<std::vector<std::string>> table = {
      {"of one micro-batch on the busiest stage", "on the curves", "constant", "taken"}};
  const auto line = [&](const char* name, double seconds, Term term) {
    table.push_back({name, fmt::format("{:.3f} ms", seconds * 1e3), fmt::format("{:.3f}", c[term]),
                     fmt::format("{:.3f} ms", seconds * c[term] * 1e3)});
  };
  line("matrix products", w.products_s, Term::kGemm);
  line("attention, logits", w.attention_s, Term::kAttention);
  line("routed experts", w.experts_s, Term::kExperts);
  line("memory traffic", w.memory_s, Term::kMemory);
  line("tensor and context traffic", w.tensor_s, Term::kTensor);
  line("all-to-all", w.expert_traffic_s, Term::kExpertTraffic);
  const double layers = e.work.busiest.layers, launches = e.work.busiest.expert_launches;
  table.push_back({"host, layers", fmt::format("{:.1f}", layers),
                   fmt::format("{:.3f} ms", c[Term::kLayerLaunch] * 1e3),
                   fmt::format("{:.3f} ms", layers * c[Term::kLayerLaunch] * 1e3)});
  table.push_back({"host, local experts", fmt::format("{:.0f}", launches),
                   fmt::format("{:.3f} ms", c[Term::kExpertLaunch] * 1e3),
                   fmt::format("{:.3f} ms", launches * c[Term::kExpertLaunch] * 1e3)});
  fmt::print("\n");
  print_table(table, {1, 2, 3});
  fmt::print(
      "\n{:.0f} micro-batches, the pipeline idle for {:.2f} more. Device and host times join by a "
      "3-norm.\n",
      e.work.micro_batches, e.work.bubble_chunks);
  const training::Memory& m = e.memory;
  const auto gigabytes = [](double bytes) { return fmt::format("{:.2f} GB", bytes / 1e9); };
  fmt::print("\n");
  print_table({{"memory of a rank", ""},
               {"weights", gigabytes(m.weights)},
               {"gradients", gigabytes(m.gradients)},
               {"optimizer", gigabytes(m.optimizer)},
               {"activations", gigabytes(m.activations)},
               {"overhead", gigabytes(m.overhead)},
               {"all", gigabytes(m.total())}},
              {1});
  if (slice.stack != nullptr) {
    fmt::print("\nconstants: {} with {}{}, fitted on {} runs with a mean error of {:.1f} %\n",
               slice.stack->accelerator, slice.stack->stack,
               c.release.empty() ? "" : " from " + c.release, c.rows, 100.0 * c.error);
  }
}

}  // namespace

std::string plan_text(const model::ParallelPlan& p) {
  std::string text = fmt::format("tp{} pp{} vpp{} cp{} ep{} mbs{} recompute {}", p.tensor,
                                 p.pipeline, p.virtual_pipeline, p.context, p.expert, p.micro_batch,
                                 kRecompute[static_cast<size_t>(p.recompute)]);
  if (p.recomputed_share < 1.0) text += fmt::format(" of {:.0f} %", 100.0 * p.recomputed_share);
  if (p.slices > 1) text += fmt::format(" slices {}", p.slices);
  return text;
}

namespace {

// The whole training: what it needs to the loss that so many tokens with small batches reach.
struct Target {
  double tokens, seconds, joules, usd;
};

Target target_of(const StepEstimate& e, const training::Task& task, const training::Slice& slice,
                 double tokens) {
  Target t{};
  t.tokens = training::tokens_to_target(*task.model, tokens, e.tokens, task.sync_every);
  t.seconds = t.tokens / e.tokens * e.step_s;
  t.joules = t.seconds * slice.chips * mean_power(e.time, *slice.accelerator);
  t.usd = t.seconds * slice.chips * slice.accelerator->price.value;
  return t;
}

// What a job keeps, and how long its start takes.
struct Saved {
  double bytes, write_s, start_s;
};

Saved saved_by(const training::Task& task, const training::Slice& slice,
               base::BytesPerSecond storage) {
  Saved saved{};
  saved.bytes = training::state_bytes(*task.model);
  if (storage.value > 0.0) saved.write_s = saved.bytes / storage.value;
  saved.start_s = faults::restart_of({}, slice.chips, {}, {}).init.value;
  return saved;
}

}  // namespace

void print_estimate(const StepEstimate& e, const training::Task& task, const training::Slice& slice,
                    EstimateStyle style) {
  const double rate = e.tokens / e.step_s / slice.chips;
  const double wide = interval(e, slice);
  const Target target = target_of(e, task, slice, style.target_tokens);
  const Saved saved = saved_by(task, slice, style.storage);
  if (style.json) {
    Json::Object whole;
    if (style.target_tokens > 0.0) {
      whole = {{"tokens", target.tokens},
               {"seconds", target.seconds},
               {"joules", target.joules},
               {"usd", target.usd}};
    }
    fmt::print("{}\n", Json(Json::Object{{"target", whole},
                                         {"checkpoint_bytes", saved.bytes},
                                         {"checkpoint_s", saved.write_s > 0.0 ? Json(saved.write_s)
                                                                              : Json(nullptr)},
                                         {"start_s", saved.start_s},
                                         {"step_s", e.step_s},
                                         {"step_low_s", e.step_s * (1.0 - wide)},
                                         {"step_high_s", e.step_s * (1.0 + wide)},
                                         {"tokens", e.tokens},
                                         {"tok_s_chip", rate},
                                         {"mfu", e.mfu},
                                         {"mfu_full_attention", e.mfu_full_attention},
                                         {"hfu", e.hfu},
                                         {"memory_bytes", e.memory_bytes},
                                         {"memory_of_chip_bytes", slice.accelerator->memory.value},
                                         {"memory", json_of(e.memory)},
                                         {"fits", true},
                                         {"bound", kBounds[static_cast<size_t>(e.bound)]},
                                         {"breakdown_s", json_of(e.time)},
                                         {"caution", e.caution},
                                         {"plan", json_of(e.plan)}})
                           .dump());
    return;
  }
  const auto chosen = [](int given) { return given > 0 ? "" : " (chosen)"; };
  const model::ParallelPlan& given = task.plan;
  std::vector<std::vector<std::string>> rows = {
      {"chips", fmt::format("{} x {} in {} x {}", base::format_count(slice.chips),
                            slice.accelerator->name, slice.domains, slice.domain->name)},
      {"plan",
       fmt::format("tensor {}{}, pipeline {}{}, chunks {}{}, context {}, experts {}, "
                   "micro-batch {}{}",
                   e.plan.tensor, chosen(given.tensor), e.plan.pipeline, chosen(given.pipeline),
                   e.plan.virtual_pipeline, chosen(given.virtual_pipeline), e.plan.context,
                   e.plan.expert, e.plan.micro_batch, chosen(given.micro_batch))},
      {"recompute",
       fmt::format("{}{}", kRecompute[static_cast<size_t>(e.plan.recompute)],
                   e.plan.recomputed_share < 1.0
                       ? fmt::format(", {:.0f} % of the layers", 100.0 * e.plan.recomputed_share)
                       : "")},
      {"sharded", kSharding[static_cast<size_t>(e.plan.sharding)]},
      {"batch", fmt::format("{} tokens", base::format_count(e.tokens))},
      {"step", fmt::format("{:.4g} s, {:.4g} to {:.4g}", e.step_s, e.step_s * (1.0 - wide),
                           e.step_s * (1.0 + wide))}};
  for (const auto& [name, seconds] : parts_of(e.time)) {
    if (seconds < 5e-4 * e.step_s) continue;
    rows.push_back({std::string("  ") + name,
                    fmt::format("{:.4g} s  {:.1f} %", seconds, 100.0 * seconds / e.step_s)});
  }
  rows.insert(
      rows.end(),
      {{"tokens", fmt::format("{:.4g} /s/chip", rate)},
       {"MFU", fmt::format("{:.1f} % of the {} peak; {:.1f} % with attention "
                           "counted in full",
                           100.0 * e.mfu, task.precision, 100.0 * e.mfu_full_attention)},
       {"HFU", fmt::format("{:.1f} %", 100.0 * e.hfu)},
       {"memory", fmt::format("{} of {} a chip", base::format_bytes(base::Bytes{e.memory_bytes}),
                              base::format_bytes(slice.accelerator->memory))},
       {"bound by", kBounds[static_cast<size_t>(e.bound)]}});
  rows.push_back(
      {"checkpoint", saved.write_s > 0.0
                         ? fmt::format("{}, {:.3g} s to the cluster's storage",
                                       base::format_bytes(base::Bytes{saved.bytes}), saved.write_s)
                         : base::format_bytes(base::Bytes{saved.bytes})});
  rows.push_back({"start", fmt::format("{:.0f} s of processes and communicators", saved.start_s)});
  if (style.target_tokens > 0.0) {
    rows.push_back(
        {"to target", fmt::format("{} tokens in {:.3g} days, {:.3g} GWh of the chips, "
                                  "{:.3g} MUSD at list price",
                                  base::format_count(target.tokens), target.seconds / base::kDay,
                                  target.joules / 3.6e12, target.usd / 1e6)});
  }
  print_table(rows, {});
  if (style.explain) explain(e, slice);
  if (!e.caution.empty()) fmt::print(stderr, "note: {}\n", e.caution);
}

void print_search(const training::SearchResult& found, const std::vector<ScaledPlan>& scaled,
                  const training::Task& task, const training::Slice& slice, bool json) {
  const model::Accelerator& chip = *slice.accelerator;
  struct Point {
    double chips, step_s, joules_per_token, usd_per_token;
    std::string plan;
  };
  std::vector<Point> front;
  for (const ScaledPlan& s : scaled) {
    const double step = s.step.time.step_s;
    const double chip_seconds = s.chips * step / s.step.work.tokens;
    front.push_back({s.chips, step, chip_seconds * mean_power(s.step.time, chip),
                     chip_seconds * chip.price.value, plan_text(s.step.plan)});
  }
  // One that another beats in all of step time, chips, energy and cost is left out.
  const auto dominated = [&](const Point& p) {
    return std::any_of(front.begin(), front.end(), [&](const Point& q) {
      return &q != &p && q.chips <= p.chips && q.step_s <= p.step_s &&
             q.joules_per_token <= p.joules_per_token && q.usd_per_token <= p.usd_per_token;
    });
  };
  std::vector<Point> kept;
  std::copy_if(front.begin(), front.end(), std::back_inserter(kept),
               [&](const Point& p) { return !dominated(p); });
  if (json) {
    Json::Array plans, points;
    for (const PlannedStep& s : found.best) {
      plans.push_back(Json::Object{{"step_s", s.time.step_s},
                                   {"memory_bytes", s.memory.total()},
                                   {"breakdown_s", json_of(s.time)},
                                   {"plan", json_of(s.plan)}});
    }
    for (const Point& p : kept) {
      points.push_back(Json::Object{{"chips", p.chips},
                                    {"step_s", p.step_s},
                                    {"joules_per_token", p.joules_per_token},
                                    {"usd_per_token", p.usd_per_token},
                                    {"plan", p.plan}});
    }
    fmt::print("{}\n", Json(Json::Object{{"legal", found.legal},
                                         {"fitting", found.fitting},
                                         {"plans", plans},
                                         {"front", points}})
                           .dump());
    return;
  }
  fmt::print("{} legal plans, {} fit. The fastest:\n", found.legal, found.fitting);
  std::vector<std::vector<std::string>> table = {
      {"step s", "tokens/s/chip", "memory", "sharded", "plan"}};
  for (const PlannedStep& s : found.best) {
    table.push_back({fmt::format("{:.4g}", s.time.step_s),
                     fmt::format("{:.4g}", s.work.tokens / s.time.step_s / slice.chips),
                     base::format_bytes(base::Bytes{s.memory.total()}),
                     kSharding[static_cast<size_t>(s.plan.sharding)], plan_text(s.plan)});
  }
  print_table(table, {0, 1, 2});
  fmt::print("\nFewer chips, the same step of {} tokens:\n",
             base::format_count(task.global_batch_tokens));
  table = {{"chips", "step s", "J/token", "USD/Mtoken", "plan"}};
  for (const Point& p : kept) {
    table.push_back({base::format_count(p.chips), fmt::format("{:.4g}", p.step_s),
                     fmt::format("{:.3g}", p.joules_per_token),
                     fmt::format("{:.3g}", p.usd_per_token * 1e6), p.plan});
  }
  print_table(table, {0, 1, 2, 3});
}

Json schedule_json(const StepEstimate& e) {
  // A chunk's forward pass is a third of its time, its backward pass two.
  const double rounds = e.work.micro_batches;
  const double chunk = (e.time.step_s - e.time.bubble_s - e.time.transfer_s - e.time.data_s -
                        e.time.optimizer_s - e.time.stragglers_s) /
                       (rounds * e.plan.virtual_pipeline);
  training::Pipeline pipeline;
  pipeline.schedule = e.plan.schedule;
  pipeline.ranks = e.plan.pipeline;
  pipeline.chunks = e.plan.virtual_pipeline;
  // The start tells the pattern; hundreds of micro-batches are a grey bar.
  pipeline.micro_batches = static_cast<int>(std::min(rounds, 2.0 * e.plan.pipeline));
  pipeline.times = {{chunk / 3.0, chunk / 3.0, chunk / 3.0}};
  Json::Array operations;
  if (training::obstacle(pipeline).empty()) {
    for (const training::Operation& o : training::run_pipeline(pipeline).operations) {
      operations.push_back(Json::Object{{"kind", static_cast<int>(o.kind)},
                                        {"rank", o.rank},
                                        {"chunk", o.chunk},
                                        {"micro_batch", o.micro_batch},
                                        {"begin_s", o.begin_s},
                                        {"end_s", o.end_s}});
    }
  }
  Json::Object parts;
  for (const auto& [name, seconds] : parts_of(e.time)) parts[name] = seconds;
  return Json::Object{{"operations", operations}, {"ranks", pipeline.ranks},
                      {"micro_batches", rounds},  {"drawn", pipeline.micro_batches},
                      {"parts_s", parts},         {"step_s", e.step_s}};
}

}  // namespace busbar::cli
