#include "sim/engine/simgrid_rate_solver.h"

#include <fmt/format.h>

#include <cmath>

#include "sim/base/error.h"
#include "sim/engine/simgrid_compat.h"

namespace busbar::engine {

namespace sg = simgrid::s4u;

namespace {

constexpr std::uint64_t kEndless = std::uint64_t{1} << 62;  // MB
constexpr double kSame = 1e-9;                              // relative

}  // namespace

class SimgridRateSolver::Impl {
 public:
  Impl(SimgridWorld& world, Clock& clock, const Listener& listener)
      : world_(world), clock_(clock), listener_(listener), throughput_(world.link_count(), 0.0) {}

  // What still flows at the end is cancelled, and left to the end of the process: SimGrid must see
  // a cancelled flow once more before it may be dropped.
  ~Impl() {
    for (Flow& flow : flows_) {
      if (flow.open) flow.comm->cancel();
      if (flow.comm) flow.comm.detach();
    }
  }

  std::int32_t add(std::span<const std::int32_t> path, double demand_Bps) {
    const std::int32_t flow = take_port();
    world_.set_demand(flow, demand_Bps);
    auto comm = sg::Comm::sendto_init();
    comm->set_payload_size(kEndless);
    comm->set_source(world_.port_host(flow));
    comm->set_destination(world_.end_of(path));  // starts it
    flows_[static_cast<size_t>(flow)] = {comm, demand_Bps, true};
    settle_later();
    return flow;
  }
  void set_demand(std::int32_t flow, double demand_Bps) {
    world_.set_demand(flow, demand_Bps);
    settle_later();
  }
  void remove(std::int32_t flow) {
    Flow& f = flows_[static_cast<size_t>(flow)];
    f.comm->cancel();
    leaving_.push_back(flow);
    f.open = false;
    settle_later();
  }
  void set_capacity(std::int32_t link, double capacity_Bps) {
    world_.set_capacity(link, capacity_Bps);
    settle_later();
  }
  double throughput(std::int32_t link) const { return throughput_[static_cast<size_t>(link)]; }

 private:
  struct Flow {
    sg::CommPtr comm;
    double rate_Bps = 0.0;
    bool open = false;
  };

  std::int32_t take_port() {
    if (!free_.empty()) {
      const std::int32_t flow = free_.back();
      free_.pop_back();
      return flow;
    }
    if (flows_.size() == SimgridWorld::kMostFlows) {
      throw base::SimulationError(
          fmt::format("at {:.0f} s: more than {} flows share links at one time", clock_.now(),
                      SimgridWorld::kMostFlows));
    }
    flows_.emplace_back();
    return static_cast<std::int32_t>(flows_.size() - 1);
  }

  // Changes of one date are read together.
  void settle_later() {
    clock_.cancel(pending_);
    pending_ =
        clock_.at(clock_.now() + RateSolver::kSettle_s, Phase::kShares, 0, [this] { settle(); });
  }

  void settle() {
    pending_ = 0;
    changed_.clear();
    for (size_t i = 0; i < flows_.size(); ++i) {
      Flow& flow = flows_[i];
      if (!flow.open) continue;
      const double rate = world_.rate(static_cast<std::int32_t>(i));
      if (std::abs(rate - flow.rate_Bps) <= kSame * flow.rate_Bps) continue;
      flow.rate_Bps = rate;
      changed_.push_back({static_cast<std::int32_t>(i), rate});
    }
    for (size_t i = 0; i < throughput_.size(); ++i) {
      throughput_[i] = world_.throughput(static_cast<std::int32_t>(i));
    }
    for (const std::int32_t flow : leaving_) {
      flows_[static_cast<size_t>(flow)].comm = nullptr;
      free_.push_back(flow);
    }
    leaving_.clear();
    if (!changed_.empty() && listener_) listener_(changed_);
  }

  SimgridWorld& world_;
  Clock& clock_;
  const Listener& listener_;
  std::vector<Flow> flows_;  // by port
  std::vector<std::int32_t> free_, leaving_;
  std::vector<Share> changed_;
  std::vector<double> throughput_;
  Clock::Handle pending_ = 0;
};

SimgridRateSolver::SimgridRateSolver(SimgridWorld& world, Clock& clock)
    : impl_(std::make_unique<Impl>(world, clock, listener_)) {}
SimgridRateSolver::~SimgridRateSolver() = default;

std::int32_t SimgridRateSolver::add(std::span<const std::int32_t> path, double demand_Bps) {
  return impl_->add(path, demand_Bps);
}
void SimgridRateSolver::set_demand(std::int32_t flow, double demand_Bps) {
  impl_->set_demand(flow, demand_Bps);
}
void SimgridRateSolver::remove(std::int32_t flow) { impl_->remove(flow); }
void SimgridRateSolver::set_capacity(std::int32_t link, double capacity_Bps) {
  impl_->set_capacity(link, capacity_Bps);
}
double SimgridRateSolver::throughput(std::int32_t link) const { return impl_->throughput(link); }

}  // namespace busbar::engine
