#include "sim/scheduling/shares.h"

#include <coin/Clp_C_Interface.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <tuple>

#include "sim/base/error.h"
#include "sim/scheduling/assignment.h"

namespace busbar::scheduling {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::max();  // as the solver reads it
// By how much, relative, the minimum may give way to the sum.
constexpr double kSlack = 1e-9;

// Jobs that are alike: one of them stands for all.
struct Class {
  size_t job = 0;
  double count = 0.0;
};

std::vector<size_t> classify(const ShareProblem& problem, std::vector<Class>& classes) {
  using Key = std::tuple<std::vector<double>, double, std::vector<double>>;
  std::map<Key, size_t> known;
  std::vector<size_t> of_job;
  for (size_t job = 0; job < problem.chips.size(); ++job) {
    const Key key{problem.chips[job], problem.weights[job], problem.speeds[job]};
    const auto [at, is_new] = known.emplace(key, classes.size());
    if (is_new) classes.push_back({job, 0.0});
    classes[at->second].count += 1.0;
    of_job.push_back(at->second);
  }
  return of_job;
}

double sum_product(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

std::vector<double> equal_share(const ShareProblem& problem, size_t job) {
  const auto jobs = static_cast<double>(problem.chips.size());
  std::vector<double> time;
  double sum = 0.0;
  for (size_t pool = 0; pool < problem.capacity_chips.size(); ++pool) {
    const bool runs = problem.speeds[job][pool] > 0.0;
    time.push_back(runs ? problem.capacity_chips[pool] / (jobs * problem.chips[job][pool]) : 0.0);
    sum += time.back();
  }
  for (double& part : time) part /= std::max(sum, 1.0);
  return time;
}

// The linear program over classes of jobs: columns are the shares of a class in the pools where it
// can run, and last the minimum t. Rows: throughput / equal throughput - weight t >= 0 of each
// class, its time <= 1, the chips of each pool <= 1 in its own unit.
class Program {
 public:
  Program(const ShareProblem& problem, const std::vector<Class>& classes);
  void maximise_least();
  void then_maximise_sum();
  double least() const { return solution()[columns_.size()]; }
  // By class and pool.
  std::vector<std::vector<double>> time() const;

 private:
  struct Column {
    size_t of_class = 0, pool = 0;
    double throughput = 0.0;  // over that of the equal share, if all its time is spent so
  };
  struct Free {
    void operator()(void* model) const { Clp_deleteModel(static_cast<Clp_Simplex*>(model)); }
  };
  Clp_Simplex* model() const { return static_cast<Clp_Simplex*>(model_.get()); }
  const double* solution() const { return Clp_primalColumnSolution(model()); }
  void load();
  void solve();

  const ShareProblem& problem_;
  const std::vector<Class>& classes_;
  std::vector<Column> columns_;
  std::unique_ptr<void, Free> model_{Clp_newModel()};
};

Program::Program(const ShareProblem& problem, const std::vector<Class>& classes)
    : problem_(problem), classes_(classes) {
  for (size_t c = 0; c < classes.size(); ++c) {
    const auto& speeds = problem.speeds[classes[c].job];
    const double equal = sum_product(equal_share(problem, classes[c].job), speeds);
    for (size_t pool = 0; pool < speeds.size(); ++pool) {
      if (speeds[pool] > 0.0) columns_.push_back({c, pool, speeds[pool] / equal});
    }
  }
  load();
}

void Program::load() {
  const auto classes = static_cast<int>(classes_.size());
  const auto pools = static_cast<int>(problem_.capacity_chips.size());
  std::vector<CoinBigIndex> starts;
  std::vector<int> rows;
  std::vector<double> values;
  for (const Column& column : columns_) {
    const auto c = static_cast<int>(column.of_class);
    const Class& these = classes_[column.of_class];
    starts.push_back(static_cast<CoinBigIndex>(rows.size()));
    rows.insert(rows.end(), {c, classes + c, 2 * classes + static_cast<int>(column.pool)});
    const double chips = these.count * problem_.chips[these.job][column.pool];
    values.insert(values.end(),
                  {column.throughput, 1.0, chips / problem_.capacity_chips[column.pool]});
  }
  starts.push_back(static_cast<CoinBigIndex>(rows.size()));
  for (int c = 0; c < classes; ++c) {
    rows.push_back(c);
    values.push_back(-problem_.weights[classes_[static_cast<size_t>(c)].job]);
  }
  starts.push_back(static_cast<CoinBigIndex>(rows.size()));
  const size_t all = columns_.size() + 1;
  const std::vector<double> lower(all, 0.0), upper(all, kInfinite), objective(all, 0.0);
  std::vector<double> least(static_cast<size_t>(2 * classes + pools), -kInfinite);
  std::vector<double> most(least.size(), 1.0);
  std::fill_n(least.begin(), classes, 0.0);
  std::fill_n(most.begin(), classes, kInfinite);
  Clp_setLogLevel(model(), 0);
  Clp_loadProblem(model(), static_cast<int>(all), 2 * classes + pools, starts.data(), rows.data(),
                  values.data(), lower.data(), upper.data(), objective.data(), least.data(),
                  most.data());
  Clp_setObjSense(model(), -1.0);  // the largest
}

void Program::solve() {
  Clp_primal(model(), 0);
  base::ensure(Clp_isProvenOptimal(model()) != 0, "no optimal shares of a fleet were found");
}

void Program::maximise_least() {
  Clp_objective(model())[columns_.size()] = 1.0;
  solve();
}

void Program::then_maximise_sum() {
  Clp_columnLower(model())[columns_.size()] = least() * (1.0 - kSlack);
  double* objective = Clp_objective(model());
  objective[columns_.size()] = 0.0;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Class& these = classes_[columns_[i].of_class];
    objective[i] = these.count * columns_[i].throughput / problem_.weights[these.job];
  }
  solve();
}

std::vector<std::vector<double>> Program::time() const {
  std::vector<std::vector<double>> time(classes_.size(),
                                        std::vector<double>(problem_.capacity_chips.size(), 0.0));
  for (size_t i = 0; i < columns_.size(); ++i) {
    time[columns_[i].of_class][columns_[i].pool] = std::clamp(solution()[i], 0.0, 1.0);
  }
  return time;
}

// Adds what shares of time mean for each job.
Shares with_throughput(const ShareProblem& problem, std::vector<std::vector<double>> time) {
  Shares shares{std::move(time), {}, std::numeric_limits<double>::infinity()};
  for (size_t job = 0; job < problem.chips.size(); ++job) {
    const double equal = sum_product(equal_share(problem, job), problem.speeds[job]);
    shares.throughput.push_back(sum_product(shares.time[job], problem.speeds[job]) / equal);
    shares.least = std::min(shares.least, shares.throughput.back() / problem.weights[job]);
  }
  return shares;
}

}  // namespace

