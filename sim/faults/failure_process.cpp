#include "sim/faults/failure_process.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "sim/base/error.h"

namespace busbar::faults {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

}  // namespace

FailureProcess::FailureProcess(const model::FailureModel& failures, const Population& population,
                               const base::RandomStreams& streams, const std::string& entity,
                               base::Seconds start)
    : failures_(failures),
      population_(population),
      times_(streams.get("faults/times", entity)),
      modes_(streams.get("faults/modes", entity)),
      units_(streams.get("faults/units", entity)),
      sizes_(streams.get("faults/burst-sizes", entity)),
      delays_(streams.get("faults/burst-delays", entity)),
      drift_(streams.get("faults/drift", entity)) {
  weigh_modes();
  for (size_t i = 0; i < failures_.modes.size(); ++i) {
    const model::FailureMode& mode = failures_.modes[i];
    if (mode.shape == 1.0 || mode.rate.value <= 0.0) continue;
    ageing_.push_back(
        {i, AgeingUnits(mode.rate, mode.shape, streams.get("faults/ageing/" + mode.name, entity))});
    ageing_.back().units.add(population_[mode.per], start.value, start.value);
  }
  drift_phase_s_ = drift_.uniform() * failures_.drift.period.value;
  next_burst_s_ = burst_after(start.value);
}

void FailureProcess::weigh_modes() {
  cumulative_.clear();
  double sum = 0.0;
  for (const model::FailureMode& mode : failures_.modes) {
    if (mode.shape == 1.0) sum += rate_of(mode, population_).value;
    cumulative_.push_back(sum);
  }
  burst_rate_ = sum / failures_.bursts.mean_size;
}

// One draw for each period from the first on, so that no start shifts the others' factors. Periods
// are asked for in order.
double FailureProcess::drift_factor(std::int64_t period) {
  for (; drift_drawn_ <= period; ++drift_drawn_) {
    drift_factor_ = base::gamma_quantile(failures_.drift.variation, drift_.uniform());
  }
  return drift_factor_;
}

// The burst rate is constant within a period of the drift: spend one exponential draw along them.
double FailureProcess::burst_after(double from_s) {
  if (burst_rate_ <= 0.0) return kNever;
  double left = times_.exponential(1.0);
  const double period_s = failures_.drift.period.value;
  if (failures_.drift.variation <= 0.0) return from_s + left / burst_rate_;
  for (auto period = static_cast<std::int64_t>((from_s + drift_phase_s_) / period_s);; ++period) {
    const double rate = burst_rate_ * drift_factor(period);
    const double end_s = static_cast<double>(period + 1) * period_s - drift_phase_s_;
    if (left <= rate * (end_s - from_s)) return from_s + left / rate;
    left -= rate * (end_s - from_s);
    from_s = end_s;
  }
}

size_t FailureProcess::pick_mode(double u) const {
  const auto found =
      std::upper_bound(cumulative_.begin(), cumulative_.end(), u * cumulative_.back());
  return std::min(static_cast<size_t>(found - cumulative_.begin()), cumulative_.size() - 1);
}

// One cause hits distinct units: consecutive ones of a group if the burst stays within one, else
// any. Members beyond the units that there are do not happen.
void FailureProcess::draw_burst(double at_s) {
  const size_t mode_index = pick_mode(modes_.uniform());
  const model::FailureMode& mode = failures_.modes[mode_index];
  const model::Bursts& bursts = failures_.bursts;
  const std::int64_t units = population_[mode.per];
  const UnitPicker picker(units, mode.lemon_share, mode.lemon_factor);
  std::int64_t size = 1;
  if (bursts.mean_size > 1.0) {  // geometric on 1, 2, …
    size +=
        static_cast<std::int64_t>(std::log(sizes_.uniform()) / std::log1p(-1.0 / bursts.mean_size));
  }
  std::int64_t first = 0, group = units;
  if (const std::int64_t groups = population_[bursts.within];
      size > 1 && groups > 1 && groups < units) {
    group = units / groups;
    first = picker.pick(units_.uniform()) / group * group;
    group = std::min(group, units - first);
  }
  std::set<std::int64_t> hit;
  for (size = std::min(size, group); size > 0; --size) {
    std::int64_t unit =
        group == units
            ? picker.pick(units_.uniform())
            : first +
                  std::min(static_cast<std::int64_t>(units_.uniform() * static_cast<double>(group)),
                           group - 1);
    // Already hit: its next neighbour that is not.
    while (!hit.insert(unit).second) unit = first + (unit - first + 1) % group;
    double delay_s = 0.0;
    if (bursts.together < 1.0) {
      const double u = delays_.uniform();
      if (u >= bursts.together) {
        delay_s =
            -bursts.spread.value * std::log1p(-(u - bursts.together) / (1.0 - bursts.together));
      }
    }
    pending_.push({{at_s + delay_s, mode_index, unit, bursts_}, at_s});
  }
  ++bursts_;
}

