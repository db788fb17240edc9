#include "workloads/generator/arrivals.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "sim/base/calendar.h"

namespace busbar::generator {
namespace {

constexpr double kStep_s = 900.0;  // the rate hardly changes within a quarter of an hour

}  // namespace

CumulativeRate::CumulativeRate(const model::Arrivals& a, double start_unix_s, double horizon_s) {
  const auto steps = static_cast<size_t>(std::max(1.0, std::ceil(horizon_s / kStep_s)));
  step_s_ = horizon_s / static_cast<double>(steps);
  until_.assign(steps + 1, 0.0);
  // Five days at the weekday rate and two at the weekend's have a mean of one.
  const double weekday = 7.0 / (5.0 + 2.0 * a.weekend_factor);
  for (size_t i = 0; i < steps; ++i) {
    const double t = (static_cast<double>(i) + 0.5) * step_s_;
    const double unix_s = start_unix_s + t;
    const double day =
        1.0 + a.daily_amplitude * std::cos(2.0 * std::numbers::pi *
                                           (base::hour_of_day(unix_s) - a.peak_hour_utc) / 24.0);
    const double week = weekday * (base::day_of_week(unix_s) >= 5 ? a.weekend_factor : 1.0);
    const double growth = std::pow(a.growth_per_year, t / base::kYear);
    until_[i + 1] = until_[i] + a.rate.value * day * week * growth * step_s_;
  }
}

double CumulativeRate::until(double time_s) const {
  const double at = std::clamp(time_s / step_s_, 0.0, static_cast<double>(until_.size() - 1));
  const size_t i = std::min(static_cast<size_t>(at), until_.size() - 2);
  return until_[i] + (at - static_cast<double>(i)) * (until_[i + 1] - until_[i]);
}

double CumulativeRate::time_of(double count) const {
  const auto next = std::upper_bound(until_.begin(), until_.end(), count);
  const auto i = static_cast<size_t>(next - until_.begin()) - 1;
  const double width = until_[i + 1] - until_[i];
  return (static_cast<double>(i) + (count - until_[i]) / width) * step_s_;
}

std::vector<double> Poisson::draw(const model::Arrivals& arrivals, double start_unix_s,
                                  double horizon_s, base::RandomStream& random) const {
  const CumulativeRate rate(arrivals, start_unix_s, horizon_s);
  std::vector<double> times;
  for (double count = random.exponential(1.0); count < rate.total();
       count += random.exponential(1.0)) {
    times.push_back(rate.time_of(count));
  }
  return times;
}

std::vector<double> Gamma::draw(const model::Arrivals& arrivals, double start_unix_s,
                                double horizon_s, base::RandomStream& random) const {
  const CumulativeRate rate(arrivals, start_unix_s, horizon_s);
  std::vector<double> times;
  const auto gap = [&] { return base::gamma_quantile(arrivals.gap_cv, random.uniform()); };
  for (double count = gap(); count < rate.total(); count += gap()) {
    times.push_back(rate.time_of(count));
  }
  return times;
}

std::vector<double> Mmpp::draw(const model::Arrivals& arrivals, double start_unix_s,
                               double horizon_s, base::RandomStream& random) const {
  const CumulativeRate rate(arrivals, start_unix_s, horizon_s);
  const double burst_s = arrivals.burst_time.value, calm_s = arrivals.calm_time.value;
  const double in_burst = burst_s / (burst_s + calm_s);  // share of time
  const double calm_rate = 1.0 / (1.0 - in_burst + arrivals.burst_factor * in_burst);
  std::vector<double> times;
  bool burst = random.uniform() < in_burst;
  double from_s = 0.0;
  double left = random.exponential(1.0);  // of the gap under way, in expected arrivals
  while (from_s < horizon_s) {
    const double until_s =
        std::min(horizon_s, from_s + random.exponential(burst ? burst_s : calm_s));
    const double relative = burst ? arrivals.burst_factor * calm_rate : calm_rate;
    double count = rate.until(from_s);
    const double last = rate.until(until_s);
    for (; left < (last - count) * relative; left = random.exponential(1.0)) {
      count += left / relative;
      times.push_back(rate.time_of(count));
    }
    left -= (last - count) * relative;
    from_s = until_s;
    burst = !burst;
  }
  return times;
}

std::vector<double> Regular::draw(const model::Arrivals& arrivals, double start_unix_s,
                                  double horizon_s, base::RandomStream&) const {
  const CumulativeRate rate(arrivals, start_unix_s, horizon_s);
  std::vector<double> times;
  for (double count = 0.5; count < rate.total(); count += 1.0) times.push_back(rate.time_of(count));
  return times;
}

}  // namespace busbar::generator
