#include "sim/engine/traffic_desk.h"

#include <algorithm>
#include <cmath>

namespace busbar::engine {
namespace {

constexpr double kSame = 1e-9;       // relative; what changes less stays
constexpr double kSameBurst = 1e-6;  // the same, of jobs with bursts
constexpr double kBeyond = 1e3;      // times the bandwidth: the most that smooth traffic asks for
constexpr int kMostSweeps = 200;
constexpr int kMostRounds = 64;  // of demands and shares after one change

bool same(double a, double b, double within = kSame) {
  return a == b || std::abs(a - b) <= within * std::max(std::abs(a), std::abs(b));
}

}  // namespace

bool Route::operator==(const Route& other) const {
  return path == other.path && load.sending == other.load.sending &&
         load.bytes_per_step == other.load.bytes_per_step && load.wait_s == other.load.wait_s &&
         load.most_Bps == other.load.most_Bps;
}

TrafficDesk::TrafficDesk(Clock& clock, RateSolver& solver, const std::vector<Link>& links)
    : clock_(clock), solver_(solver), means_(links.size()), use_(links.size()) {
  for (const Link& link : links) capacity_Bps_.push_back(link.capacity_Bps);
  nominal_Bps_ = capacity_Bps_;
  solver_.on_change([this](std::span<const Share> shares) { shares_changed(shares); });
}

// ── Flows ────────────────────────────────────────────────────────────────────────────────────────

std::int32_t TrafficDesk::add_flow(std::span<const std::int32_t> path, double demand_Bps,
                                   Owner owner) {
  const std::int32_t flow = solver_.add(path, demand_Bps);
  if (static_cast<size_t>(flow) >= owner_.size()) owner_.resize(static_cast<size_t>(flow) + 1);
  owner_[static_cast<size_t>(flow)] = owner;
  means_.add(flow, path, demand_Bps);
  settle_later();
  return flow;
}

void TrafficDesk::remove_flow(std::int32_t flow) {
  solver_.remove(flow);
  means_.remove(flow);
  owner_[static_cast<size_t>(flow)] = {};
  settle_later();
}

double TrafficDesk::narrowest_rate(std::span<const std::int32_t> path) const {
  double least = std::numeric_limits<double>::infinity();
  for (const std::int32_t link : path) {
    least = std::min(least, capacity_Bps_[static_cast<size_t>(link)]);
  }
  return least;
}

double TrafficDesk::open(std::int32_t slot, double compute_s, JobTraffic traffic) {
  if (static_cast<size_t>(slot) >= jobs_.size()) jobs_.resize(static_cast<size_t>(slot) + 1);
  Job& job = jobs_[static_cast<size_t>(slot)];
  job = {};
  job.open = true;
  job.compute_s = compute_s;
  job.traffic = std::move(traffic);
  for (const Route& route : job.traffic.routes) {
    if (route.path.empty() || route.load.bytes_per_step <= 0.0) continue;
    PathLoad load = route.load;
    // What smooth traffic asks for may be beyond its path, which shows that the path holds it up.
    const double beyond = load.sending == Sending::kSmooth ? kBeyond : 1.0;
    for (const std::int32_t link : route.path) {
      load.most_Bps = std::min(load.most_Bps, beyond * nominal_Bps_[static_cast<size_t>(link)]);
    }
    load.burst_Bps = narrowest_rate(route.path);
    job.loads.push_back(load);
    job.paths.push_back(route.path);
    if (load.sending == Sending::kBursty) ++bursty_;
  }
  for (size_t i = 0; i < job.loads.size(); ++i) {
    PathLoad& load = job.loads[i];
    load.rate_Bps = load.offered_Bps = load.demand_Bps =
        demand_of(compute_s, job.traffic.latency_s, job.loads, i);
    job.seen.push_back(0);
    job.flows.push_back(
        add_flow(job.paths[i], load.demand_Bps, {slot, static_cast<std::int32_t>(i), -1, -1}));
  }
  job.step_s = step_time(compute_s, job.traffic.latency_s, job.loads);
  count(job, 1.0);
  if (!job.loads.empty()) touch(slot);
  return job.step_s;
}

void TrafficDesk::close(std::int32_t slot) {
  if (static_cast<size_t>(slot) >= jobs_.size()) return;
  Job& job = jobs_[static_cast<size_t>(slot)];
  if (!job.open) return;
  count(job, -1.0);
  for (const PathLoad& load : job.loads) {
    if (load.sending == Sending::kBursty) --bursty_;
  }
  for (const std::int32_t flow : job.flows) remove_flow(flow);
  job.open = false;
}

bool TrafficDesk::has(std::int32_t slot, double compute_s, const JobTraffic& traffic) const {
  if (static_cast<size_t>(slot) >= jobs_.size() || !jobs_[static_cast<size_t>(slot)].open) {
    return traffic.routes.empty() && traffic.latency_s <= 0.0;
  }
  const Job& job = jobs_[static_cast<size_t>(slot)];
  return job.compute_s == compute_s && job.traffic == traffic;
}

void TrafficDesk::set_capacity(std::int32_t link, double capacity_Bps) {
  capacity_Bps_[static_cast<size_t>(link)] = capacity_Bps;
  solver_.set_capacity(link, capacity_Bps);
  means_.changed(link);
  // What asks for all that its path can carry asks for another rate now.
  for (const Transfer& transfer : transfers_) {
    if (!transfer.open) continue;
    solver_.set_demand(transfer.flow, narrowest_rate(transfer.path));
    means_.set(transfer.flow, narrowest_rate(transfer.path));
  }
  settle_later();
}

// ── What links carry ─────────────────────────────────────────────────────────────────────────────

void TrafficDesk::count(const std::vector<std::int32_t>& path, double rate_Bps) {
  for (const std::int32_t link : path) {
    Use& use = use_[static_cast<size_t>(link)];
    use.bytes += use.now_Bps * (clock_.now() - use.since_s);
    use.since_s = clock_.now();
    use.now_Bps = std::max(0.0, use.now_Bps + rate_Bps);
  }
}

void TrafficDesk::count(Job& job, double sign) {
  for (size_t i = 0; i < job.loads.size(); ++i) {
    count(job.paths[i], sign * job.loads[i].bytes_per_step / job.step_s);
  }
}

double TrafficDesk::carried_bytes(std::int32_t link) const {
  const Use& use = use_[static_cast<size_t>(link)];
  return use.bytes + use.now_Bps * (clock_.now() - use.since_s);
}

// ── Agreement ────────────────────────────────────────────────────────────────────────────────────

void TrafficDesk::touch(std::int32_t slot) {
  Job& job = jobs_[static_cast<size_t>(slot)];
  if (!job.touched) touched_.push_back(slot);
  job.touched = true;
  settle_later();
}

// Right after the rate solver, which settles at the same instant.
void TrafficDesk::settle_later() {
  clock_.cancel(pending_);
  pending_ =
      clock_.at(clock_.now() + RateSolver::kSettle_s, Phase::kShares, 1, [this] { agree(); });
}

void TrafficDesk::shares_changed(std::span<const Share> shares) {
  for (const Share& share : shares) {
    const Owner& owner = owner_[static_cast<size_t>(share.flow)];
    if (owner.slot >= 0) {
      Job& job = jobs_[static_cast<size_t>(owner.slot)];
      job.loads[static_cast<size_t>(owner.load)].rate_Bps = share.rate_Bps;
      if (!job.touched) touched_.push_back(owner.slot);
      job.touched = true;
    } else if (owner.transfer >= 0) {
      Transfer& transfer = transfers_[static_cast<size_t>(owner.transfer)];
      const double now = clock_.now();
      transfer.bytes_left -= transfer.rate_Bps * (now - transfer.since_s);
      count(transfer.path, share.rate_Bps - transfer.rate_Bps);
      transfer.since_s = now;
      transfer.rate_Bps = share.rate_Bps;
      plan_arrival(owner.transfer);
    } else if (owner.stream >= 0) {
      Stream& stream = streams_[static_cast<size_t>(owner.stream)];
      set_rate(stream, share.rate_Bps);
      stream.told(share.rate_Bps);
    }
  }
}

void TrafficDesk::agree() {
  pending_ = 0;
  const bool bursts = bursty_ > 0 && agree_bursts();
  const bool smooth = agree_smooth();
  if ((bursts || smooth) && ++rounds_ < kMostRounds) return settle_later();
  rounds_ = 0;
  tell();
}

// Rates of bursts and mean demands depend on each other: one flow after the other, until no mean
// moves. Each looks at means alone, so the answer depends on who sends, not on the past.
bool TrafficDesk::agree_bursts() {
  means_.sum_up();
  for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
    bool moved = false;
    for (Job& job : jobs_) {
      if (!job.open) continue;
      for (size_t i = 0; i < job.loads.size(); ++i) {
        PathLoad& load = job.loads[i];
        if (load.sending != Sending::kBursty) continue;
        const std::uint64_t changes = means_.changes(job.flows[i]);
        if (changes == job.seen[i] && !(job.touched && sweep == 0)) continue;
        moved = true;
        load.burst_Bps = std::min(load.most_Bps, means_.burst_rate(capacity_Bps_, job.flows[i]));
        const double mean = demand_of(job.compute_s, job.traffic.latency_s, job.loads, i);
        load.demand_Bps = mean;
        means_.set(job.flows[i], mean);
        // Its own mean does not count for its burst.
        job.seen[i] = means_.changes(job.flows[i]);
      }
    }
    if (!moved) break;
  }
  bool changed = false;
  for (size_t slot = 0; slot < jobs_.size(); ++slot) {
    Job& job = jobs_[slot];
    if (!job.open) continue;
    for (size_t i = 0; i < job.loads.size(); ++i) {
      const PathLoad& load = job.loads[i];
      if (load.sending != Sending::kBursty) continue;
      if (same(load.offered_Bps, load.demand_Bps, kSameBurst)) continue;
      solver_.set_demand(job.flows[i], load.demand_Bps);
      job.loads[i].offered_Bps = load.demand_Bps;
      changed = true;
      if (!job.touched) touched_.push_back(static_cast<std::int32_t>(slot));
      job.touched = true;
    }
  }
  return changed;
}

