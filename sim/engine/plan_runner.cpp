#include "sim/engine/plan_runner.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <span>
#include <unordered_map>

#include "sim/base/error.h"
#include "sim/engine/simgrid_compat.h"
#include "sim/engine/simgrid_engine.h"

namespace busbar::engine {
namespace {

namespace sg = simgrid::s4u;
using collectives::Chain;
using collectives::Plan;
using collectives::Step;
using collectives::Transfer;

// SimGrid counts time to 1e-9 and bytes as integers: both are scaled so that a plan takes some
// 1e5 units of time and its largest transfer has 1e12 units.
constexpr double kUnitsOfTime = 1e5;
constexpr double kUnitsOfBytes = 1e12;
// SimGrid 3.32 searches a list of all open flows at the end of each.
constexpr size_t kMostFlowsOfActor = 64;
constexpr std::int64_t kMostOfBundle = 64;

void add_links(const Chain& chain, std::set<std::int32_t>& links) {
  for (const Step& step : chain) {
    for (const Transfer& t : step.transfers) links.insert(t.path.begin(), t.path.end());
    for (const Chain& side : step.chains) add_links(side, links);
  }
}

double largest(const Chain& chain) {
  double most = 0.0;
  for (const Step& step : chain) {
    for (const Transfer& t : step.transfers) most = std::max(most, t.bytes);
    for (const Chain& side : step.chains) most = std::max(most, largest(side));
  }
  return most;
}

// Longest time that any one transfer can take alone, summed over the steps: a scale of the plan.
double scale_s(const Plan& plan, const Chain& chain) {
  double sum = 0.0;
  for (const Step& step : chain) {
    double most = 0.0;
    for (const Transfer& t : step.transfers) {
      most = std::max(most, t.latency_s);
      for (const std::int32_t link : t.path) {
        most = std::max(most,
                        t.latency_s + t.bytes / plan.links[static_cast<size_t>(link)].capacity_Bps);
      }
    }
    for (const Chain& side : step.chains) most = std::max(most, scale_s(plan, side));
    sum += most * static_cast<double>(step.repeat);
  }
  return sum;
}

// A flow of SimGrid: one transfer, or several that end together.
struct Flow {
  sg::Host* host = nullptr;  // its loopback route is the path
  double bytes = 0.0, latency_s = 0.0;
  std::int64_t transfers = 1;
};

class Runner {
 public:
  Runner(const std::vector<const Plan*>& plans, Bundling bundling)
      : plans_(plans), bundling_(bundling), users_(plans[0]->links.size(), 0) {
    double time = 0.0, bytes = 0.0;
    for (const Plan* plan : plans) {
      time = std::max(time, scale_s(*plan, plan->steps));
      bytes = std::max(bytes, largest(plan->steps));
    }
    per_s_ = time > 0.0 ? kUnitsOfTime / time : 1.0;
    per_byte_ = bytes > 0.0 ? kUnitsOfBytes / bytes : 1.0;
  }

  PlanRun run() {
    const SimgridEngine engine;
    zone_ = compat::make_star_root(*sg::Engine::get_instance());
    for (const collectives::Link& link : plans_[0]->links) {
      links_.push_back(compat::add_link(zone_, "link-" + std::to_string(links_.size()),
                                        link.capacity_Bps * per_byte_ / per_s_));
      links_.back()->seal();
    }
    desk_ = compat::add_host(zone_, "desk");
    const bool alone = plans_.size() == 1 && bundling_ == Bundling::kExact;
    for (const Plan* plan : plans_) make_flows(plan->steps, alone);
    zone_->seal();
    PlanRun result;
    result.end.resize(plans_.size());
    for (size_t p = 0; p < plans_.size(); ++p) {
      compat::add_actor(desk_, "plan", [this, p, &result] {
        run_chain(plans_[p]->steps);
        result.end[p] = base::Seconds{plans_[p]->startup_s + sg::Engine::get_clock() / per_s_};
      });
    }
    sg::Engine::get_instance()->run();
    result.flows = flow_count_;
    result.transfers = transfer_count_;
    return result;
  }

 private:
  using Path = std::vector<std::int32_t>;

  // Makes the flows of all rounds. `alone`: nothing beside the chain uses its links.
  void make_flows(const Chain& chain, bool alone) {
    for (const Step& step : chain) {
      if (!step.transfers.empty()) flows_[&step] = flows_of(step, alone);
      if (step.chains.empty()) continue;
      const std::vector<bool> apart =
          alone ? apart_from_others(step.chains) : std::vector<bool>(step.chains.size(), false);
      for (size_t i = 0; i < step.chains.size(); ++i) make_flows(step.chains[i], apart[i]);
    }
  }

  // Which of chains side by side share no link with another.
  std::vector<bool> apart_from_others(const std::vector<Chain>& chains) {
    std::vector<std::set<std::int32_t>> mine(chains.size());
    std::vector<int> users(links_.size(), 0);
    for (size_t i = 0; i < chains.size(); ++i) {
      add_links(chains[i], mine[i]);
      for (const std::int32_t l : mine[i]) ++users[static_cast<size_t>(l)];
    }
    std::vector<bool> apart;
    for (const auto& links : mine) {
      apart.push_back(std::all_of(links.begin(), links.end(), [&](std::int32_t l) {
        return users[static_cast<size_t>(l)] == 1;
      }));
    }
    return apart;
  }

