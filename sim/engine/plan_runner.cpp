#include "sim/engine/plan_runner.h"

#include <algorithm>
#include <cmath>
#include <map>
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
// SimGrid 3.32 searches an actor's list at the end of each of its flows.
constexpr size_t kMostFlowsOfActor = 64;

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
        most = std::max(most, t.latency_s +
                                  t.bytes / plan.links[static_cast<size_t>(link)].capacity_Bps);
      }
    }
    for (const Chain& side : step.chains) most = std::max(most, scale_s(plan, side));
    sum += most * static_cast<double>(step.repeat);
  }
  return sum;
}

class Runner {
 public:
  explicit Runner(const std::vector<const Plan*>& plans) : plans_(plans) {
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
    for (const Plan* plan : plans_) make_routes(plan->steps);
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
    result.flows = flows_;
    return result;
  }

 private:
  // A path is the loopback route of a host of its own.
  void make_routes(const Chain& chain) {
    for (const Step& step : chain) {
      for (const Transfer& t : step.transfers) {
        const auto [found, fresh] = ends_.try_emplace(t.path, nullptr);
        if (fresh) {
          found->second = compat::add_host(zone_, "path-" + std::to_string(ends_.size()));
          std::vector<sg::LinkInRoute> route;
          for (const std::int32_t l : t.path) route.emplace_back(links_[static_cast<size_t>(l)]);
          compat::add_loopback_route(zone_, found->second, route);
        }
        hosts_[&t] = found->second;
      }
      for (const Chain& side : step.chains) make_routes(side);
    }
  }

  void run_chain(const Chain& chain) {
    for (const Step& step : chain) {
      for (std::int64_t r = 0; r < step.repeat; ++r) {
        if (!step.transfers.empty()) run_round(step);
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

  void run_round(const Step& step) {
    std::vector<const Transfer*> order;
    for (const Transfer& t : step.transfers) order.push_back(&t);
    std::stable_sort(order.begin(), order.end(), [](const Transfer* a, const Transfer* b) {
      return a->latency_s < b->latency_s;
    });
    std::vector<sg::ActorPtr> helpers;
    for (size_t first = kMostFlowsOfActor; first < order.size(); first += kMostFlowsOfActor) {
      const size_t last = std::min(first + kMostFlowsOfActor, order.size());
      const std::vector<const Transfer*> some(order.begin() + static_cast<std::ptrdiff_t>(first),
                                              order.begin() + static_cast<std::ptrdiff_t>(last));
      helpers.push_back(compat::add_actor(desk_, "round", [this, some] { run_transfers(some); }));
    }
    order.resize(std::min(order.size(), kMostFlowsOfActor));
    run_transfers(order);
    for (const sg::ActorPtr& helper : helpers) helper->join();
  }

  // Transfers in order of latency: each starts when its own has passed.
  void run_transfers(const std::vector<const Transfer*>& order) {
    std::vector<sg::CommPtr> open;
    double waited = 0.0;
    for (const Transfer* t : order) {
      if (t->latency_s > waited) {
        sg::this_actor::sleep_for((t->latency_s - waited) * per_s_);
        waited = t->latency_s;
      }
      const auto units = static_cast<std::uint64_t>(std::llround(t->bytes * per_byte_));
      if (units == 0) continue;
      sg::Host* host = hosts_.at(t);
      open.push_back(sg::Comm::sendto_async(host, host, units));
      ++flows_;
    }
    for (const sg::CommPtr& comm : open) comm->wait();
  }

  const std::vector<const Plan*>& plans_;
  double per_s_ = 1.0, per_byte_ = 1.0;
  sg::NetZone* zone_ = nullptr;
  sg::Host* desk_ = nullptr;
  std::vector<sg::Link*> links_;
  std::map<std::vector<std::int32_t>, sg::Host*> ends_;
  std::unordered_map<const Transfer*, sg::Host*> hosts_;
  std::int64_t flows_ = 0;
};

}  // namespace

PlanRun run_plans(const std::vector<const Plan*>& plans) {
  base::ensure(!plans.empty(), "no plan to run");
  return Runner(plans).run();
}

PlanRun run_plan(const Plan& plan) { return run_plans({&plan}); }

}  // namespace busbar::engine
