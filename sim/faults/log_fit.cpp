#include "sim/faults/log_fit.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/faults/failure_process.h"

namespace busbar::faults {
namespace {

const std::vector<double> kWindowsDays = {1.0 / 24.0, 0.25, 1.0, 2.0, 7.0, 14.0, 30.0};
constexpr double kDriftPeriodDays = 30.0;
constexpr double kMostLemonFactor = 100.0;  // more cannot be told from never failing
constexpr size_t kFewest = 30;              // faults that make a distribution

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double at = share * static_cast<double>(values.size() - 1);
  const auto low = static_cast<size_t>(at);
  const size_t high = std::min(low + 1, values.size() - 1);
  return values[low] + (at - static_cast<double>(low)) * (values[high] - values[low]);
}

model::RepairTime repair_of(const std::vector<double>& times_s) {
  model::RepairTime repair;
  double sum = 0.0;
  for (const double t : times_s) sum += t;
  const double mean = sum / static_cast<double>(times_s.size());
  const double median = std::max(quantile(times_s, 0.5), 1.0);
  repair.median = base::Seconds{std::min(median, std::max(mean, 1.0))};
  if (mean > median) repair.sigma = std::sqrt(2.0 * std::log(mean / median));
  return repair;
}

model::ComponentKind kind_of(const std::string& cause) {
  using enum model::ComponentKind;
  static const std::map<std::string, model::ComponentKind> kKinds = {
      {"GPU", kChip},
      {"NIC", kNic},
      {"Parameter Plane Cable", kCable},
      {"Software Tool", kSoftwareHang},
      {"System Crash", kSoftwareHang},
      {"Change", kMaintenance}};
  const auto found = kKinds.find(cause);
  return found == kKinds.end() ? kHost : found->second;
}

// Two kinds of servers, each with Poisson counts: expectation maximisation on share and rates.
struct Lemons {
  double share = 0.0, few = 0.0, many = 0.0;  // mean counts of the ordinary ones and the lemons
};

double poisson(double mean, int n) {
  mean = std::max(mean, 1e-9);
  return std::exp(n * std::log(mean) - mean - std::lgamma(n + 1.0));
}

Lemons lemons_of(const std::vector<int>& counts) {
  double mean = 0.0;
  for (const int n : counts) mean += n;
  mean /= static_cast<double>(counts.size());
  Lemons fit{0.1, 0.7 * mean, 3.0 * mean};
  for (int round = 0; round < 2000; ++round) {
    double lemons = 0.0, hits = 0.0, total = 0.0;
    for (const int n : counts) {
      const double a = fit.share * poisson(fit.many, n);
      const double b = (1.0 - fit.share) * poisson(fit.few, n);
      const double p = a / (a + b);
      lemons += p;
      hits += p * n;
      total += n;
    }
    fit.share = lemons / static_cast<double>(counts.size());
    fit.many = hits / lemons;
    fit.few = (total - hits) / (static_cast<double>(counts.size()) - lemons);
  }
  return fit;
}

// Solves three linear equations by elimination with row exchange.
std::array<double, 3> solve(std::array<std::array<double, 4>, 3> a) {
  for (size_t i = 0; i < 3; ++i) {
    size_t best = i;
    for (size_t r = i + 1; r < 3; ++r) {
      if (std::abs(a[r][i]) > std::abs(a[best][i])) best = r;
    }
    std::swap(a[i], a[best]);
    for (size_t r = 0; r < 3; ++r) {
      if (r == i) continue;
      const double k = a[r][i] / a[i][i];
      for (size_t c = i; c < 4; ++c) a[r][c] -= k * a[i][c];
    }
  }
  return {a[0][3] / a[0][0], a[1][3] / a[1][1], a[2][3] / a[2][2]};
}

// How far members at random delays are within one window of each other.
double spread_share(double windows) {
  return windows > 1e-9 ? 1.0 + std::expm1(-windows) / windows : 0.0;
}

double drift_share(double window_days, double period_days) {
  return window_days * (1.0 - window_days / (3.0 * period_days));
}

// Dispersion - 1 is linear in 2(m-1)z^2, 2(m-1)(1-z^2) and v for each spread: least squares of
// relative errors, each weighed by its number of windows; the spread by search up to a day: what is
// slower is drift.
void fit_bursts(const Arrivals& logged, double per_day, model::FailureModel& failures) {
  double least = 1e300;
  for (double spread_days = 0.05; spread_days < 1.0; spread_days *= 1.1) {
    std::array<std::array<double, 4>, 3> normal{};
    const auto terms = [&](double window) {
      return std::array<double, 3>{1.0, spread_share(window / spread_days),
                                   per_day * drift_share(window, kDriftPeriodDays)};
    };
    for (const auto& [window, dispersion] : logged.dispersion) {
      const auto x = terms(window);
      const double weight = 1.0 / (window * dispersion * dispersion);
      for (size_t i = 0; i < 3; ++i) {
        for (size_t j = 0; j < 3; ++j) normal[i][j] += weight * x[i] * x[j];
        normal[i][3] += weight * x[i] * (dispersion - 1.0);
      }
    }
    const auto [instant, later, drift] = solve(normal);
    // A log too regular for bursts or drift gives none, or equations without an answer.
    if (!(instant >= 0.0 && later >= 0.0 && drift >= 0.0)) continue;
    double error = 0.0;
    for (const auto& [window, dispersion] : logged.dispersion) {
      const auto x = terms(window);
      const double relative =
          (1.0 + instant * x[0] + later * x[1] + drift * x[2]) / dispersion - 1.0;
      error += relative * relative / window;
    }
    if (!(error < least)) continue;
    least = error;
    failures.bursts.mean_size = 1.0 + 0.5 * (instant + later);
    failures.bursts.together = instant + later > 0.0 ? std::sqrt(instant / (instant + later)) : 1.0;
    failures.bursts.spread = base::Seconds{spread_days * base::kDay};
    failures.drift = {std::sqrt(drift), base::Seconds{kDriftPeriodDays * base::kDay}};
  }
}

}  // namespace