Shares equal_shares(const ShareProblem& problem) {
  std::vector<std::vector<double>> time;
  for (size_t job = 0; job < problem.chips.size(); ++job) time.push_back(equal_share(problem, job));
  return with_throughput(problem, std::move(time));
}

Shares max_min_shares(const ShareProblem& problem) {
  if (problem.chips.empty()) return {};
  std::vector<Class> classes;
  const std::vector<size_t> class_of = classify(problem, classes);
  Program program(problem, classes);
  program.maximise_least();
  program.then_maximise_sum();
  const auto by_class = program.time();
  std::vector<std::vector<double>> time;
  for (const size_t c : class_of) time.push_back(by_class[c]);
  return with_throughput(problem, std::move(time));
}

// ── Rounds ───────────────────────────────────────────────────────────────────────────────────────

namespace {

struct Pair {
  size_t job = 0, pool = 0;
  double priority = 0.0, share = 0.0;
  bool here = false;
  // The first comes first.
  bool operator<(const Pair& other) const {
    return std::tuple{-priority, -share, !here, job, pool} <
           std::tuple{-other.priority, -other.share, !other.here, other.job, other.pool};
  }
};

// By how much the pool where a job runs is preferred, relative.
constexpr double kStay = 1e-6;
constexpr size_t kMostAssigned = 256;

// Gives places to jobs that are behind, so that chips × time behind is large.
void assign_behind(const std::vector<RoundJob>& jobs, double ahead_s,
                   std::vector<double>& capacity_chips, std::vector<int>& places) {
  std::vector<size_t> behind;
  std::vector<std::vector<double>> values;  // chips × time behind, by pool
  for (size_t job = 0; job < jobs.size(); ++job) {
    const RoundJob& j = jobs[job];
    if (j.stays) continue;
    std::vector<double> value(j.shares.size(), 0.0);
    for (size_t pool = 0; pool < value.size(); ++pool) {
      if (j.shares[pool] <= 0.0) continue;
      const double behind_s = j.due_s[pool] + j.shares[pool] * ahead_s - j.received_s[pool];
      const double here = j.pool == static_cast<int>(pool) ? 1.0 + kStay : 1.0;
      value[pool] = std::max(0.0, j.chips[pool] * behind_s * here);
    }
    if (*std::max_element(value.begin(), value.end()) <= 0.0) continue;
    behind.push_back(job);
    values.push_back(std::move(value));
  }
  if (behind.empty() || behind.size() > kMostAssigned) return;
  AssignmentProblem problem;
  for (const double chips : capacity_chips) {
    problem.capacities.push_back(static_cast<std::int64_t>(std::max(0.0, chips)));
  }
  for (size_t i = 0; i < behind.size(); ++i) {
    const double most = *std::max_element(values[i].begin(), values[i].end());
    problem.outside.push_back(most);
    double chips = 1.0;  // in any pool where it may go
    std::vector<double> costs;
    for (size_t pool = 0; pool < values[i].size(); ++pool) {
      const bool goes = values[i][pool] > 0.0;
      costs.push_back(goes ? most - values[i][pool] : std::numeric_limits<double>::infinity());
      if (goes) chips = std::max(chips, jobs[behind[i]].chips[pool]);
    }
    problem.sizes.push_back(static_cast<std::int64_t>(chips));
    problem.costs.push_back(std::move(costs));
  }
  const Assignment assignment = assign(problem);
  for (size_t i = 0; i < behind.size(); ++i) {
    if (assignment.site[i] == Assignment::kOutside) continue;
    const auto pool = static_cast<size_t>(assignment.site[i]);
    places[behind[i]] = assignment.site[i];
    capacity_chips[pool] -= jobs[behind[i]].chips[pool];
  }
}

}  // namespace

