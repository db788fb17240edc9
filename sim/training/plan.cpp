#include "sim/training/plan.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace busbar::training {

using model::ParallelPlan;
using model::Recompute;
using model::Sharding;
using model::StackStyle;

namespace {

constexpr int kMostTensor = 64, kMostPipeline = 64, kMostMicroBatch = 64;
constexpr double kMostContext = 16.0;

// The given value alone, or powers of two up to a limit that divide `whole` (0: any).
std::vector<int> choices(int given, int limit, double whole) {
  if (given > 0) return {given};
  std::vector<int> all;
  for (int value = 1; value <= limit; value *= 2) {
    if (whole <= 0.0 || std::fmod(whole, value) == 0.0) all.push_back(value);
  }
  return all;
}

// Chunks of a stage: those that give all stages equal layers, the embedding and the head counted as
// one layer each or not at all.
std::vector<int> chunk_choices(const ParallelPlan& given, int pipeline, int layers) {
  if (given.virtual_pipeline > 0) return {given.virtual_pipeline};
  std::vector<int> all = {1};
  const bool interleaves = given.schedule == model::PipelineSchedule::kOneForwardOneBackward;
  if (pipeline == 1 || !interleaves) return all;
  for (int chunks = 2; chunks * pipeline <= layers + 2; ++chunks) {
    if (layers % (pipeline * chunks) == 0 || (layers + 2) % (pipeline * chunks) == 0) {
      all.push_back(chunks);
    }
  }
  return all;
}

// Tensor ways must divide the heads of every layer.
double common_heads(const model::LanguageModel& m) {
  double common = 0.0;
  for (const model::LayerGroup& group : m.layers) {
    if (group.attention.heads > 0) {
      common = common > 0.0 ? std::gcd(static_cast<int>(common), group.attention.heads)
                            : group.attention.heads;
    }
  }
  return common;
}

double expert_count(const model::LanguageModel& m) {
  double most = 0.0;
  for (const model::LayerGroup& group : m.layers) {
    most = std::max<double>(most, group.feed_forward.experts);
  }
  return most;
}

bool is_xla(const Slice& slice) {
  return slice.stack != nullptr && slice.stack->style == StackStyle::kXla;
}

// As many experts apart as the domain, the ranks and the experts allow.
int chosen_experts(const Task& task, double domain, double spread) {
  const double experts = expert_count(*task.model);
  int ways = 1;
  if (experts <= 0.0) return ways;
  while (ways * 2 <= std::min(experts, std::min(domain, spread)) &&
         std::fmod(experts, ways * 2.0) == 0.0) {
    ways *= 2;
  }
  return ways;
}

}  // namespace

PlannedStep planned(const Task& task, const Slice& slice, const ParallelPlan& plan) {
  Task complete = task;
  complete.plan = plan;
  PlannedStep step;
  step.plan = plan;
  step.work = step_work(complete, slice);
  step.time = step_time(step.work, slice.constants);
  step.memory = memory_of(complete, slice);
  step.fits = step.memory.total() <= usable_memory(slice);
  return step;
}

namespace {

// Ways of context parallelism for `spread` ranks that tensor and pipeline ways leave.
std::vector<int> context_choices(const Task& task, Space space, double spread, double sequences) {
  if (task.plan.context > 0) return {task.plan.context};
  int least = 1;
  while (spread / least > sequences && least < spread) least *= 2;
  std::vector<int> all = {least};
  if (space == Space::kUsual) return all;
  for (int ways = least * 2; ways <= std::min(kMostContext, spread); ways *= 2) all.push_back(ways);
  return all;
}

std::vector<int> expert_choices(const Task& task, Space space, bool xla, double domain,
                                double spread) {
  if (task.plan.expert > 0) return {task.plan.expert};
  if (space == Space::kUsual) return {xla ? 1 : chosen_experts(task, domain, spread)};
  const double experts = expert_count(*task.model);
  return experts > 0.0 ? choices(0, static_cast<int>(std::min(experts, spread)), experts)
                       : std::vector<int>{1};
}

std::vector<Sharding> sharding_choices(Sharding given, Space space, bool xla) {
  if (given != Sharding::kChosen) return {given};
  if (xla) return {Sharding::kWeights};
  if (space == Space::kUsual) return {Sharding::kOptimizer};
  return {Sharding::kReplicated, Sharding::kOptimizer, Sharding::kGradients, Sharding::kWeights};
}

std::vector<int> micro_batch_choices(const Task& task, bool xla, double each) {
  if (task.plan.micro_batch > 0) return {task.plan.micro_batch};
  if (xla) return {static_cast<int>(each)};
  return choices(0, static_cast<int>(std::min<double>(kMostMicroBatch, each)), each);
}

}  // namespace

