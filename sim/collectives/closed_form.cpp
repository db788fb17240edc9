#include <algorithm>
#include <limits>
#include <set>

#include "sim/base/error.h"
#include "sim/collectives/plan.h"
#include "sim/topology/max_min.h"

namespace busbar::collectives {
namespace {

using topology::max_min_shares;

constexpr double kNever = std::numeric_limits<double>::infinity();

void add_links(const Chain& chain, std::set<std::int32_t>& links) {
  for (const Step& step : chain) {
    for (const Transfer& t : step.transfers) links.insert(t.path.begin(), t.path.end());
    for (const Chain& side : step.chains) add_links(side, links);
  }
}

// Whether chains side by side use links of their own.
bool apart(const std::vector<Chain>& chains) {
  std::set<std::int32_t> all;
  size_t sum = 0;
  for (const Chain& chain : chains) {
    std::set<std::int32_t> mine;
    add_links(chain, mine);
    sum += mine.size();
    all.insert(mine.begin(), mine.end());
  }
  return all.size() == sum;
}

// Follows chains that share links from event to event.
class Fluid {
 public:
  explicit Fluid(const std::vector<Link>& links) {
    for (const Link& link : links) capacity_.push_back(link.capacity_Bps);
  }

  double run(const Chain& chain) {
    start(chain, -1);
    while (!timers_.empty() || !flows_.empty()) advance();
    return now_;
  }

 private:
  // A chain in progress; its parent waits for it.
  struct Runner {
    const Chain* chain;
    int parent;
    size_t step = 0;
    std::int64_t done = 0;  // repeats
    int open = 0;           // transfers or chains that the step waits for
  };
  struct Flow {
    const Transfer* transfer;
    int runner;
    double left;
    double rate = 0.0;
  };
  struct Timer {
    double at;
    const Transfer* transfer;
    int runner;
  };

  void start(const Chain& chain, int parent) {
    runners_.push_back({&chain, parent});
    next(static_cast<int>(runners_.size() - 1));
  }

  // Starts what a runner does next; tells its parent when there is nothing left.
  void next(int r) {
    for (;;) {
      Runner& runner = runners_[static_cast<size_t>(r)];
      if (runner.step == runner.chain->size()) {
        if (runner.parent >= 0) ended(runner.parent);
        return;
      }
      const Step& step = (*runner.chain)[runner.step];
      if (runner.done == step.repeat) {
        ++runner.step;
        runner.done = 0;
        continue;
      }
      ++runner.done;
      runner.open = static_cast<int>(step.transfers.size() + step.chains.size());
      if (runner.open == 0) continue;
      for (const Transfer& t : step.transfers) timers_.push_back({now_ + t.latency_s, &t, r});
      const Step* s = &step;  // starting chains moves the runners
      for (const Chain& side : s->chains) start(side, r);
      return;
    }
  }

  void ended(int r) {
    if (--runners_[static_cast<size_t>(r)].open == 0) next(r);
  }

  void advance() {
    if (changed_) share();
    double until = kNever;
    for (const Timer& t : timers_) until = std::min(until, t.at);
    for (const Flow& f : flows_) until = std::min(until, now_ + f.left / f.rate);
    const double step_s = until - now_;
    now_ = until;
    std::vector<int> done;
    for (size_t i = 0; i < flows_.size();) {
      Flow& f = flows_[i];
      f.left -= f.rate * step_s;
      if (f.left > 1e-12 * f.transfer->bytes) {
        ++i;
        continue;
      }
      done.push_back(f.runner);
      flows_[i] = flows_.back();
      flows_.pop_back();
      changed_ = true;
    }
    for (size_t i = 0; i < timers_.size();) {
      if (timers_[i].at > now_) {
        ++i;
        continue;
      }
      if (timers_[i].transfer->bytes > 0.0) {
        flows_.push_back({timers_[i].transfer, timers_[i].runner, timers_[i].transfer->bytes});
      } else {
        done.push_back(timers_[i].runner);
      }
      timers_[i] = timers_.back();
      timers_.pop_back();
      changed_ = true;
    }
    for (const int r : done) ended(r);
  }

  void share() {
    std::vector<std::vector<std::int32_t>> paths;
    for (const Flow& f : flows_) paths.push_back(f.transfer->path);
    const std::vector<double> unbound(flows_.size(), kNever);
    const auto rates = max_min_shares(capacity_, paths, unbound);
    for (size_t i = 0; i < flows_.size(); ++i) flows_[i].rate = rates[i];
    changed_ = false;
  }

  std::vector<double> capacity_;
  std::vector<Runner> runners_;
  std::vector<Flow> flows_;
  std::vector<Timer> timers_;
  double now_ = 0.0;
  bool changed_ = false;
};

class ClosedForm {
 public:
  explicit ClosedForm(const std::vector<Link>& links) : links_(links), load_(links.size(), 0.0) {}

  double chain_s(const Chain& chain) {
    double sum = 0.0;
    for (const Step& step : chain) {
      double step_s = 0.0;
      if (!step.transfers.empty()) {
        step_s = round_s(step);
      } else if (apart(step.chains)) {
        for (const Chain& side : step.chains) step_s = std::max(step_s, chain_s(side));
      } else {
        step_s = Fluid(links_).run({{{}, step.chains, 1}});
      }
      sum += static_cast<double>(step.repeat) * step_s;
    }
    return sum;
  }

 private:
  // Equal transfers that start together end with the most loaded link that they pass.
  double round_s(const Step& step) {
    const Transfer& first = step.transfers.front();
    bool equal = true;
    for (const Transfer& t : step.transfers) {
      equal = equal && t.bytes == first.bytes && t.latency_s == first.latency_s;
      for (const std::int32_t link : t.path) load_[static_cast<size_t>(link)] += t.bytes;
    }
    double most = 0.0;
    bool shared = false;
    for (const Transfer& t : step.transfers) {
      double time = t.latency_s;
      for (const std::int32_t link : t.path) {
        const auto l = static_cast<size_t>(link);
        shared = shared || load_[l] > t.bytes;
        time = std::max(time, t.latency_s + load_[l] / links_[l].capacity_Bps);
      }
      most = std::max(most, time);
    }
    for (const Transfer& t : step.transfers) {
      for (const std::int32_t link : t.path) load_[static_cast<size_t>(link)] = 0.0;
    }
    if (equal || !shared) return most;
    return Fluid(links_).run({round_of(step.transfers)});
  }

  const std::vector<Link>& links_;
  std::vector<double> load_;  // of the present round
};

}  // namespace

base::Seconds closed_form(const Plan& plan) {
  return base::Seconds{plan.startup_s + ClosedForm(plan.links).chain_s(plan.steps)};
}

}  // namespace busbar::collectives
