#include "sim/scheduling/assignment.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sim/base/error.h"
#include "sim/topology/flows.h"

namespace busbar::scheduling {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
// A move must gain more than what rounding can feign.
constexpr double kLeastGain = 1e-12;

size_t at(int index) { return static_cast<size_t>(index); }

void check(const AssignmentProblem& p) {
  base::ensure(p.costs.size() == p.sizes.size() && p.outside.size() == p.sizes.size(),
               "an assignment has costs for each job");
  for (size_t job = 0; job < p.sizes.size(); ++job) {
    base::ensure(p.sizes[job] >= 1 && p.costs[job].size() == p.capacities.size(),
                 "a job to assign has a size, and a cost at each site");
    base::ensure(p.outside[job] >= 0.0 && std::isfinite(p.outside[job]),
                 "staying outside is always possible");
  }
}

// ── The flow ─────────────────────────────────────────────────────────────────────────────────────

// Parts of jobs by site, in units; and what they cost.
struct SplitJobs {
  std::vector<std::vector<std::int64_t>> units;  // [job][site], outside last
  double cost = 0.0;
};

// The transport problem: source -> jobs -> sites or outside -> sink. One unit is the largest that
// divides all sizes, so that a batch of equal jobs flows in whole jobs.
SplitJobs flow(const AssignmentProblem& p) {
  const auto jobs = static_cast<int>(p.sizes.size()), sites = static_cast<int>(p.capacities.size());
  const std::int64_t unit = std::accumulate(p.sizes.begin(), p.sizes.end(), std::int64_t{0},
                                            [](auto a, auto b) { return std::gcd(a, b); });
  const int source = jobs + sites + 1, sink = source + 1;
  std::vector<topology::Arc> arcs;
  struct Place {
    int job, site;
    double unit_cost;
  };
  std::vector<Place> places;
  double dearest = 0.0;
  std::int64_t all = 0;
  for (int job = 0; job < jobs; ++job) {
    const std::int64_t units = p.sizes[at(job)] / unit;
    all += units;
    for (int site = 0; site <= sites; ++site) {
      const double cost = site < sites ? p.costs[at(job)][at(site)] : p.outside[at(job)];
      if (!std::isfinite(cost) || (site < sites && p.sizes[at(job)] > p.capacities[at(site)])) {
        continue;
      }
      const double unit_cost = cost / static_cast<double>(units);
      dearest = std::max(dearest, unit_cost);
      places.push_back({job, site, unit_cost});
      arcs.push_back({.from = job, .to = jobs + site, .capacity = units});
    }
  }
  // Whole numbers for the solver: 12 digits, as long as the sum of all fits.
  const double scale =
      dearest > 0.0 ? std::min(1e12, 4e17 / static_cast<double>(all)) / dearest : 0.0;
  for (size_t i = 0; i < places.size(); ++i) {
    arcs[i].cost = std::llround(places[i].unit_cost * scale);
  }
  for (int job = 0; job < jobs; ++job) {
    arcs.push_back({.from = source, .to = job, .capacity = p.sizes[at(job)] / unit});
  }
  for (int site = 0; site < sites; ++site) {
    arcs.push_back({.from = jobs + site, .to = sink, .capacity = p.capacities[at(site)] / unit});
  }
  arcs.push_back({.from = jobs + sites, .to = sink, .capacity = all});
  const topology::FlowOfLeastCost solved = topology::least_cost_flow(sink + 1, arcs, source, sink);

  SplitJobs split;
  split.units.assign(p.sizes.size(), std::vector<std::int64_t>(p.capacities.size() + 1));
  for (size_t i = 0; i < places.size(); ++i) {
    split.units[at(places[i].job)][at(places[i].site)] = solved.by_arc[i];
    split.cost += static_cast<double>(solved.by_arc[i]) * places[i].unit_cost;
  }
  return split;
}

// ── Whole jobs ───────────────────────────────────────────────────────────────────────────────────

// An assignment in the making. Place `sites` is outside.
class Rounding {
 public:
  explicit Rounding(const AssignmentProblem& problem)
      : p_(problem), free_(problem.capacities), place_(problem.sizes.size(), kNowhere) {}

  void start_from(const SplitJobs& split);
  void improve();
  Assignment result() const;

 private:
  static constexpr size_t kNowhere = std::numeric_limits<size_t>::max();
  size_t outside() const { return p_.capacities.size(); }
  double cost(size_t job, size_t place) const {
    return place < outside() ? p_.costs[job][place] : p_.outside[job];
  }
  bool has_room(size_t job, size_t place) const {
    return place == outside() || free_[place] >= p_.sizes[job];
  }
  void put(size_t job, size_t place);
  void remove(size_t job);
  size_t cheapest_with_room(size_t job, size_t except) const;
  bool make_room(size_t job, size_t place);
  void settle(size_t stays);
  double sum() const;
  bool move_gains(size_t job, size_t place, double& total);

