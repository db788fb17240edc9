/// The flows of running jobs, of single transfers and of streams, and what their shares mean.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "sim/engine/clock.h"
#include "sim/engine/rate_solver.h"
#include "sim/engine/step_time.h"

namespace busbar::engine {

/// A path and what a job puts on it.
struct Route {
  std::vector<std::int32_t> path;  // links
  PathLoad load;
  bool operator==(const Route& other) const;
};

/// All that a job sends, and the latency that no step can hide.
struct JobTraffic {
  std::vector<Route> routes;
  double latency_s = 0.0;
  bool operator==(const JobTraffic&) const = default;
};

/// Keeps one flow of the rate solver for each path of each job, and turns shares into step times.
///
/// After every change demands and shares are brought into agreement (a microsecond a round), then
/// the jobs whose step time is another are told.
class TrafficDesk {
 public:
  using Listener = std::function<void(std::int32_t slot, double step_s)>;
  TrafficDesk(Clock& clock, RateSolver& solver, const std::vector<Link>& links);

  void on_step(Listener listener) { listener_ = std::move(listener); }

  /// A job appears in a slot. Returns its step time as if it were alone; what others leave it is
  /// told when shares have settled.
  double open(std::int32_t slot, double compute_s, JobTraffic traffic);
  void close(std::int32_t slot);
  /// Whether a job has this traffic now.
  bool has(std::int32_t slot, double compute_s, const JobTraffic& traffic) const;
  void set_capacity(std::int32_t link, double capacity_Bps);

  /// Sends bytes once, as fast as shares allow; calls `done` when they have arrived. Returns a
  /// handle, never 0, that is forgotten then.
  std::int32_t send(std::vector<std::int32_t> path, double bytes, std::function<void()> done);
  void cancel(std::int32_t transfer);
  /// Bandwidth in bytes/s of the narrowest link of a path, as it is now; infinite without links.
  double narrowest_rate(std::span<const std::int32_t> path) const;

  /// Opens a lasting flow that asks for so much (above 0); `told` hears every new rate that shares
  /// give it. Returns a handle, never 0.
  std::int32_t open_stream(std::vector<std::int32_t> path, double demand_Bps,
                           std::function<void(double rate_Bps)> told);
  void set_stream(std::int32_t stream, double demand_Bps);
  void close_stream(std::int32_t stream);
  /// What a stream gets, and what one burst of it would get beside all others.
  double stream_rate(std::int32_t stream) const {
    return streams_[static_cast<size_t>(stream - 1)].rate_Bps;
  }
  double left_for(std::int32_t stream) const {
    return means_.burst_rate(capacity_Bps_, streams_[static_cast<size_t>(stream - 1)].flow);
  }

  /// Bytes that a link has carried, one direction.
  double carried_bytes(std::int32_t link) const;

 private:
  struct Job {
    bool open = false, touched = false;
    double compute_s = 0.0, step_s = 0.0;
    JobTraffic traffic;
    std::vector<PathLoad> loads;      // of the routes with links
    std::vector<std::int32_t> flows;  // of the same
    std::vector<std::uint64_t> seen;  // changes on their links when their bursts were looked at
    std::vector<std::vector<std::int32_t>> paths;
  };
  struct Transfer {
    bool open = false;
    std::int32_t flow = -1;
    std::vector<std::int32_t> path;
    double bytes_left = 0.0, rate_Bps = 0.0, since_s = 0.0;
    Clock::Handle arrival = 0;
    std::function<void()> done;
  };
  struct Stream {
    bool open = false;
    std::int32_t flow = -1;
    std::vector<std::int32_t> path;
    double rate_Bps = 0.0;
    std::function<void(double)> told;
  };
  struct Owner {
    std::int32_t slot = -1, load = -1, transfer = -1, stream = -1;
  };
  struct Use {
    double now_Bps = 0.0, bytes = 0.0, since_s = 0.0;
  };
  std::int32_t add_flow(std::span<const std::int32_t> path, double demand_Bps, Owner owner);
  void remove_flow(std::int32_t flow);
  void count(Job& job, double sign);
  void count(const std::vector<std::int32_t>& path, double rate_Bps);
  void touch(std::int32_t slot);
  void settle_later();
  void shares_changed(std::span<const Share> shares);
  void agree();
  bool agree_bursts();
  bool agree_smooth();
  void tell();
  void plan_arrival(std::int32_t transfer);
  void set_rate(Stream& stream, double rate_Bps);

  Clock& clock_;
  RateSolver& solver_;
  Listener listener_;
  std::vector<double> capacity_Bps_, nominal_Bps_;  // by link, now and at first
  MeanLoads means_;
  std::vector<Job> jobs_;  // by slot
  std::vector<Transfer> transfers_;
  std::vector<Stream> streams_;
  std::vector<Owner> owner_;  // by flow
  std::vector<std::int32_t> touched_;
  std::vector<Use> use_;  // by link
  std::int64_t bursty_ = 0;
  int rounds_ = 0;
  Clock::Handle pending_ = 0;
};

}  // namespace busbar::engine