void for_each_plan(const Task& task, const Slice& slice, Space space,
                   const std::function<void(const ParallelPlan&)>& visit) {
  const ParallelPlan& given = task.plan;
  const double ranks = slice.chips * slice.ranks_per_chip;
  const double sequences = task.global_batch_tokens / task.sequence;
  const bool xla = is_xla(slice);
  const int layers = task.model->layer_count();
  const double domain = slice.domain_chips() * slice.ranks_per_chip;
  const int most_tensor = static_cast<int>(std::min<double>(kMostTensor, domain));
  ParallelPlan p = given;
  p.slices = std::max(1, given.slices);

  // Each of the loops below settles one more blank.
  const auto with_recompute = [&] {
    for (const Recompute again :
         given.recompute != Recompute::kChosen
             ? std::vector<Recompute>{given.recompute}
             : std::vector<Recompute>{Recompute::kNone, Recompute::kSelective, Recompute::kFull}) {
      p.recompute = again;
      p.offload = given.offload;
      visit(p);
      // XLA programs may keep the inputs of recomputed layers in host memory, and what the
      // optimizer alone needs.
      if (!xla || again != Recompute::kFull) continue;
      p.offload = true;
      if (!given.offload) visit(p);
      p.offload_optimizer = true;
      visit(p);
      p.offload_optimizer = given.offload_optimizer;
    }
  };
  const auto with_batch = [&](double replicas) {
    if (replicas < 1.0 || std::fmod(sequences, replicas) != 0.0) return;
    for (const int micro : micro_batch_choices(task, xla, sequences / replicas)) {
      if (std::fmod(sequences / replicas, micro) != 0.0) continue;
      p.micro_batch = micro;
      for (const Sharding sharding : sharding_choices(given.sharding, space, xla)) {
        p.sharding = sharding;
        with_recompute();
      }
    }
  };
  for (const int tensor : choices(given.tensor, most_tensor, common_heads(*task.model))) {
    p.tensor = tensor;
    const int most_stages = xla ? 1 : std::min(kMostPipeline, layers);
    for (const int pipeline : choices(given.pipeline, most_stages, 0)) {
      p.pipeline = pipeline;
      const double spread = ranks / (1.0 * tensor * pipeline);
      if (spread < 1.0) break;
      for (const int context : context_choices(task, space, spread, sequences)) {
        p.context = context;
        for (const int expert : expert_choices(task, space, xla, domain, spread)) {
          p.expert = expert;
          for (const int chunks : chunk_choices(given, pipeline, layers)) {
            p.virtual_pipeline = chunks;
            with_batch(std::floor(spread / context));
          }
        }
      }
    }
  }
}

namespace {

// Recomputes only as many layers as memory asks for.
void spare_layers(const Task& task, const Slice& slice, PlannedStep& step) {
  ParallelPlan plan = step.plan;
  plan.recomputed_share = 0.0;
  const double all = step.memory.total(), none = planned(task, slice, plan).memory.total();
  const double room = usable_memory(slice);
  if (none <= all || none <= room) return;
  const double layers = task.model->layer_count();
  const double share = std::ceil((none - room) / (none - all) * layers) / layers;
  if (share >= 1.0) return;
  plan.recomputed_share = share;
  step = planned(task, slice, plan);
}

// …where the plan leaves recomputation open and the stack can choose layers.
void relieve(const Task& task, const Slice& slice, PlannedStep& step) {
  const bool open = task.plan.recompute == Recompute::kChosen && !is_xla(slice);
  if (open && step.plan.recompute == Recompute::kFull && step.fits) spare_layers(task, slice, step);
}

// One that fits before one that does not, then the faster, or the smaller where none fits.
bool is_better(const PlannedStep& a, const PlannedStep& b) {
  if (a.fits != b.fits) return a.fits;
  return a.fits ? a.time.step_s < b.time.step_s : a.memory.total() < b.memory.total();
}

}  // namespace

bool is_complete(const ParallelPlan& p) {
  return p.tensor > 0 && p.pipeline > 0 && p.virtual_pipeline > 0 && p.context > 0 &&
         p.expert > 0 && p.micro_batch > 0 && p.sharding != Sharding::kChosen &&
         p.recompute != Recompute::kChosen;
}

