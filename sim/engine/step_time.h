/// Step time from shares, and demands from step times: the two directions of contention.
///
/// Equations and their reasons: `sim/doc/models/engine.md`.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace busbar::engine {

/// When a job sends: *smooth* traffic hides behind compute, *bursty* traffic comes when compute is
/// done and the chips wait for it.
enum class Sending : std::uint8_t { kSmooth, kBursty };

/// What is sent. Bursts of one purpose go at the same time, those of different purposes in turn.
enum class Purpose : std::uint8_t { kExchange, kCheckpoint };

/// What a job sends over one path in every step, and what it gets for it.
struct PathLoad {
  Sending sending = Sending::kSmooth;
  Purpose purpose = Purpose::kExchange;
  double bytes_per_step = 0.0;
  double wait_s = 0.0;  // smooth: latency that must fit into the step beside the bytes
  double most_Bps = std::numeric_limits<double>::infinity();   // what the path can ever carry
  double demand_Bps = 0.0;                                     // what the job would use
  double offered_Bps = 0.0;                                    // the same, as the solver knows it
  double rate_Bps = 0.0;                                       // its share, a mean over the step
  double burst_Bps = std::numeric_limits<double>::infinity();  // bursty: rate while it sends
};

/// Seconds of a step: the longest of compute and smooth paths, then the longest burst of each
/// purpose, then what latency remains.
double step_time(double compute_s, double latency_s, std::span<const PathLoad> loads);

/// Rate that a job asks of one of its paths: what it would use if that path did not hold it up.
///
/// Smooth: its bytes in the time that compute or another path takes anyway. Bursty: a mean, its
/// bytes over a step with a burst at `burst_Bps`.
double demand_of(double compute_s, double latency_s, std::span<const PathLoad> loads, size_t which);

/// What flows put on links on average, and what a burst finds there.
class MeanLoads {
 public:
  explicit MeanLoads(size_t links)
      : on_link_(links), sum_Bps_(links), top_Bps_(links), changes_(links) {}

  /// A flow over a path (links, each at most once) appears; ids are small and may be used again.
  void add(std::int32_t flow, std::span<const std::int32_t> path, double mean_Bps);
  void remove(std::int32_t flow);
  void set(std::int32_t flow, double mean_Bps);
  /// A link has another capacity.
  void changed(std::int32_t link) { ++changes_[static_cast<size_t>(link)]; }
  /// Forgets what rounding added up.
  void sum_up();
  /// Grows whenever another flow on the path, or its own mean, changes by more than 1e-7.
  std::uint64_t changes(std::int32_t flow) const;

  /// Rate of a burst of a flow while it lasts: on each of its links the level z with
  /// z + sum over the others of min(mean, z) = capacity, on the tightest of them.
  ///
  /// A burst has what the others leave on average, and never less than an equal share: processor
  /// sharing as an arriving burst sees it (Bard's approximation of mean value analysis).
  double burst_rate(std::span<const double> capacity_Bps, std::int32_t flow) const;

 private:
  struct Flow {
    std::vector<std::int32_t> path;
    double mean_Bps = 0.0;
  };
  double level(double capacity_Bps, size_t link, std::int32_t flow) const;

  std::vector<Flow> flows_;  // by id
  std::vector<std::vector<std::int32_t>> on_link_;
  std::vector<double> sum_Bps_;
  std::vector<double> top_Bps_;  // at least the largest mean on a link
  std::vector<std::uint64_t> changes_;
};

}  // namespace busbar::engine
