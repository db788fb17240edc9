#include "sim/scheduling/size_choice.h"

#include <algorithm>
#include <numeric>

#include "sim/base/error.h"

namespace busbar::scheduling {
namespace {

using Sizes = std::vector<SizeValue>;

// A climb of one job from one corner of its hull to the next.
struct Step {
  double per_chip = 0.0;
  size_t job = 0, from = 0, to = 0;
};

double per_chip(const Sizes& sizes, size_t from, size_t to) {
  return (sizes[to].value - sizes[from].value) /
         static_cast<double>(sizes[to].chips - sizes[from].chips);
}

// From each corner the steepest climb, of equal ones the longest: so steps get ever flatter.
void add_steps(const Sizes& sizes, size_t job, std::vector<Step>& steps) {
  for (size_t from = 0; from < sizes.size();) {
    Step best{0.0, job, from, from};
    for (size_t to = from + 1; to < sizes.size(); ++to) {
      const double slope = per_chip(sizes, from, to);
      if (slope > 0.0 && slope >= best.per_chip) best = {slope, job, from, to};
    }
    if (best.to == from) return;
    steps.push_back(best);
    from = best.to;
  }
}

// Up to so many sizes times units of chips the optimum takes a few milliseconds.
constexpr double kCheap = 4e6;

// All chips above the least sizes, in units that every step between sizes is a multiple of.
struct Units {
  std::int64_t size = 0;  // chips
  std::int64_t spare = 0;
  size_t choices = 0;
};
Units units_of(std::span<const Sizes> jobs, std::int64_t chips) {
  Units units;
  std::int64_t wanted = 0;
  for (const Sizes& sizes : jobs) {
    units.choices += sizes.size();
    chips -= sizes.front().chips;
    wanted += sizes.back().chips - sizes.front().chips;
    for (const SizeValue& size : sizes) {
      units.size = std::gcd(units.size, size.chips - sizes.front().chips);
    }
  }
  base::ensure(chips >= 0, "the least sizes of elastic jobs do not fit together");
  if (units.size > 0) units.spare = std::min(chips, wanted) / units.size;
  return units;
}

// best[u]: what the jobs so far are worth with u units above their least sizes.
std::vector<size_t> optimum(std::span<const Sizes> jobs, const Units& units) {
  const auto width = static_cast<size_t>(units.spare) + 1;
  std::vector<double> best(width, 0.0), next(width);
  std::vector<std::vector<std::uint32_t>> choice(jobs.size(), std::vector<std::uint32_t>(width));
  const auto above = [&](size_t job, size_t size) {
    return static_cast<size_t>((jobs[job][size].chips - jobs[job].front().chips) / units.size);
  };
  for (size_t job = 0; job < jobs.size(); ++job) {
    for (size_t u = 0; u < width; ++u) next[u] = best[u] + jobs[job].front().value;
    for (size_t size = 1; size < jobs[job].size(); ++size) {
      const double value = jobs[job][size].value;
      for (size_t u = above(job, size), left = 0; u < width; ++u, ++left) {
        if (best[left] + value <= next[u]) continue;
        next[u] = best[left] + value;
        choice[job][u] = static_cast<std::uint32_t>(size);
      }
    }
    best.swap(next);
  }
  std::vector<size_t> chosen(jobs.size());
  size_t u = width - 1;
  for (size_t job = jobs.size(); job-- > 0;) {
    chosen[job] = choice[job][u];
    u -= above(job, chosen[job]);
  }
  return chosen;
}

}  // namespace

std::vector<size_t> choose_sizes(std::span<const Sizes> jobs, std::int64_t chips) {
  const Units units = units_of(jobs, chips);
  if (units.spare == 0) return std::vector<size_t>(jobs.size(), 0);
  const double work = static_cast<double>(units.choices) * static_cast<double>(units.spare);
  return work <= kCheap ? optimum(jobs, units) : climb(jobs, chips);
}

std::vector<size_t> climb(std::span<const Sizes> jobs, std::int64_t chips) {
  std::vector<size_t> chosen(jobs.size(), 0);
  std::vector<Step> steps;
  for (size_t job = 0; job < jobs.size(); ++job) {
    chips -= jobs[job].front().chips;
    add_steps(jobs[job], job, steps);
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step& a, const Step& b) { return a.per_chip > b.per_chip; });
  for (const Step& step : steps) {
    const Sizes& sizes = jobs[step.job];
    const std::int64_t more = sizes[step.to].chips - sizes[step.from].chips;
    if (chosen[step.job] != step.from || more > chips) continue;
    chosen[step.job] = step.to;
    chips -= more;
  }
  while (chips > 0) {
    double most = 0.0;
    size_t job = 0, size = 0;
    for (size_t i = 0; i < jobs.size(); ++i) {
      const SizeValue& now = jobs[i][chosen[i]];
      for (size_t to = chosen[i] + 1; to < jobs[i].size(); ++to) {
        const SizeValue& then = jobs[i][to];
        if (then.chips - now.chips > chips || then.value - now.value <= most) continue;
        most = then.value - now.value;
        job = i;
        size = to;
      }
    }
    if (most <= 0.0) break;
    chips -= jobs[job][size].chips - jobs[job][chosen[job]].chips;
    chosen[job] = size;
  }
  return chosen;
}

double worth(std::span<const Sizes> jobs, std::span<const size_t> chosen) {
  double sum = 0.0;
  for (size_t i = 0; i < jobs.size(); ++i) sum += jobs[i][chosen[i]].value;
  return sum;
}

}  // namespace busbar::scheduling