// A job that one path holds up asks less of the others. All its demands follow from one look at
// its shares.
bool TrafficDesk::agree_smooth() {
  bool changed = false;
  std::vector<double> demands;
  for (const std::int32_t slot : touched_) {
    Job& job = jobs_[static_cast<size_t>(slot)];
    if (!job.open || job.loads.size() < 2) continue;
    demands.clear();
    for (size_t i = 0; i < job.loads.size(); ++i) {
      demands.push_back(demand_of(job.compute_s, job.traffic.latency_s, job.loads, i));
    }
    for (size_t i = 0; i < job.loads.size(); ++i) {
      PathLoad& load = job.loads[i];
      if (load.sending != Sending::kSmooth || same(demands[i], load.demand_Bps)) continue;
      load.demand_Bps = load.offered_Bps = demands[i];
      solver_.set_demand(job.flows[i], demands[i]);
      means_.set(job.flows[i], demands[i]);
      changed = true;
    }
  }
  return changed;
}

void TrafficDesk::tell() {
  std::vector<std::int32_t> touched;
  touched.swap(touched_);
  std::sort(touched.begin(), touched.end());
  for (const std::int32_t slot : touched) {
    Job& job = jobs_[static_cast<size_t>(slot)];
    job.touched = false;
    if (!job.open) continue;
    const double step_s = step_time(job.compute_s, job.traffic.latency_s, job.loads);
    const bool bursts = std::any_of(job.loads.begin(), job.loads.end(), [](const PathLoad& load) {
      return load.sending == Sending::kBursty;
    });
    if (same(step_s, job.step_s, bursts ? kSameBurst : kSame)) continue;
    count(job, -1.0);
    job.step_s = step_s;
    count(job, 1.0);
    listener_(slot, step_s);
  }
}