std::optional<PlannedStep> quick_plan(const Task& task, const Slice& slice) {
  const ParallelPlan& given = task.plan;
  const double ranks = slice.chips * slice.ranks_per_chip;
  const double sequences = std::max(1.0, std::floor(task.global_batch_tokens / task.sequence));
  const bool xla = is_xla(slice);
  const int layers = task.model->layer_count();
  const int domain = static_cast<int>(slice.domain_chips() * slice.ranks_per_chip);
  std::optional<PlannedStep> best;
  const auto consider = [&](PlannedStep step) {
    if (!best || is_better(step, *best)) best = std::move(step);
  };
  ParallelPlan p = given;
  p.slices = std::max(1, given.slices);
  if (given.sharding == Sharding::kChosen)
    p.sharding = xla ? Sharding::kWeights : Sharding::kOptimizer;
  for (const int tensor : choices(given.tensor, std::min(16, domain), common_heads(*task.model))) {
    p.tensor = tensor;
    for (const int pipeline :
         choices(given.pipeline, xla ? 1 : std::min(kMostPipeline, layers), 0)) {
      p.pipeline = pipeline;
      const double spread = std::floor(ranks / (1.0 * tensor * pipeline));
      if (spread < 1.0) break;
      p.context = std::max(1, given.context);
      if (given.context == 0) {
        while (spread / p.context > sequences && p.context * 2 <= spread && p.context < domain) {
          p.context *= 2;
        }
      }
      const int apart = given.expert > 0 ? given.expert : chosen_experts(task, domain, spread);
      const std::vector<int> chunks = chunk_choices(given, pipeline, layers);
      // Interleaved as finely as can be, or not; on XLA experts gathered, or apart.
      std::vector<std::pair<int, int>> shapes = {{chunks.front(), apart}};
      if (chunks.size() > 1) shapes.emplace_back(chunks.back(), apart);
      if (xla && apart > 1 && given.expert == 0) shapes.emplace_back(chunks.front(), 1);
      for (const auto& [chunk, expert] : shapes) {
        p.virtual_pipeline = chunk;
        p.expert = expert;
        const double each =
            std::max(1.0, std::floor(sequences / std::max(1.0, spread / p.context)));
        for (const int micro : given.micro_batch > 0 ? std::vector<int>{given.micro_batch}
                               : xla                 ? std::vector<int>{static_cast<int>(each)}
                                                     : std::vector<int>{1, 2, 4}) {
          if (given.micro_batch == 0 && micro > each) continue;
          p.micro_batch = micro;
          p.recompute = given.recompute != Recompute::kChosen ? given.recompute : Recompute::kNone;
          p.recomputed_share = 1.0;
          p.offload = given.offload;
          p.offload_optimizer = given.offload_optimizer;
          PlannedStep step = planned(task, slice, p);
          if (!step.fits && given.recompute == Recompute::kChosen) {
            p.recompute = Recompute::kFull;
            step = planned(task, slice, p);
            if (step.fits && !xla) spare_layers(task, slice, step);
            for (bool* host : {&p.offload, &p.offload_optimizer}) {
              if (step.fits || !xla) break;
              *host = true;
              step = planned(task, slice, p);
            }
          }
          consider(std::move(step));
        }
      }
    }
  }
  return best;
}

std::optional<PlannedStep> best_plan(const Task& task, const Slice& slice) {
  std::optional<PlannedStep> best;
  for_each_plan(task, slice, Space::kUsual, [&](const ParallelPlan& plan) {
    PlannedStep step = planned(task, slice, plan);
    relieve(task, slice, step);
    if (!best || is_better(step, *best)) best = std::move(step);
  });
  return best;
}

SearchResult search_plans(const Task& task, const Slice& slice, size_t most) {
  SearchResult result;
  const auto faster = [](const PlannedStep& a, const PlannedStep& b) {
    return a.time.step_s < b.time.step_s;
  };
  for_each_plan(task, slice, Space::kAll, [&](const ParallelPlan& plan) {
    PlannedStep step = planned(task, slice, plan);
    relieve(task, slice, step);
    ++result.legal;
    if (!step.fits) return;
    ++result.fitting;
    // A heap with the slowest of the best on top.
    if (result.best.size() == most && !faster(step, result.best.front())) return;
    result.best.push_back(std::move(step));
    std::push_heap(result.best.begin(), result.best.end(), faster);
    if (result.best.size() <= most) return;
    std::pop_heap(result.best.begin(), result.best.end(), faster);
    result.best.pop_back();
  });
  std::sort(result.best.begin(), result.best.end(), faster);
  return result;
}

}  // namespace busbar::training
