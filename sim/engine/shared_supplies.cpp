#include "sim/engine/shared_supplies.h"

#include <algorithm>

namespace busbar::engine {

bool SharedSupplies::serves(const model::SharedSupply& supply, const PartInfo& part) const {
  const model::Cluster& cluster = platform_.clusters[part.cluster];
  const auto named = [&](const std::string& name) {
    return std::find(supply.serves.begin(), supply.serves.end(), name) != supply.serves.end();
  };
  if (named(cluster.name)) return true;
  return part.building >= 0 &&
         named(platform_.sites[cluster.site].buildings[static_cast<size_t>(part.building)].name);
}

// Parts that it serves and no other of its kind that is in service.
std::vector<Fleet::Place> SharedSupplies::alone_on(base::Id<model::Site> site,
                                                   size_t supply) const {
  const auto& supplies = platform_.sites[site].supplies;
  std::vector<Fleet::Place> places;
  for (const Fleet::Place& place : fleet_.places_at(site)) {
    const PartInfo& part =
        fleet_.pools[static_cast<size_t>(place.pool)].parts[static_cast<size_t>(place.part)];
    if (!serves(supplies[supply], part)) continue;
    bool other = false;
    for (size_t i = 0; i < supplies.size(); ++i) {
      other = other || (i != supply && supplies[i].cooling == supplies[supply].cooling &&
                        !out_.contains({site.index, i}) && serves(supplies[i], part));
    }
    if (!other) places.push_back(place);
  }
  return places;
}

std::vector<Fleet::Place> SharedSupplies::fail(base::Id<model::Site> site, size_t supply) {
  if (++out_[{site.index, supply}] > 1) return {};
  return alone_on(site, supply);
}

std::vector<Fleet::Place> SharedSupplies::restore(base::Id<model::Site> site, size_t supply) {
  const auto at = out_.find({site.index, supply});
  if (--at->second > 0) return {};
  out_.erase(at);
  return alone_on(site, supply);
}

}  // namespace busbar::engine