  const AssignmentProblem& p_;
  std::vector<std::int64_t> free_;
  std::vector<size_t> place_;
};

void Rounding::put(size_t job, size_t place) {
  place_[job] = place;
  if (place < outside()) free_[place] -= p_.sizes[job];
}

void Rounding::remove(size_t job) {
  if (place_[job] < outside()) free_[place_[job]] += p_.sizes[job];
  place_[job] = kNowhere;
}

size_t Rounding::cheapest_with_room(size_t job, size_t except) const {
  size_t best = outside();
  double least = kNever;
  for (size_t place = 0; place <= outside(); ++place) {
    if (place == except || !has_room(job, place) || !(cost(job, place) < least)) continue;
    best = place;
    least = cost(job, place);
  }
  return best;
}

void Rounding::start_from(const SplitJobs& split) {
  std::vector<size_t> in_parts;
  for (size_t job = 0; job < place_.size(); ++job) {
    const auto& units = split.units[job];
    const auto used = [](std::int64_t n) { return n > 0; };
    if (std::count_if(units.begin(), units.end(), used) == 1) {
      put(job, static_cast<size_t>(std::find_if(units.begin(), units.end(), used) - units.begin()));
    } else {
      in_parts.push_back(job);
    }
  }
  std::stable_sort(in_parts.begin(), in_parts.end(),
                   [&](size_t a, size_t b) { return p_.sizes[a] > p_.sizes[b]; });
  for (const size_t job : in_parts) put(job, cheapest_with_room(job, kNowhere));
}

// Makes room for a job at a place: those leave that lose least for the room they make, each to its
// cheapest other place with room.
bool Rounding::make_room(size_t job, size_t place) {
  while (!has_room(job, place)) {
    size_t leaves = kNowhere, refuge = kNowhere;
    double least = kNever;
    for (size_t other = 0; other < place_.size(); ++other) {
      if (place_[other] != place) continue;
      const size_t where = cheapest_with_room(other, place);
      // More room than is needed is worth nothing.
      const auto made = std::min(p_.sizes[other], p_.sizes[job] - free_[place]);
      const double loss = (cost(other, where) - cost(other, place)) / static_cast<double>(made);
      if (loss >= least) continue;
      least = loss;
      leaves = other;
      refuge = where;
    }
    if (leaves == kNowhere) return false;
    remove(leaves);
    put(leaves, refuge);
  }
  return true;
}

// Lets every job but one go where it is cheaper and there is room, until none can: each time the
// job that gains most.
void Rounding::settle(size_t stays) {
  for (;;) {
    size_t goes = kNowhere, there = kNowhere;
    double most = 0.0;
    for (size_t job = 0; job < place_.size(); ++job) {
      if (job == stays) continue;
      const double now = cost(job, place_[job]);
      const size_t where = cheapest_with_room(job, place_[job]);
      const double gain = now - cost(job, where);
      if (where == place_[job] || gain <= std::max(most, kLeastGain * now)) continue;
      most = gain;
      goes = job;
      there = where;
    }
    if (goes == kNowhere) return;
    remove(goes);
    put(goes, there);
  }
}

double Rounding::sum() const {
  double all = 0.0;
  for (size_t job = 0; job < place_.size(); ++job) all += cost(job, place_[job]);
  return all;
}

// Moves a job, even at a loss; keeps what follows from it if that is cheaper in all.
bool Rounding::move_gains(size_t job, size_t place, double& total) {
  const std::vector<std::int64_t> free_before = free_;
  const std::vector<size_t> place_before = place_;
  remove(job);
  if (make_room(job, place)) {
    put(job, place);
    settle(job);
    const double changed = sum();
    if (changed < total - kLeastGain * total) {
      total = changed;
      return true;
    }
  }
  free_ = free_before;
  place_ = place_before;
  return false;
}

void Rounding::improve() {
  double total = sum();
  bool gained = true;
  while (gained) {
    gained = false;
    for (size_t job = 0; job < place_.size(); ++job) {
      for (size_t place = 0; place <= outside(); ++place) {
        if (place == place_[job] || !std::isfinite(cost(job, place)) ||
            (place < outside() && p_.sizes[job] > p_.capacities[place])) {
          continue;
        }
        if (move_gains(job, place, total)) gained = true;
      }
    }
  }
}

Assignment Rounding::result() const {
  Assignment done;
  for (size_t job = 0; job < place_.size(); ++job) {
    done.site.push_back(place_[job] == outside() ? Assignment::kOutside
                                                 : static_cast<int>(place_[job]));
    done.cost += cost(job, place_[job]);
  }
  return done;
}

}  // namespace

Assignment assign(const AssignmentProblem& problem) {
  check(problem);
  if (problem.sizes.empty()) return {};
  const SplitJobs split = flow(problem);
  Rounding rounding(problem);
  rounding.start_from(split);
  rounding.improve();
  Assignment done = rounding.result();
  done.bound = std::min(split.cost, done.cost);
  return done;
}

}  // namespace busbar::scheduling
