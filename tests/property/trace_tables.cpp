#include "tests/property/trace_tables.h"

#include <algorithm>
#include <cmath>

namespace busbar::property {

Tables::Tables(const std::string& path) : reader(path) {
  for (const auto& [name, value] : reader.attributes("/summary")) {
    if (const auto* number = std::get_if<double>(&value)) summary[name] = *number;
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
      summary[name] = static_cast<double>(*whole);
    }
  }
  const auto names = reader.texts("/jobs/name"), states = reader.meanings("/jobs/state");
  jobs.resize(names.size());
  segments.resize(reader.rows("/segments"));
  events.resize(reader.rows("/events"));
  const auto fill = [this](auto& rows, auto member, const char* column) {
    const auto values = numbers(column);
    for (size_t i = 0; i < rows.size(); ++i) {
      rows[i].*member = static_cast<std::decay_t<decltype(rows[i].*member)>>(values[i]);
    }
  };
  for (size_t i = 0; i < jobs.size(); ++i) jobs[i].name = names[i], jobs[i].state = states[i];
  fill(jobs, &Job::id, "/jobs/id");
  fill(jobs, &Job::stream, "/jobs/stream");
  fill(jobs, &Job::submit_s, "/jobs/submit_s");
  fill(jobs, &Job::start_s, "/jobs/start_s");
  fill(jobs, &Job::end_s, "/jobs/end_s");
  fill(jobs, &Job::chips, "/jobs/chips");
  fill(jobs, &Job::asked_steps, "/jobs/asked_steps");
  fill(jobs, &Job::steps, "/jobs/steps");
  fill(jobs, &Job::lost_steps, "/jobs/lost_steps");
  fill(jobs, &Job::left_steps, "/jobs/left_steps");
  fill(jobs, &Job::redone_steps, "/jobs/redone_steps");
  fill(jobs, &Job::tokens, "/jobs/tokens");
  fill(jobs, &Job::lost_tokens, "/jobs/lost_tokens");
  fill(jobs, &Job::lost_s, "/jobs/lost_s");
  fill(jobs, &Job::restart_s, "/jobs/restart_s");
  fill(jobs, &Job::energy_j, "/jobs/energy_j");
  fill(jobs, &Job::carbon_g, "/jobs/carbon_g");
  fill(jobs, &Job::cost_usd, "/jobs/cost_usd");
  fill(jobs, &Job::resizes, "/jobs/resizes");
  fill(jobs, &Job::moves, "/jobs/moves");
  std::map<int, size_t> row_of;
  for (size_t i = 0; i < jobs.size(); ++i) row_of[jobs[i].id] = i;
  const auto reasons = reader.meanings("/segments/end_reason");
  const auto of_job = numbers("/segments/job");
  for (size_t i = 0; i < segments.size(); ++i) {
    segments[i].reason = reasons[i];
    segments[i].job = row_of.at(static_cast<int>(of_job[i]));
  }
  fill(segments, &Segment::site, "/segments/site");
  fill(segments, &Segment::cluster, "/segments/cluster");
  fill(segments, &Segment::start_s, "/segments/start_s");
  fill(segments, &Segment::end_s, "/segments/end_s");
  fill(segments, &Segment::chips, "/segments/chips");
  fill(segments, &Segment::step_s, "/segments/step_s");
  fill(segments, &Segment::steps, "/segments/steps");
  fill(segments, &Segment::batch_share, "/segments/batch_share");
  fill(segments, &Segment::power_w, "/segments/power_w");
  // Written when they end, so those of one job are in order.
  for (size_t i = 0; i < segments.size(); ++i) jobs[segments[i].job].segments.push_back(i);
  const auto kinds = reader.meanings("/events/kind");
  for (size_t i = 0; i < events.size(); ++i) events[i].kind = kinds[i];
  fill(events, &Event::time_s, "/events/time_s");
  fill(events, &Event::subject, "/events/subject");
  fill(events, &Event::value, "/events/value");
}

bool agree(double a, double b, double relative, double absolute) {
  return std::abs(a - b) <= relative * std::max(std::abs(a), std::abs(b)) + absolute;
}

}  // namespace busbar::property