// Draws bursts until no later one can precede the first pending failure.
void FailureProcess::fill() {
  while (next_burst_s_ < kNever &&
         (pending_.empty() || next_burst_s_ <= pending_.top().failure.time_s)) {
    const double at_s = next_burst_s_;
    draw_burst(at_s);
    next_burst_s_ = burst_after(at_s);
  }
}

std::optional<Failure> FailureProcess::candidate() {
  fill();
  std::optional<Failure> first;
  if (!pending_.empty()) first = pending_.top().failure;
  for (const Ageing& ageing : ageing_) {
    const double at_s = ageing.units.next_s();
    if (at_s < kNever && (!first || at_s < first->time_s)) first = {at_s, ageing.mode, -1, -1};
  }
  return first;
}

double FailureProcess::next_s() {
  const auto next = candidate();
  return next ? next->time_s : kNever;
}

Failure FailureProcess::pop() {
  auto next = candidate();
  base::ensure(next.has_value(), "a failure where nothing can fail");
  if (next->burst >= 0) {
    pending_.pop();
    return *next;
  }
  for (Ageing& ageing : ageing_) {
    if (ageing.mode == next->mode) next->unit = ageing.units.pop();
  }
  return *next;
}

void FailureProcess::resize(const Population& population, base::Seconds now) {
  for (Ageing& ageing : ageing_) {
    const model::FailureMode& mode = failures_.modes[ageing.mode];
    const std::int64_t more = population[mode.per] - population_[mode.per];
    if (more > 0) ageing.units.add(more, now.value, now.value);
    if (more < 0) ageing.units.keep(population[mode.per], now.value);
  }
  population_ = population;
  weigh_modes();
  // Memoryless: bursts that were drawn for later are drawn again at the new rate; those that have
  // begun go on with the units that are left.
  std::priority_queue<Pending, std::vector<Pending>, Later> kept;
  for (; !pending_.empty(); pending_.pop()) {
    const Pending& pending = pending_.top();
    const Failure& failure = pending.failure;
    if (pending.burst_s <= now.value &&
        failure.unit < population_[failures_.modes[failure.mode].per]) {
      kept.push(pending);
    }
  }
  pending_ = std::move(kept);
  next_burst_s_ = burst_after(now.value);
}

TakenOut taken_out(const model::FailureMode& mode, const Population& population,
                   std::int64_t unit) {
  const std::int64_t failing = population[mode.per];
  const std::int64_t taken = population[mode.takes];
  TakenOut out{mode.takes, 0, 0};
  if (mode.takes == model::FailureUnit::kJob || failing == 0 || taken == 0) return out;
  // Units first / failing to (first + 1) / failing of the way through the population.
  out.first = std::min(unit * taken / failing, taken - 1);
  const std::int64_t end = (unit + 1) * taken / failing;
  out.count = std::max<std::int64_t>(end - out.first, 1);
  return out;
}

base::Seconds repair_time(const model::FailureMode& mode, base::RandomStream& draws) {
  return mode.repair.median * std::exp(mode.repair.sigma * draws.normal());
}

}  // namespace busbar::faults
