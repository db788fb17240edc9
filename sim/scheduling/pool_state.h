/// What is free where: the counts from which gangs are allocated.
///
/// A pool is a set of parts that share one queue; a part is the domains of one cluster in one
/// building. Whole domains are counted, by pod where there are several, and never listed, so the
/// cost of a job does not depend on its size; only partly used domains are known one by one. A pool
/// state is a plain value: policies copy it and play with the copy.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "sim/model/workload.h"
#include "sim/scheduling/pod_counts.h"

namespace busbar::scheduling {

/// What a job asks for.
struct Request {
  std::int64_t chips = 0;
  double watts_per_chip = 0.0;  // what one busy chip adds to the idle site's IT power
  model::Span span = model::Span::kCluster;
  int slices = 1;  // equal ones; where pods are known, each stands in one pod
};

/// Bandwidth of the least cut through a gang into halves, one direction and for each of its chips,
/// in bytes per second, by what joins it.
struct Bisections {
  std::vector<double> slice_Bps;  // one slice of 1, 2, … domains, by the scale-up network
  double group_Bps = 0.0;         // domains of one group of the fabric
  double across_Bps = 0.0;        // domains of several groups
};

/// Domains of one cluster in one building.
struct Part {
  std::int32_t cluster = -1;
  std::int32_t site = -1;    // index into PoolState::headroom
  std::int32_t island = -1;  // one job may span parts of one island, as far as its span allows
  int chips_per_domain = 1;
  std::int64_t free_domains = 0;           // wholly free; may be negative after a removal
  std::vector<std::int32_t> shared;        // free chips of each partly used domain; -1: unused slot
  std::int64_t shared_free_chips = 0;      // sum over `shared`
  PodCounts pods;                          // of the wholly free ones
  std::vector<std::int32_t> shared_pod;    // of each partly used domain, where pods are known
  const Bisections* bisections = nullptr;  // none: not known
  std::int32_t feed = -1;                  // power feed that serves it; -1: none

  /// Chips of the largest slice that it could hold now: the free domains of one pod, or of all
  /// where a gang may take any, and a rest in one shared domain.
  std::int64_t largest_hole() const;
  std::int64_t free_chips() const;
  std::int32_t pod_of(std::int32_t slot) const;
};

/// Extra IT power that a site can still take, by each of its limits.
struct Headroom {
  double it_w = std::numeric_limits<double>::infinity();
  double grid_w = std::numeric_limits<double>::infinity();  // facility limit, in IT watts
};

/// Chips of one job in one part: whole domains, and a rest in one shared domain.
struct Share {
  std::int32_t part = -1;
  std::int64_t whole_domains = 0;
  std::int32_t shared_slot = -1;
  std::int32_t shared_chips = 0;
  std::int32_t shared_pod = -1;  // of the shared domain, where pods are known
  std::int32_t pods = 0;         // that it takes domains of; 0: not known
};

/// Whole domains of one job in one pod.
struct PodShare {
  std::int32_t part = -1, pod = -1;
  std::int64_t domains = 0;
};

/// Where a job runs. One share unless the job spans parts.
struct Allocation {
  std::vector<Share> shares;
  std::vector<PodShare> pods;  // at most one for each pod; none where pods are not known
  double watts_per_chip = 0.0;
  PodOrder order = PodOrder::kTightest;  // of groups that are chosen when it is taken
};

/// Pod of the n-th whole domain that a gang holds in a part, in the order of its pods; -1: not
/// known.
std::int32_t pod_of(const Allocation& gang, std::int32_t part, std::int64_t nth);
/// A gang loses a whole domain of a pod, or (1) gets one.
void change_pod(Allocation& gang, std::int32_t part, std::int32_t pod, std::int64_t domains);

/// Why a job cannot start.
enum class Obstacle { kNone, kChips, kItPower, kGridPower, kWindow };

class PoolState;

/// A part that holds a whole request.
struct Candidate {
  std::int32_t part = -1;
  std::int64_t domains = 0;  // wholly free ones that it would take
  int slices = 1;
  bool one_pod = true;    // all of them in one pod or group
  std::int64_t left = 0;  // free domains that stay: in the pod it takes, else in the part
};

/// The lowest wins, by the first number, then the second, then the third.
using Score = std::array<double, 3>;

/// Rates where a job could go; ties go to the first part. Pure.
class Placement {
 public:
  virtual ~Placement() = default;
  virtual Score score(const PoolState& pool, const Candidate& candidate) const = 0;
  /// Which pod of the part each slice goes to.
  virtual PodOrder pods() const { return PodOrder::kTightest; }
};

/// Free capacity of a pool with its sites' power, and the arithmetic of taking and giving back.
class PoolState {
 public:
  std::vector<Part> parts;
  std::vector<Headroom> headroom;  // by site index of the platform

  /// Chips that no job holds, fragmented or not.
  std::int64_t free_chips() const;
  /// Finds room without taking it. `why` tells the obstacle when there is none.
  ///
  /// One part that holds the whole request is preferred, by `placement`; else, as far as the span
  /// allows, the parts with most free domains are filled one after the other: with whole slices
  /// where no slice may cross a pod. One slice is divided only if the job may span buildings of its
  /// site or sites: then it is a slice in each.
  bool find(const Request& request, const Placement& placement, Allocation& found,
            Obstacle& why) const;
  /// Whether an allocation found in another state of the same pool fits in this one.
  bool holds(const Allocation& allocation) const;
  /// Takes what find() found, and names the shared domain it opened and the groups of the fabric it
  /// takes domains of: one that holds them all by the allocation's order, else as few as possible.
  /// The same allocations taken in the same order from a copy name the same.
  void take(Allocation& allocation);
  /// Gives an allocation back.
  void give_back(const Allocation& allocation);
  /// Chips of one share.
  std::int64_t chips_of(const Share& share) const;
  /// Chips of all shares.
  std::int64_t chips_of(const Allocation& allocation) const;

 private:
  bool find_in_part(const Request& request, std::int32_t part, Share& share,
                    Candidate& candidate) const;
  bool fits_into_pods(const Request& request, PodOrder order, Candidate& candidate) const;
  void choose_pods(const Request& request, Allocation& found) const;
  bool spread(const Request& request, std::int32_t first, Allocation& found) const;
  std::int64_t most_chips(const Request& request, const Part& part, std::int64_t left) const;
  Obstacle power_obstacle(const Request& request, const Allocation& allocation) const;
};

}  // namespace busbar::scheduling
