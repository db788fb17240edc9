#include "sim/engine/campaigns.h"

#include <algorithm>
#include <cmath>

namespace busbar::engine {

Campaigns::Campaigns(const model::Scenario& scenario, std::span<const model::Job> jobs)
    : start_unix_s_(scenario.start_unix_s) {
  for (const model::Campaign& campaign : scenario.workload.campaigns) {
    const size_t first = stages_.size();
    first_stage_.push_back(first);
    for (const model::CampaignStage& stage : campaign.stages) {
      Stage here;
      here.campaign = &campaign;
      here.stage = &stage;
      here.start_s = here.end_s = std::nan("");
      for (size_t i = first; i < stages_.size(); ++i) {
        const auto& names = stage.after;
        if (std::find(names.begin(), names.end(), stages_[i].stage->name) != names.end()) {
          here.after.push_back(i);
        }
      }
      stages_.push_back(std::move(here));
    }
  }
  for (const model::Job& job : jobs) {
    if (job.campaign >= 0) ++stages_[index_of(job)].jobs;
  }
}

bool Campaigns::may_begin(const Stage& stage) const {
  return std::all_of(stage.after.begin(), stage.after.end(),
                     [this](size_t before) { return stages_[before].done(); });
}

bool Campaigns::waits(const model::Job& job) const {
  return job.campaign >= 0 && !may_begin(stages_[index_of(job)]);
}

void Campaigns::hold(std::int32_t id, const model::Job& job) {
  stages_[index_of(job)].held.push_back(id);
  ++held_;
}

void Campaigns::started(const model::Job& job, double now_s) {
  if (job.campaign < 0) return;
  Stage& stage = stages_[index_of(job)];
  if (std::isnan(stage.start_s)) stage.start_s = now_s;
}

std::vector<std::int32_t> Campaigns::ended(const model::Job& job, double now_s) {
  std::vector<std::int32_t> released;
  if (job.campaign < 0) return released;
  Stage& stage = stages_[index_of(job)];
  ++stage.jobs_ended;
  if (!stage.done()) return released;
  stage.end_s = now_s;
  for (Stage& later : stages_) {
    if (later.held.empty() || !may_begin(later)) continue;
    released.insert(released.end(), later.held.begin(), later.held.end());
    later.held.clear();
  }
  held_ -= static_cast<std::int64_t>(released.size());
  std::sort(released.begin(), released.end());
  return released;
}

std::vector<std::int32_t> Campaigns::held() const {
  std::vector<std::int32_t> all;
  for (const Stage& stage : stages_) all.insert(all.end(), stage.held.begin(), stage.held.end());
  std::sort(all.begin(), all.end());
  return all;
}

void Campaigns::summarise(record::TraceWriter& trace) const {
  for (const Stage& stage : stages_) {
    record::StageSummaryRow row;
    row.campaign = stage.campaign->name;
    row.stage = stage.stage->name;
    row.jobs = stage.jobs;
    row.jobs_ended = stage.jobs_ended;
    row.start_s = stage.start_s;
    row.end_s = stage.end_s;
    row.due_s = stage.campaign->due_s(start_unix_s_);
    trace.add(row);
  }
}

}  // namespace busbar::engine
