#include "sim/engine/job_books.h"

#include <algorithm>
#include <cmath>

#include "sim/engine/deadlines.h"

namespace busbar::engine {

using record::Bound;
using record::JobState;

namespace {

constexpr double kLargeJobChips = 256.0;
constexpr double kRounding_s = 1e-6;  // of steps times step time

}  // namespace

JobBooks::JobBooks(const model::Scenario& scenario, Fleet& fleet, const Clock& clock,
                   Journal& journal)
    : scenario_(scenario),
      fleet_(fleet),
      clock_(clock),
      journal_(journal),
      use_(scenario.platform.clusters.size()) {}

const scheduling::Part& JobBooks::part_of(std::int32_t pool, const scheduling::Share& share) const {
  return fleet_.pools[static_cast<size_t>(pool)].state.parts[static_cast<size_t>(share.part)];
}

void JobBooks::add_power(const ActiveJob& active, double sign) {
  const Pool& pool = fleet_.pools[static_cast<size_t>(active.pool)];
  for (const scheduling::Share& share : active.allocation.shares) {
    const scheduling::Part& part = part_of(active.pool, share);
    const auto chips = static_cast<double>(pool.state.chips_of(share));
    const auto idle = static_cast<double>(active.idle_domains(share.part) * part.chips_per_domain);
    const double on = active.on(part.site) ? chips - idle : 0.0;  // others wait
    const double watts = on * active.busy_w_per_chip();
    SiteMeter& site = fleet_.sites[static_cast<size_t>(part.site)];
    site.add_it_power(clock_.now(), sign * watts);
    site.add_held_up(sign * (chips * active.most_w_per_chip() - watts));
    use_[static_cast<size_t>(part.cluster)].watts += sign * watts;
  }
}

// Counts the chips of a job in or out of its clusters.
void JobBooks::hold(const ActiveJob& active, double sign) {
  const Pool& pool = fleet_.pools[static_cast<size_t>(active.pool)];
  for (const scheduling::Share& share : active.allocation.shares) {
    ClusterUse& use = use_[static_cast<size_t>(part_of(active.pool, share).cluster)];
    const auto chips = static_cast<double>(pool.state.chips_of(share));
    use.chips += sign * chips;
    use.open_since += sign * chips * active.segment_start_s;
  }
}

void JobBooks::take(const ActiveJob& active) {
  if (active.segment_start_s <= active.start_s && active.resizes == 0) {  // for the first time
    const scheduling::Part& first = part_of(active.pool, active.allocation.shares.front());
    ++use_[static_cast<size_t>(first.cluster)].started;
  }
  hold(active, 1.0);
  add_power(active, 1.0);
}

void JobBooks::give_back(const ActiveJob& active) {
  hold(active, -1.0);
  add_power(active, -1.0);
}

void JobBooks::change_step(ActiveJob& active, double step_s) {
  change(active, [&](ActiveJob& a) { a.step_s = step_s; });
}

void JobBooks::close_segment(ActiveJob& active, record::EndReason reason) {
  const double now = clock_.now();
  const double from = active.segment_start_s;
  const Pool& pool = fleet_.pools[static_cast<size_t>(active.pool)];
  const auto& platform = scenario_.platform;
  const double seconds = now - from;
  const double idle_w = active.work.total_w_per_chip - active.work.busy_w_per_chip;
  const double busy_w = idle_w + active.busy_w_per_chip();
  std::int64_t domains = 0;
  double job_w = 0.0, chips_on = 0.0, held = 0.0;
  for (const scheduling::Share& share : active.allocation.shares) {
    const scheduling::Part& part = part_of(active.pool, share);
    const auto chips = static_cast<double>(pool.state.chips_of(share));
    const SiteMeter& site = fleet_.sites[static_cast<size_t>(part.site)];
    const SiteMeter::PerWatt before = site.per_watt_until(from);
    const SiteMeter::PerWatt after = site.per_watt_until(now);
    const auto idle = static_cast<double>(active.idle_domains(share.part) * part.chips_per_domain);
    const double on = active.on(part.site) ? chips - idle : 0.0;
    const double watts = on * busy_w + (chips - on) * idle_w;
    job_w += watts;
    chips_on += on;
    held += chips;
    active.energy_j += watts * seconds;
    active.carbon_g += watts * (after.carbon_g - before.carbon_g);
    active.cost_usd +=
        chips * seconds * platform.accelerator_of(platform.clusters[{part.cluster}]).price.value;
    domains += share.whole_domains + (share.shared_chips > 0 ? 1 : 0);
    ClusterUse& use = use_[static_cast<size_t>(part.cluster)];
    use.chip_seconds += chips * seconds;
    use.open_since += chips * seconds;
  }
  counts.chip_seconds += held * seconds;
  if (active.chips >= kLargeJobChips) counts.large_chip_seconds += held * seconds;
  const double still_s = std::min(seconds, active.restart_left_s);
  counts.restart_chip_seconds += held * still_s;
  counts.degraded_chip_seconds +=
      (held - active.chips * active.batch_share / active.slow) * (seconds - still_s);
  const double steps_left = active.steps_left;
  active.work_on(seconds);
  if (scenario_.recording.segments) {
    const scheduling::Part& first = part_of(active.pool, active.allocation.shares.front());
    record::SegmentRow row;
    row.job = active.job;
    row.site = first.site;
    row.cluster = first.cluster;
    row.domains = static_cast<std::int32_t>(domains);
    row.chips = static_cast<std::int64_t>(held);
    row.start_s = from;
    row.end_s = now;
    row.step_s = active.step_s;
    row.batch_share = active.batch_share;
    row.steps = steps_left - active.steps_left;
    row.mfu = active.work.mfu * active.work.step_s / active.step_s * active.batch_share *
              active.chips / chips_on;
    row.power_w = job_w;
    row.end_reason = reason;
    row.bound_by = active.step_s > active.compute_s() ? Bound::kNetwork : active.work.bound;
    journal_.trace().add(row);
  }
  active.segment_start_s = now;
}

void JobBooks::blame(std::int32_t job, record::FaultCause cause, double chip_s) {
  lost_chip_s_[cause] += chip_s;
  if (chip_s > 0.0) journal_.trace().add(record::LossRow{clock_.now(), job, cause, chip_s});
}

void JobBooks::count_move(std::int32_t job) {
  ++counts.moved;
  ++moves_[job].times;
}

void JobBooks::count_arrival(std::int32_t job, double wan_bytes) {
  counts.moved_bytes += wan_bytes;
  moves_[job].wan_bytes += wan_bytes;
}

// What every row says, of a job that ran and of one that did not.
record::JobRow JobBooks::row_of(std::int32_t id, const model::Job& job, JobState state) const {
  record::JobRow row;
  row.id = id;
  row.name = job.name;
  row.kind = static_cast<std::int8_t>(job.kind);
  row.stream = job.stream;
  row.model = job.model.index;
  row.submit_s = job.submit_s;
  row.chips = static_cast<std::int64_t>(job.chips);
  row.state = state;
  row.start_s = row.end_s = row.ettr = std::nan("");
  const double deadline_s = deadline_of(scenario_, job);
  row.deadline_s = std::isinf(deadline_s) ? std::nan("") : deadline_s;
  if (const auto at = moves_.find(id); at != moves_.end()) {
    row.moves = at->second.times;
    row.moved_bytes = at->second.wan_bytes;
  }
  return row;
}

void JobBooks::add_row(const record::JobRow& row) {
  const bool open = row.state == JobState::kRunning || row.state == JobState::kWaiting;
  if (row.state == JobState::kCompleted && row.end_s <= row.deadline_s + kRounding_s) {
    ++counts.deadlines_met;
  } else if (!std::isnan(row.deadline_s) && (!open || row.deadline_s < clock_.now())) {
    ++counts.deadlines_missed;
  }
  journal_.trace().add(row);
}

void JobBooks::write_row(const ActiveJob& active, const model::Job& job, JobState state,
                         double end_s) {
  record::JobRow row = row_of(active.job, job, state);
  const scheduling::Part& first = part_of(active.pool, active.allocation.shares.front());
  row.cluster = first.cluster;
  row.site = first.site;
  row.chips = active.sizes != nullptr ? active.sizes->sizes[active.sizes->asked].chips
                                      : static_cast<std::int64_t>(active.work.chips);
  row.start_s = active.start_s;
  row.end_s = end_s;
  row.wait_s = active.start_s - job.submit_s;
  row.waited_for = active.waited_for;
  // The work of a job that was killed or failed is lost: nothing saved it.
  const bool lost = state == JobState::kKilled || state == JobState::kFailed;
  row.asked_steps = active.work.steps;
  row.left_steps = active.steps_left;
  row.redone_steps = active.lost_steps;
  (lost ? row.lost_steps : row.steps) = active.work.steps - active.steps_left;
  row.tokens = row.steps * active.work.tokens_per_step;
  row.lost_tokens = (row.lost_steps + row.redone_steps) * active.work.tokens_per_step;
  row.energy_j = active.energy_j;
  row.carbon_g = active.carbon_g;
  row.cost_usd = active.cost_usd;
  row.lost_s = active.lost_s;
  if (lost) row.lost_s += active.kept_s + active.worked_s;
  row.restart_s = active.restart_s;
  row.interruptions = active.interruptions;
  row.degradations = active.degradations;
  const double since_s = (std::isnan(end_s) ? clock_.now() : end_s) - active.start_s;
  row.ettr = lost || since_s <= 0.0 ? 0.0 : (active.kept_useful_s + active.useful_s) / since_s;
  row.resizes = active.resizes;
  add_row(row);
}

void JobBooks::write_row(std::int32_t id, const model::Job& job, std::int32_t pool, JobState state,
                         Bound waited_for, double asked_steps) {
  record::JobRow row = row_of(id, job, state);
  if (pool >= 0) {
    const scheduling::Part& first = fleet_.pools[static_cast<size_t>(pool)].state.parts.front();
    row.cluster = first.cluster;
    row.site = first.site;
  }
  row.waited_for = waited_for;
  row.asked_steps = row.left_steps = asked_steps;
  row.wait_s = clock_.now() - job.submit_s;
  add_row(row);
}

}  // namespace busbar::engine