double dispersion_of(const model::Bursts& bursts, const model::RateDrift& drift, base::Hertz rate,
                     base::Seconds window) {
  const double at_once = bursts.together * bursts.together;
  const double later =
      bursts.spread.value > 0.0 ? spread_share(window.value / bursts.spread.value) : 1.0;
  const double slow = drift.variation > 0.0 ? rate.value * drift.variation * drift.variation *
                                                  drift_share(window.value, drift.period.value)
                                            : 0.0;
  return 1.0 + 2.0 * (bursts.mean_size - 1.0) * (at_once + (1.0 - at_once) * later) + slow;
}

LogFit fit(const FaultLog& log, int servers) {
  LogFit result;
  result.failures.name = "fitted";
  result.failures.counts = "servers taken out of service";
  std::map<std::string, std::vector<double>> by_cause;
  std::vector<double> all_s;
  std::vector<int> counts(static_cast<size_t>(servers), 0);
  for (const LoggedFault& f : log.faults) {
    by_cause[f.cause].push_back(f.end_s - f.start_s);
    all_s.push_back(f.end_s - f.start_s);
    ++counts.at(static_cast<size_t>(f.server));
  }
  const double exposure_s = servers * log.span_s;
  const bool enough = log.faults.size() >= kFewest;
  Lemons lemons;
  if (enough) lemons = lemons_of(counts);
  for (const auto& [cause, times_s] : by_cause) {
    model::FailureMode mode;
    mode.name = cause;
    mode.kind = kind_of(cause);
    mode.per = mode.takes = model::FailureUnit::kNode;
    mode.rate = base::Hertz{static_cast<double>(times_s.size()) / exposure_s};
    mode.repair = repair_of(times_s);
    mode.planned = mode.kind == model::ComponentKind::kMaintenance;
    mode.lemon_share = lemons.share;
    mode.lemon_factor =
        enough ? std::min(lemons.many / std::max(lemons.few, 1e-9), kMostLemonFactor) : 1.0;
    result.failures.modes.push_back(mode);
  }
  if (!enough) return result;
  const double rate = static_cast<double>(log.faults.size()) / log.span_s;
  result.logged = arrivals_of(log.faults, base::Seconds{log.span_s}, kWindowsDays);
  fit_bursts(result.logged, rate * base::kDay, result.failures);
  for (const auto& [window, dispersion] : result.logged.dispersion) {
    result.fitted_dispersion[window] =
        dispersion_of(result.failures.bursts, result.failures.drift, base::Hertz{rate},
                      base::Seconds{window * base::kDay});
  }
  result.repair_p90_logged_s = quantile(all_s, 0.9);
  const model::RepairTime whole = repair_of(all_s);
  result.repair_p90_fitted_s = whole.median.value * std::exp(whole.sigma * 1.2815515655446004);
  const double mean = static_cast<double>(log.faults.size()) / servers;
  for (const int n : counts) result.servers_without_fault_logged += n == 0 ? 1.0 / servers : 0.0;
  result.servers_without_fault_fitted =
      lemons.share * std::exp(-lemons.many) + (1.0 - lemons.share) * std::exp(-lemons.few);
  result.servers_without_fault_if_equal = std::exp(-mean);
  return result;
}

std::vector<LoggedFault> regenerate(const model::FailureModel& failures, int servers,
                                    base::Seconds span, const base::RandomStreams& streams) {
  Population population;
  population[model::FailureUnit::kNode] = servers;
  population[model::FailureUnit::kCluster] = 1;
  FailureProcess process(failures, population, streams, "log", base::Seconds{0.0});
  base::RandomStream repairs = streams.get("faults/repair", "log");
  std::vector<LoggedFault> faults;
  while (process.next_s() < span.value) {
    const Failure f = process.pop();
    const model::FailureMode& mode = failures.modes[f.mode];
    faults.push_back({static_cast<int>(f.unit), f.time_s,
                      f.time_s + repair_time(mode, repairs).value, mode.name});
  }
  return faults;
}

}  // namespace busbar::faults
