/// Where in a pool a job goes that fits into one building.
#pragma once

#include "sim/scheduling/pool_state.h"

namespace busbar::scheduling {

/// The building that is left with the fewest free domains: keeps large holes for large jobs.
class BestFit : public Placement {
 public:
  double score(const PoolState& pool, std::int32_t part, std::int64_t domains) const override;
};

/// The first building in the order of the world file.
class FirstFit : public Placement {
 public:
  double score(const PoolState& pool, std::int32_t part, std::int64_t domains) const override;
};

/// The building with the most free domains: levels the load of buildings.
class WorstFit : public Placement {
 public:
  double score(const PoolState& pool, std::int32_t part, std::int64_t domains) const override;
};

/// The site with the fewest free domains, there the building left with the fewest: fills site after
/// site, so that whole sites stay free for jobs that span buildings.
class Packed : public Placement {
 public:
  double score(const PoolState& pool, std::int32_t part, std::int64_t domains) const override;
};

/// The site with the most free domains, there the building with the most: no failure of a site or
/// building hits more jobs than it must.
class Spread : public Placement {
 public:
  double score(const PoolState& pool, std::int32_t part, std::int64_t domains) const override;
};

}  // namespace busbar::scheduling
