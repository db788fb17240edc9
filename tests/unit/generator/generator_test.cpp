#include "workloads/generator/generator.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "sim/base/calendar.h"
#include "workloads/generator/arrivals.h"

namespace busbar::generator {
namespace {

constexpr double kWeek_s = 7 * 86400.0;

std::vector<double> draw(const model::Arrivals& arrivals, double horizon_s, std::uint64_t key = 1) {
  base::RandomStream random(key);
  return Poisson().draw(arrivals, *base::parse_date("2026-01-05"), horizon_s, random);  // a Monday
}

struct Gaps {
  double mean, variation;  // coefficient of variation
};
Gaps gaps_of(const std::vector<double>& times) {
  double sum = 0.0, squares = 0.0;
  for (size_t i = 1; i < times.size(); ++i) {
    const double gap = times[i] - times[i - 1];
    sum += gap;
    squares += gap * gap;
  }
  const double n = static_cast<double>(times.size() - 1), mean = sum / n;
  return {mean, std::sqrt(squares / n - mean * mean) / mean};
}

// 100 jobs an hour over four weeks: 67,200 expected, standard deviation 259.
TEST(Poisson, KeepsTheMeanRate) {
  model::Arrivals a;
  a.rate = base::Hertz{100.0 / 3600.0};
  EXPECT_NEAR(static_cast<double>(draw(a, 4 * kWeek_s).size()), 67200.0, 4 * 259.0);
  // Day and week move jobs around; the mean over a week stays.
  a.daily_amplitude = 0.6;
  a.weekend_factor = 0.3;
  EXPECT_NEAR(static_cast<double>(draw(a, 4 * kWeek_s).size()), 67200.0, 4 * 259.0);
}

TEST(Poisson, GapsAreExponential) {
  model::Arrivals a;
  a.rate = base::Hertz{1.0 / 60.0};
  const Gaps gaps = gaps_of(draw(a, 40 * kWeek_s));
  EXPECT_NEAR(gaps.mean, 60.0, 0.5);
  EXPECT_NEAR(gaps.variation, 1.0, 0.02);
}

// A weekend day has 30 % of a weekday's jobs; the peak hour has (1 + a)/(1 - a) times the trough's.
TEST(Poisson, FollowsDayAndWeek) {
  model::Arrivals a;
  a.rate = base::Hertz{1.0 / 10.0};
  a.daily_amplitude = 0.5;
  a.peak_hour_utc = 14.0;
  a.weekend_factor = 0.3;
  std::vector<double> by_day(7, 0.0), by_hour(24, 0.0);
  for (const double t : draw(a, 20 * kWeek_s)) {
    by_day[static_cast<size_t>(std::fmod(t, kWeek_s) / 86400.0)] += 1.0;
    by_hour[static_cast<size_t>(std::fmod(t, 86400.0) / 3600.0)] += 1.0;
  }
  EXPECT_NEAR(by_day[5] / by_day[2], 0.3, 0.01);
  EXPECT_NEAR((by_hour[13] + by_hour[14]) / (by_hour[1] + by_hour[2]), 3.0, 0.1);
}

// Sevenfold in a year: the last day has about seven times the first day's jobs.
TEST(Poisson, Grows) {
  model::Arrivals a;
  a.rate = base::Hertz{1.0 / 20.0};
  a.growth_per_year = 7.0;
  const double year_s = 365.25 * 86400.0;
  const auto times = draw(a, year_s);
  const auto within = [&](double from, double to) {
    return static_cast<double>(
        std::count_if(times.begin(), times.end(), [&](double t) { return t >= from && t < to; }));
  };
  const double month = 30 * 86400.0;
  const double expected = std::pow(7.0, (year_s - month) / year_s);
  EXPECT_NEAR(within(year_s - month, year_s) / within(0.0, month), expected, 0.05 * expected);
}

TEST(Gamma, KeepsTheRateAndItsSpread) {
  for (const double cv : {0.4, 1.0, 3.0}) {
    model::Arrivals a;
    a.rate = base::Hertz{1.0 / 60.0};
    a.gap_cv = cv;
    base::RandomStream random(3);
    const auto times = Gamma().draw(a, 0.0, 40 * kWeek_s, random);
    const double expected = 40 * kWeek_s / 60.0;
    EXPECT_NEAR(static_cast<double>(times.size()), expected, 4.0 * cv * std::sqrt(expected));
    EXPECT_NEAR(gaps_of(times).variation, cv, 0.03 * cv);
    EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  }
}

TEST(Mmpp, KeepsTheRateAndBursts) {
  model::Arrivals a;
  a.rate = base::Hertz{1.0 / 30.0};
  a.burst_factor = 10.0;
  a.burst_time = base::Seconds{1800.0};
  a.calm_time = base::Seconds{5400.0};
  base::RandomStream random(5);
  const auto times = Mmpp().draw(a, 0.0, 100 * kWeek_s, random);
  const double expected = 100 * kWeek_s / 30.0;
  EXPECT_NEAR(static_cast<double>(times.size()), expected, 0.03 * expected);
  EXPECT_GT(gaps_of(times).variation, 1.5);
  // One state only is Poisson.
  a.burst_factor = 1.0;
  EXPECT_NEAR(gaps_of(Mmpp().draw(a, 0.0, 100 * kWeek_s, random)).variation, 1.0, 0.02);
}

TEST(Regular, IsEvenlySpaced) {
  model::Arrivals a;
  a.rate = base::Hertz{0.1};
  base::RandomStream random(1);
  const auto times = Regular().draw(a, 0.0, 100.0, random);
  ASSERT_EQ(times.size(), 10u);
  for (size_t i = 0; i < times.size(); ++i) {
    EXPECT_NEAR(times[i], 5.0 + 10.0 * static_cast<double>(i), 1e-6);
  }
  EXPECT_EQ(random.drawn(), 0u);
}

TEST(Quantile, MediansAndBounds) {
  using model::DistributionKind;
  model::Distribution d{.kind = DistributionKind::kLogNormal, .location = 100.0, .spread = 1.0};
  EXPECT_DOUBLE_EQ(quantile(d, 0.5), 100.0);
  EXPECT_NEAR(quantile(d, 0.841344746), 100.0 * std::exp(1.0), 1e-4);
  d.most = 150.0;
  EXPECT_DOUBLE_EQ(quantile(d, 0.99), 150.0);
  const model::Distribution choice{
      .kind = DistributionKind::kChoice, .values = {8, 64}, .weights = {3, 1}};
  EXPECT_DOUBLE_EQ(quantile(choice, 0.74), 8.0);
  EXPECT_DOUBLE_EQ(quantile(choice, 0.76), 64.0);
  const model::Distribution uniform{
      .kind = DistributionKind::kUniform, .location = 2.0, .spread = 6.0};
  EXPECT_DOUBLE_EQ(quantile(uniform, 0.25), 3.0);
}

// Adding a stream shifts nobody else's draws: what-ifs are paired.
TEST(GenerateJobs, StreamsAreIndependent) {
  base::Registry<ArrivalProcess> processes{"arrival process"};
  base::Registry<LogReader> readers{"log format"};
  add_builtin(processes);
  add_builtin(readers);
  const auto jobs_of = [&](const std::vector<std::string>& names) {
    model::Scenario scenario;
    scenario.horizon = base::Seconds{kWeek_s};
    for (const std::string& name : names) {
      model::TrainingStream stream;
      stream.name = name;
      stream.arrivals.process = "poisson";
      stream.arrivals.rate = base::Hertz{1.0 / 600.0};
      stream.chips = {.kind = model::DistributionKind::kUniform, .location = 1, .spread = 99};
      stream.duration_s = {.kind = model::DistributionKind::kExponential, .location = 3600};
      stream.request_factor.location = 1.5;
      scenario.workload.streams.add(stream);
    }
    base::Diagnostics problems;
    return generate_jobs(scenario, base::RandomStreams(7, 0), processes, readers, problems);
  };
  const auto alone = jobs_of({"a"});
  auto together = jobs_of({"b", "a"});
  EXPECT_TRUE(std::is_sorted(together.begin(), together.end(),
                             [](const auto& x, const auto& y) { return x.submit_s < y.submit_s; }));
  std::erase_if(together, [](const model::Job& job) { return job.name.starts_with("b-"); });
  ASSERT_EQ(together.size(), alone.size());
  for (size_t i = 0; i < alone.size(); ++i) {
    EXPECT_EQ(together[i].name, alone[i].name);
    EXPECT_EQ(together[i].submit_s, alone[i].submit_s);
    EXPECT_EQ(together[i].chips, alone[i].chips);
    EXPECT_EQ(together[i].duration_s, alone[i].duration_s);
  }
}

}  // namespace
}  // namespace busbar::generator