std::vector<int> next_round(const std::vector<RoundJob>& jobs, std::vector<double> capacity_chips,
                            double ahead_s) {
  std::vector<int> places(jobs.size(), -1);
  for (size_t job = 0; job < jobs.size(); ++job) {
    if (!jobs[job].stays) continue;
    const auto pool = static_cast<size_t>(jobs[job].pool);
    places[job] = jobs[job].pool;
    capacity_chips[pool] -= jobs[job].chips[pool];
  }
  if (ahead_s > 0.0) assign_behind(jobs, ahead_s, capacity_chips, places);
  std::vector<Pair> pairs;
  for (size_t job = 0; job < jobs.size(); ++job) {
    const RoundJob& j = jobs[job];
    if (places[job] >= 0) continue;
    for (size_t pool = 0; pool < j.shares.size(); ++pool) {
      if (j.shares[pool] <= 0.0) continue;
      const double priority = j.received_s[pool] > 0.0 ? j.due_s[pool] / j.received_s[pool]
                                                       : std::numeric_limits<double>::infinity();
      pairs.push_back({job, pool, priority, j.shares[pool], j.pool == static_cast<int>(pool)});
    }
  }
  std::sort(pairs.begin(), pairs.end());
  for (const Pair& pair : pairs) {
    const double chips = jobs[pair.job].chips[pair.pool];
    if (places[pair.job] >= 0 || chips > capacity_chips[pair.pool]) continue;
    places[pair.job] = static_cast<int>(pair.pool);
    capacity_chips[pair.pool] -= chips;
  }
  return places;
}

}  // namespace busbar::scheduling