// ── Transfers ────────────────────────────────────────────────────────────────────────────────────

std::int32_t TrafficDesk::send(std::vector<std::int32_t> path, double bytes,
                               std::function<void()> done) {
  size_t index = 0;
  while (index < transfers_.size() && transfers_[index].open) ++index;
  if (index == transfers_.size()) transfers_.emplace_back();
  Transfer& transfer = transfers_[index];
  const auto handle = static_cast<std::int32_t>(index) + 1;
  transfer = {};
  transfer.open = true;
  transfer.path = std::move(path);
  transfer.bytes_left = bytes;
  transfer.since_s = clock_.now();
  transfer.done = std::move(done);
  transfer.flow = add_flow(transfer.path, narrowest_rate(transfer.path), {-1, -1, handle - 1, -1});
  // Until shares have settled it may have its path to itself.
  transfer.rate_Bps = narrowest_rate(transfer.path);
  count(transfer.path, transfer.rate_Bps);
  plan_arrival(handle - 1);
  return handle;
}

void TrafficDesk::cancel(std::int32_t handle) {
  if (handle <= 0) return;
  Transfer& transfer = transfers_[static_cast<size_t>(handle - 1)];
  if (!transfer.open) return;
  clock_.cancel(transfer.arrival);
  count(transfer.path, -transfer.rate_Bps);
  remove_flow(transfer.flow);
  transfer.open = false;
}