  std::vector<Flow> flows_of(const Step& step, bool alone) {
    for (const Transfer& t : step.transfers) {
      for (const std::int32_t l : t.path) ++users_[static_cast<size_t>(l)];
    }
    std::vector<Flow> flows;
    std::map<std::pair<double, double>, std::pair<Path, std::int64_t>> open;  // bundles
    const auto close = [&](double bytes, double latency_s, auto& bundle) {
      flows.push_back({host_of(bundle.first), bytes, latency_s, bundle.second});
      bundle = {};
    };
    for (const Transfer& t : step.transfers) {
      const bool shared = std::any_of(t.path.begin(), t.path.end(), [&](std::int32_t l) {
        return users_[static_cast<size_t>(l)] > 1;
      });
      if (!alone || shared) {
        flows.push_back({host_of(t.path), t.bytes, t.latency_s, 1});
        continue;
      }
      auto& bundle = open[{t.latency_s, t.bytes}];
      bundle.first.insert(bundle.first.end(), t.path.begin(), t.path.end());
      if (++bundle.second == kMostOfBundle) close(t.bytes, t.latency_s, bundle);
    }
    for (auto& [key, bundle] : open) {
      if (bundle.second > 0) close(key.second, key.first, bundle);
    }
    for (const Transfer& t : step.transfers) {
      for (const std::int32_t l : t.path) users_[static_cast<size_t>(l)] = 0;
    }
    std::stable_sort(flows.begin(), flows.end(),
                     [](const Flow& a, const Flow& b) { return a.latency_s < b.latency_s; });
    return flows;
  }

  // A path is the loopback route of a host of its own.
  sg::Host* host_of(const Path& path) {
    const auto [found, fresh] = hosts_.try_emplace(path, nullptr);
    if (fresh) {
      found->second = compat::add_host(zone_, "path-" + std::to_string(hosts_.size()));
      std::vector<sg::LinkInRoute> route;
      for (const std::int32_t l : path) route.emplace_back(links_[static_cast<size_t>(l)]);
      compat::add_loopback_route(zone_, found->second, route);
    }
    return found->second;
  }

  void run_chain(const Chain& chain) {
    for (const Step& step : chain) {
      for (std::int64_t r = 0; r < step.repeat; ++r) {
        if (!step.transfers.empty()) run_round(flows_.at(&step));
        if (!step.chains.empty()) run_side_by_side(step.chains);
      }
    }
  }

  void run_side_by_side(const std::vector<Chain>& chains) {
    std::vector<sg::ActorPtr> actors;
    for (size_t i = 1; i < chains.size(); ++i) {
      const Chain* side = &chains[i];
      actors.push_back(compat::add_actor(desk_, "chain", [this, side] { run_chain(*side); }));
    }
    run_chain(chains[0]);
    for (const sg::ActorPtr& actor : actors) actor->join();
  }

  void run_round(const std::vector<Flow>& flows) {
    std::vector<sg::ActorPtr> helpers;
    for (size_t first = kMostFlowsOfActor; first < flows.size(); first += kMostFlowsOfActor) {
      const std::span<const Flow> some(
          flows.begin() + static_cast<std::ptrdiff_t>(first),
          flows.begin() +
              static_cast<std::ptrdiff_t>(std::min(first + kMostFlowsOfActor, flows.size())));
      helpers.push_back(compat::add_actor(desk_, "round", [this, some] { run_flows(some); }));
    }
    run_flows({flows.data(), std::min(flows.size(), kMostFlowsOfActor)});
    for (const sg::ActorPtr& helper : helpers) helper->join();
  }

  // Flows in order of latency: each starts when its own has passed.
  void run_flows(std::span<const Flow> flows) {
    std::vector<sg::CommPtr> open;
    double waited = 0.0;
    for (const Flow& flow : flows) {
      if (flow.latency_s > waited) {
        sg::this_actor::sleep_for((flow.latency_s - waited) * per_s_);
        waited = flow.latency_s;
      }
      const auto units = static_cast<std::uint64_t>(std::llround(flow.bytes * per_byte_));
      transfer_count_ += flow.transfers;
      if (units == 0) continue;
      open.push_back(sg::Comm::sendto_async(flow.host, flow.host, units));
      ++flow_count_;
    }
    for (const sg::CommPtr& comm : open) comm->wait();
  }

  const std::vector<const Plan*>& plans_;
  const Bundling bundling_;
  double per_s_ = 1.0, per_byte_ = 1.0;
  sg::NetZone* zone_ = nullptr;
  sg::Host* desk_ = nullptr;
  std::vector<sg::Link*> links_;
  std::vector<int> users_;  // of links in the present round
  std::map<Path, sg::Host*> hosts_;
  std::unordered_map<const Step*, std::vector<Flow>> flows_;
  std::int64_t flow_count_ = 0, transfer_count_ = 0;
};

}  // namespace

PlanRun run_plans(const std::vector<const Plan*>& plans) {
  base::ensure(!plans.empty(), "no plan to run");
  return Runner(plans, Bundling::kNone).run();
}

PlanRun run_plan(const Plan& plan, Bundling bundling) {
  const std::vector<const Plan*> only = {&plan};
  return Runner(only, bundling).run();
}

}  // namespace busbar::engine
