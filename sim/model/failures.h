/// How often hardware and software fail, what that takes out, and how long it lasts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/quantity.h"

namespace busbar::model {

/// What fails. Names in the input: `chip`, `hbm`, `host`, … in this order (`name_of`).
enum class ComponentKind {
  kChip,
  kMemory,
  kHost,
  kNic,
  kCable,
  kSwitch,
  kOpticalSwitch,
  kRackPower,
  kCoolingLoop,
  kSitePower,
  kWanFibre,
  kSoftwareHang,
  kSilentDataCorruption,
  kStraggler,
  kMaintenance,
};
inline constexpr int kComponentKinds = 15;
std::string_view name_of(ComponentKind kind);

/// What a rate counts, and what a failure takes out, from the inside out. `kJob` interrupts a job
/// and takes nothing out; rates are never per job.
enum class FailureUnit {
  kJob,
  kChip,
  kNic,
  kNode,
  kDomain,
  kPod,
  kFeed,
  kCluster,
  kWanLink,
  kSite
};
inline constexpr int kFailureUnits = 10;
std::string_view name_of(FailureUnit unit);

/// Time out of service: log-normal. A median of 0 means that nothing is repaired: the unit is back
/// at once.
struct RepairTime {
  base::Seconds median;
  double sigma = 0.0;  // of the logarithm
  base::Seconds mean() const;
};

/// One way to fail.
struct FailureMode {
  std::string name;  // unique in its set: `gpu-memory`
  ComponentKind kind = ComponentKind::kChip;
  base::Hertz rate;  // long-run mean of one unit
  FailureUnit per = FailureUnit::kChip;
  FailureUnit takes = FailureUnit::kNode;
  double shape = 1.0;         // Weibull: below 1 infant mortality, above 1 wear
  double lemon_share = 0.0;   // of the units
  double lemon_factor = 1.0;  // rate of a lemon over that of another unit
  base::Seconds detection;    // from the failure to the moment at which someone knows
  RepairTime repair;
  base::Seconds retest;  // after the repair, without a crew
  bool needs_spare = false;
  bool planned = false;   // maintenance and the like: announced
  double slowdown = 0.0;  // of a straggler: share of speed lost; 0: it stops
};

/// Failures that come together: an event is a burst of a geometric number of failures with one
/// cause in distinct units.
struct Bursts {
  double mean_size = 1.0;                      // 1: every failure comes alone
  double together = 1.0;                       // share of members at the very instant of the burst
  base::Seconds spread;                        // mean delay of the others
  FailureUnit within = FailureUnit::kCluster;  // what the members share: a rack, a feed, …
};

/// Slow change of all rates: a gamma-distributed factor of mean 1 for each period.
struct RateDrift {
  double variation = 0.0;  // coefficient of variation; 0: none
  base::Seconds period;
};

/// A set of failure modes with one definition of what counts as a failure.
struct FailureModel {
  std::string name;
  std::string counts;  // what the rates count, for people: `failures attributed to hardware`
  std::vector<FailureMode> modes;
  Bursts bursts;
  RateDrift drift;
  /// Position of a mode, if there is one of that name.
  std::optional<size_t> find(std::string_view mode) const;
};

/// A server of a log, out of service. Times from the beginning of the log.
struct LoggedFault {
  int server = 0;  // its number in the log
  double start_s = 0.0;
  double end_s = 0.0;
  std::string cause;  // the log's class
};

}  // namespace busbar::model
