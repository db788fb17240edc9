/// What a job is on a given pool: steps, their local time, its power and its traffic.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "sim/engine/behaviours.h"
#include "sim/engine/checkpoint_plans.h"
#include "sim/engine/fleet.h"
#include "sim/engine/sends.h"
#include "sim/model/job.h"
#include "sim/record/rows.h"
#include "sim/topology/slice_offer.h"

namespace busbar::engine {

/// A job as it would run in one pool, before its place is known.
struct Work {
  bool feasible = false;
  double chips = 0.0;   // that it gets: in sizes that the vendor offers, at least what it asks for
  int slices = 1;       // of them, each in one pod
  double steps = 0.0;   // a replayed job is one step per second of its log
  double step_s = 1.0;  // without shared links
  double tokens_per_step = 0.0;
  double mfu = 0.0;
  double busy_w_per_chip = 0.0;   // IT power that a busy chip adds to the idle site
  double total_w_per_chip = 0.0;  // its whole share of the IT power, domain overheads included
  Sends sends;
  SavePlan saves;                    // of its state
  std::int64_t replica_domains = 0;  // of a replica that can drop out alone; 0: none can
  double state_bytes = 0.0;          // that a site needs to join a run
  double low_communication = 1.0;    // tokens to target where sites exchange only every few steps
  record::Bound bound = record::Bound::kNone;
  double run_time_s() const { return steps * step_s; }
};

/// Evaluates jobs on pools through the step model; equal questions are answered from memory.
class WorkModel {
 public:
  WorkModel(const model::Scenario& scenario, const Fleet& fleet, const training::StepModel& model);

  /// Pools where a job of this stream or trace may run, in the order of the world file.
  const std::vector<std::int32_t>& pools_for(const model::Job& job) const;
  /// The job on one of them. A stream's duration is its run time on the first of its pools that
  /// holds the job; elsewhere the same tokens take the time that the step model gives.
  Work evaluate(const model::Job& job, std::int32_t pool) {
    return evaluate(job, pool, static_cast<std::int64_t>(job.chips));
  }
  /// The same job at another size: the same tokens, its global batch kept, or scaled with the chips
  /// if its stream says so. A batch M of a scaled one counts (B + M0) / (B + M) of its tokens, B
  /// the critical batch of the model and M0 the batch at the size that the job asks for.
  Work evaluate(const model::Job& job, std::int32_t pool, std::int64_t chips);
  /// Sizes at which an elastic job is feasible in a pool, the one that it asks for among them;
  /// null: it is not elastic, or not feasible there.
  const scheduling::JobSizes* sizes(const model::Job& job, std::int32_t pool);
  /// Listed sizes of elastic streams at which the jobs are feasible in none of their pools, and
  /// elastic streams that have no other size than that asked for (chips 0); by their first jobs.
  struct Unfit {
    std::int32_t stream = -1;
    std::int64_t chips = 0;
  };
  std::vector<Unfit> unfit_sizes(const std::vector<model::Job>& jobs);
  /// What the pool's vendor gives for so many chips of a job.
  topology::SliceOffer offer(const model::Job& job, std::int32_t pool, std::int64_t chips) const;
  /// What a job asks a pool for, as this model evaluates it there.
  scheduling::Request request(const model::Job& job, const Work& work) const;
  model::Span span_of(const model::Job& job) const;
  /// Vendor of the chips of a pool.
  const std::string& vendor(std::int32_t pool) const;
  /// What it takes a job's model to go on with chips of the vendor of a pool.
  base::Seconds switching_time(const model::Job& job, std::int32_t pool) const;
  /// What the job does about failures; a replayed one starts again.
  model::FailureResponse response_of(const model::Job& job) const;
  /// Of its stream; 0 for replayed jobs.
  std::int32_t priority_of(const model::Job& job) const;
  /// Tokens per second of some of a job's chips, with their part of its batch; 0: they cannot do it
  /// alone.
  double tokens_per_s(const model::Job& job, std::int32_t pool, std::int64_t chips,
                      double batch_tokens);

 private:
  struct Step {
    bool feasible = false;
    double step_s = 1.0, tokens = 0.0, mfu = 0.0, busy_w = 0.0, total_w = 0.0, domain_bytes = 0.0,
           gradient_bytes = 0.0;
    double counted = 1.0;        // share of the tokens that count
    double replica_chips = 0.0;  // of a data-parallel replica
    record::Bound bound = record::Bound::kNone;
  };
  const Step& step(const model::Job& job, std::int32_t pool);
  const Step& resized_step(const model::Job& job, std::int32_t pool,
                           const topology::SliceOffer& offer);
  const model::Cluster& first_cluster(std::int32_t pool) const;
  const model::Pod* pod_of(std::int32_t pool) const;
  Step estimate(const model::TrainingStream& stream, const topology::SliceOffer& offer,
                std::int32_t index, double batch_tokens) const;
  Sends sends(const model::TrainingStream& stream, const Step& step) const;
  std::int64_t replica_domains(const model::TrainingStream& stream, const Step& step, double chips,
                               int per_domain) const;
  Step replayed(std::int32_t index) const;
  double efficiency(base::Id<model::LanguageModel> model, const std::string& vendor) const;

  const model::Scenario& scenario_;
  const Fleet& fleet_;
  const training::StepModel& model_;
  CheckpointPlans checkpoints_;
  std::vector<std::vector<std::int32_t>> stream_pools_, trace_pools_;
  std::map<std::tuple<std::int32_t, std::int32_t, std::int64_t>, Step> known_;
  std::map<std::tuple<std::int32_t, std::int32_t, std::int64_t, double>, double> known_speeds_;
  // By stream, pool and the size that a job asks for; steps also by another size.
  std::map<std::tuple<std::int32_t, std::int32_t, std::int64_t>, scheduling::JobSizes> known_sizes_;
  std::map<std::tuple<std::int32_t, std::int32_t, std::int64_t, std::int64_t>, Step> known_resized_;
};

}  // namespace busbar::engine