void TrafficDesk::plan_arrival(std::int32_t index) {
  Transfer& transfer = transfers_[static_cast<size_t>(index)];
  clock_.cancel(transfer.arrival);
  const double left_s = std::max(0.0, transfer.bytes_left) / std::max(transfer.rate_Bps, 1e-3);
  transfer.arrival = clock_.at(
      clock_.now() + left_s, Phase::kEnd, static_cast<std::uint64_t>(transfer.flow), [this, index] {
        const auto done = std::move(transfers_[static_cast<size_t>(index)].done);
        cancel(index + 1);
        done();
      });
}

// ── Streams ──────────────────────────────────────────────────────────────────────────────────────

std::int32_t TrafficDesk::open_stream(std::vector<std::int32_t> path, double demand_Bps,
                                      std::function<void(double)> told) {
  size_t index = 0;
  while (index < streams_.size() && streams_[index].open) ++index;
  if (index == streams_.size()) streams_.emplace_back();
  Stream& stream = streams_[index];
  stream = {};
  stream.open = true;
  stream.path = std::move(path);
  stream.told = std::move(told);
  stream.flow = add_flow(stream.path, demand_Bps, {-1, -1, -1, static_cast<std::int32_t>(index)});
  // Until shares have settled it may have its path to itself.
  set_rate(stream, std::min(demand_Bps, narrowest_rate(stream.path)));
  return static_cast<std::int32_t>(index) + 1;
}

void TrafficDesk::set_stream(std::int32_t handle, double demand_Bps) {
  Stream& stream = streams_[static_cast<size_t>(handle - 1)];
  solver_.set_demand(stream.flow, demand_Bps);
  means_.set(stream.flow, demand_Bps);
  set_rate(stream, std::min(stream.rate_Bps, demand_Bps));
  settle_later();
}

void TrafficDesk::close_stream(std::int32_t handle) {
  Stream& stream = streams_[static_cast<size_t>(handle - 1)];
  set_rate(stream, 0.0);
  remove_flow(stream.flow);
  stream = {};
}

void TrafficDesk::set_rate(Stream& stream, double rate_Bps) {
  count(stream.path, rate_Bps - stream.rate_Bps);
  stream.rate_Bps = rate_Bps;
}

}  // namespace busbar::engine
