/// Campaigns: stages of jobs that wait for each other.
#pragma once

#include <span>
#include <vector>

#include "sim/model/job.h"
#include "sim/model/scenario.h"
#include "sim/record/trace_writer.h"

namespace busbar::engine {

/// Knows which stages may run. A stage begins when every job of the stages before it has ended, in
/// whatever way; a job that no cluster can hold never ends, and what comes after it waits for ever.
class Campaigns {
 public:
  Campaigns(const model::Scenario& scenario, std::span<const model::Job> jobs);

  /// Whether a job waits for an earlier stage.
  bool waits(const model::Job& job) const;
  /// Sets a job aside until its stage may begin.
  void hold(std::int32_t id, const model::Job& job);
  void started(const model::Job& job, double now_s);
  /// Books the end of a job. Returns the jobs that may go to their queues now, in order.
  std::vector<std::int32_t> ended(const model::Job& job, double now_s);
  /// Jobs that still wait for an earlier stage, in order.
  std::vector<std::int32_t> held() const;
  bool empty() const { return held_ == 0; }
  /// Writes `/summary/stages`.
  void summarise(record::TraceWriter& trace) const;

 private:
  struct Stage {
    const model::Campaign* campaign = nullptr;
    const model::CampaignStage* stage = nullptr;
    std::vector<size_t> after;  // indices
    std::int64_t jobs = 0, jobs_ended = 0;
    double start_s, end_s;  // NaN: not yet
    std::vector<std::int32_t> held;
    bool done() const { return jobs_ended == jobs; }
  };
  size_t index_of(const model::Job& job) const {
    return first_stage_[static_cast<size_t>(job.campaign)] + static_cast<size_t>(job.stage);
  }
  bool may_begin(const Stage& stage) const;

  double start_unix_s_;
  std::vector<size_t> first_stage_;  // by campaign
  std::vector<Stage> stages_;
  std::int64_t held_ = 0;
};

}  // namespace busbar::engine
