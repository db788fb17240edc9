#include "sim/scheduling/placements.h"

namespace busbar::scheduling {
namespace {

const Part& part_of(const PoolState& pool, std::int32_t part) {
  return pool.parts[static_cast<size_t>(part)];
}

// Free domains at the site of a part, then in the part itself: one number that compares like the
// pair, as no part has a thousand million domains.
double site_then_part(const PoolState& pool, std::int32_t part) {
  constexpr double kMostDomains = 1e9;
  double site = 0.0;
  for (const Part& other : pool.parts) {
    if (other.site == part_of(pool, part).site) site += static_cast<double>(other.free_domains);
  }
  return site + static_cast<double>(part_of(pool, part).free_domains) / kMostDomains;
}

}  // namespace

double BestFit::score(const PoolState& pool, std::int32_t part, std::int64_t domains) const {
  return static_cast<double>(part_of(pool, part).free_domains - domains);
}

double FirstFit::score(const PoolState&, std::int32_t, std::int64_t) const { return 0.0; }

double WorstFit::score(const PoolState& pool, std::int32_t part, std::int64_t domains) const {
  return static_cast<double>(domains - part_of(pool, part).free_domains);
}

double Packed::score(const PoolState& pool, std::int32_t part, std::int64_t) const {
  return site_then_part(pool, part);
}

double Spread::score(const PoolState& pool, std::int32_t part, std::int64_t) const {
  return -site_then_part(pool, part);
}

}  // namespace busbar::scheduling
