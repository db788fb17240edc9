/// What is free where: the counts from which gangs are allocated.
///
/// A pool is a set of parts that share one queue; a part is the domains of one cluster in one
/// building. Whole domains are counted, never listed, so the cost of a job does not depend on its
/// size; only partly used domains are known one by one. A pool state is a plain value: policies
/// copy it and play with the copy.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "sim/model/workload.h"

namespace busbar::scheduling {

/// What a job asks for.
struct Request {
  std::int64_t chips = 0;
  double watts_per_chip = 0.0;  // what one busy chip adds to the idle site's IT power
  model::Span span = model::Span::kCluster;
};

/// Domains of one cluster in one building.
struct Part {
  std::int32_t cluster = -1;
  std::int32_t site = -1;    // index into PoolState::headroom
  std::int32_t island = -1;  // one job may span parts of one island, as far as its span allows
  int chips_per_domain = 1;
  std::int64_t free_domains = 0;       // wholly free; may be negative after a removal
  std::vector<std::int32_t> shared;    // free chips of each partly used domain; -1: unused slot
  std::int64_t shared_free_chips = 0;  // sum over `shared`

  /// Chips of the largest gang that it could hold now: its free domains and a rest
  /// in one shared domain.
  std::int64_t largest_hole() const;
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
};

/// Where a job runs. One share unless the job spans parts.
struct Allocation {
  std::vector<Share> shares;
  double watts_per_chip = 0.0;
};

/// Why a job cannot start.
enum class Obstacle { kNone, kChips, kItPower, kGridPower, kWindow };

class PoolState;

/// Rates where a job could go; the lowest score wins, ties go to the first part. Pure.
class Placement {
 public:
  virtual ~Placement() = default;
  /// @param part     index of a part that holds the whole request.
  /// @param domains  wholly free domains that the request would take from it.
  virtual double score(const PoolState& pool, std::int32_t part, std::int64_t domains) const = 0;
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
  /// allows, the parts with most free domains are filled one after the other.
  bool find(const Request& request, const Placement& placement, Allocation& found,
            Obstacle& why) const;
  /// Whether an allocation found in another state of the same pool fits in this one.
  bool holds(const Allocation& allocation) const;
  /// Takes what find() found, and names the shared domain it opened. The same allocations taken in
  /// the same order from a copy name the same domains.
  void take(Allocation& allocation);
  /// Gives an allocation back.
  void give_back(const Allocation& allocation);
  /// Chips of one share.
  std::int64_t chips_of(const Share& share) const;
  /// Chips of all shares.
  std::int64_t chips_of(const Allocation& allocation) const;

 private:
  bool find_in_part(std::int32_t part, std::int64_t chips, Share& share,
                    std::int64_t& new_domains) const;
  bool spread(const Request& request, std::int32_t first, Allocation& found) const;
  Obstacle power_obstacle(const Request& request, const Allocation& allocation) const;
};

}  // namespace busbar::scheduling
