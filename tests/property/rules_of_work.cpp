#include <algorithm>
#include <cmath>
#include <set>

#include "tests/property/invariants.h"

namespace busbar::property {
namespace {

constexpr double kRounding = 1e-9;
constexpr double kSecond = 1e-6;  // of rounding in times

using Job = Tables::Job;
using Segment = Tables::Segment;

bool ended_in_vain(const Job& job) { return job.state == "killed" || job.state == "failed"; }

// Every job that was submitted has one row, counted by its state.
void rows(const Tables& t, Complaints& broken) {
  std::map<std::string, double> states;
  std::map<int, int> ids;
  for (const Job& job : t.jobs) {
    ++states[job.state];
    if (++ids[job.id] > 1) broken.add("job {} has two rows", job.name);
    if (job.start_s < job.submit_s) broken.add("job {} starts before it is submitted", job.name);
    if (job.end_s < job.start_s) broken.add("job {} ends before it starts", job.name);
  }
  if (static_cast<double>(t.jobs.size()) != t.summary.at("jobs_submitted")) {
    broken.add("{} rows for {} submitted jobs", t.jobs.size(), t.summary.at("jobs_submitted"));
  }
  for (const char* state :
       {"completed", "killed", "failed", "cancelled", "rejected", "running", "waiting"}) {
    const double counted = t.summary.at(std::string("jobs_") + state);
    if (counted != states[state]) broken.add("{} jobs {}, {} rows", counted, state, states[state]);
  }
}

// done + lost + left = asked for, in every state.
void balance(const Job& job, Complaints& broken) {
  const double tolerance = kRounding * job.asked_steps;
  const double sum = job.steps + job.lost_steps + job.left_steps;
  if (std::abs(sum - job.asked_steps) > tolerance) {
    broken.add("job {} ({}): {} done + {} lost + {} left are not {} asked for", job.name, job.state,
               job.steps, job.lost_steps, job.left_steps, job.asked_steps);
  }
  for (const double part : {job.steps, job.lost_steps, job.left_steps, job.redone_steps}) {
    if (part < -tolerance) broken.add("job {}: {} steps", job.name, part);
  }
  if (job.state == "completed" && job.steps != job.asked_steps) {
    broken.add("job {} completed {} of {} steps", job.name, job.steps, job.asked_steps);
  }
  if (ended_in_vain(job) ? job.steps != 0.0 : job.lost_steps != 0.0) {
    broken.add("job {} ({}): {} steps done, {} lost", job.name, job.state, job.steps,
               job.lost_steps);
  }
}

// What a job was asked to do is what was submitted.
void asked(const RunDraw& run, const Job& job, Complaints& broken) {
  const StreamDraw* stream = stream_of(run, job.name);
  if (stream == nullptr) {
    const auto tenant = static_cast<size_t>(tenant_of(run, job.name));
    const size_t row = std::stoul(job.name.substr(job.name.find_last_of('-') + 1));
    const double submitted = 60.0 * log_of(run.tenants[tenant])[row].run_min;
    if (job.asked_steps != 0.0 && !agree(job.asked_steps, submitted, kRounding, 0.0)) {
      broken.add("job {} was asked for {} s of its {} s", job.name, job.asked_steps, submitted);
    }
    return;
  }
  const double submitted = tokens_of(*stream);
  if (submitted <= 0.0 || job.steps <= 0.0 || job.segments.empty()) return;
  const double tokens = job.tokens / job.steps * job.asked_steps;
  const bool wide = stream->span == 3 && stream->sync_every > 1;
  if (tokens < submitted * (1.0 - kRounding) ||
      tokens > submitted * ((wide ? 1.1 : 1.0) + kRounding)) {
    broken.add("job {} was asked for {} of {} tokens", job.name, tokens, submitted);
  }
}

// What its segments did is done, lost or to be done again; they last for that and for restarts.
void segments(const Tables& t, const RunDraw& run, const Job& job, const std::set<int>& moved,
              Complaints& broken) {
  double ran_s = 0.0, steps = 0.0, still_s = 0.0, until_s = job.start_s, step_s = 0.0;
  bool steady = true;
  for (const size_t i : job.segments) {
    const Segment& segment = t.segments[i];
    if (segment.seconds() < 0.0) broken.add("a segment of job {} ends before it begins", job.name);
    if (segment.start_s < until_s) {
      broken.add("job {} runs twice, or before it starts, at {} s", job.name, segment.start_s);
    }
    until_s = segment.end_s;
    ran_s += segment.seconds();
    steps += segment.steps;
    const double worked_s =
        segment.steps > 0.0 ? segment.steps * segment.step_s / segment.batch_share : 0.0;
    still_s += segment.seconds() - worked_s;
    if (worked_s > segment.seconds() + kRounding * ran_s + kSecond) {
      broken.add("job {} works {} s in {} s", job.name, worked_s, segment.seconds());
    }
    if (step_s > 0.0 && segment.step_s != step_s) steady = false;
    if (segment.batch_share != 1.0) steady = false;
    step_s = segment.step_s;
  }
  if (!job.segments.empty() && t.segments[job.segments.front()].start_s != job.start_s) {
    broken.add("job {} starts at {} s, its first segment at {} s", job.name, job.start_s,
               t.segments[job.segments.front()].start_s);
  }
  if (!std::isnan(job.end_s) && !job.segments.empty() && until_s != job.end_s) {
    broken.add("job {} ends at {} s, its last segment at {} s", job.name, job.end_s, until_s);
  }
  const StreamDraw* stream = stream_of(run, job.name);
  // Steps of several sizes: of an elastic job, or of chips of several kinds.
  const bool scales = stream != nullptr && (stream->sizes == 3 || moved.contains(job.id));
  const double done = job.steps + job.lost_steps + job.redone_steps;
  if (!scales && !agree(steps, done, kRounding, kRounding * job.asked_steps)) {
    broken.add("job {} ({}): {} steps in segments, {} done, {} lost, {} to be done again", job.name,
               job.state, steps, job.steps, job.lost_steps, job.redone_steps);
  }
  const double tolerance_s = kRounding * ran_s + kSecond * static_cast<double>(job.segments.size());
  if (std::abs(still_s - job.restart_s) > tolerance_s) {
    broken.add("job {} ({}) stood still for {} s, its restarts took {} s", job.name, job.state,
               still_s, job.restart_s);
  }
  if (ended_in_vain(job) && !agree(job.lost_s, ran_s, kRounding, kSecond)) {
    broken.add("job {} ({}) ran {} s and lost {} s", job.name, job.state, ran_s, job.lost_s);
  }
  if (steady && !scales && !ended_in_vain(job) &&
      std::abs(ran_s - job.steps * step_s - job.lost_s) > tolerance_s) {
    broken.add("job {} ({}) ran {} s: {} s kept, {} s lost", job.name, job.state, ran_s,
               job.steps * step_s, job.lost_s);
  }
}

}  // namespace

void check_work(const Tables& trace, const RunDraw& run, Complaints& broken) {
  rows(trace, broken);
  std::set<int> moved;
  for (const Tables::Event& event : trace.events) {
    if (event.kind == "move" || event.kind == "rebrokered") moved.insert(event.subject);
  }
  for (const Job& job : trace.jobs) {
    balance(job, broken);
    asked(run, job, broken);
    segments(trace, run, job, moved, broken);
  }
}

}  // namespace busbar::property
