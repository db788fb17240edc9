// Feeds and cooling loops that are counted: each serves an equal share of a site's domains.
#include <algorithm>

#include "sim/engine/fault_desk.h"
#include "sim/engine/shared_supplies.h"

namespace busbar::engine {
namespace {

// Numbers from `begin` on, before `end`.
struct Range {
  std::int64_t begin = 0, end = 0;
};

// The same range of the way through another number of things.
Range scaled(const Range& range, std::int64_t of, std::int64_t to) {
  if (of <= 0) return {};
  return {range.begin * to / of, range.end * to / of};
}

}  // namespace

// Feeds that serve a cluster, whose bursts stay within one of them. Where feeds are counted and
// one serves the edges of two clusters, the cluster has the number that is nearest to its share.
std::int64_t FaultDesk::feeds_of(const Source& source) const {
  const base::Id<model::Site> site = parts_.scenario.platform.clusters[source.cluster].site;
  const std::int64_t counted = parts_.scenario.platform.sites[site].feeds;
  std::set<std::int32_t> named;
  for (const Place& place : source.places) {
    if (counts(place).feed >= 0) named.insert(counts(place).feed);
  }
  if (counted == 0) return static_cast<std::int64_t>(named.size());
  std::int64_t all = 0;
  for (const Place& place : in_order(site)) all += domains_at(place);
  if (source.domains == 0 || all == 0) return 0;
  return std::max<std::int64_t>((2 * counted * source.domains + all) / (2 * all), 1);
}

std::int64_t FaultDesk::domains_at(const Place& place) const {
  const PartInfo& part = info(place);
  return std::max<std::int64_t>(part.powered + part.out + part.unpowered, 0);
}

std::vector<Fleet::Place> FaultDesk::in_order(base::Id<model::Site> site) const {
  std::vector<Place> places = parts_.fleet.places_at(site);
  std::stable_sort(places.begin(), places.end(), [this](const Place& a, const Place& b) {
    return std::pair(info(a).cluster.index, info(a).building) <
           std::pair(info(b).cluster.index, info(b).building);
  });
  return places;
}

// Domains `begin` to `end` of a part, numbered from `first` on in its cluster. Those that earlier
// outages took are known by number. Of the others, which are broken and which serve whom is a
// count: the share has its part of them, in the order of holder().
void FaultDesk::strike_range(const Place& place, std::int64_t first, std::int64_t begin,
                             std::int64_t end, JobDesk::Hit hit, Fault& fault, Struck& struck) {
  if (info(place).closings > 0 || begin >= end) return;
  const int chips = kind_at(place).chips_installed;
  std::vector<std::int64_t> known, nameless;  // hurts that are out, by index
  Range others{begin, end};                   // numbered without those that are known
  const std::int64_t here = domains_at(place);
  std::int64_t rest = here;
  const std::vector<Hurt>& hurt = hurt_at(place);
  std::set<std::int64_t> named;
  for (size_t i = 0; i < hurt.size(); ++i) {
    const std::int64_t number = hurt[i].domain < 0 ? -1 : hurt[i].domain - first;
    if (!hurt[i].out) continue;
    // Without a number, or with one that has gone with a removal.
    if (number < 0 || number >= here || !named.insert(number).second) {
      nameless.push_back(static_cast<std::int64_t>(i));
      continue;
    }
    --rest;
    if (number < begin) --others.begin;
    if (number < end) --others.end;
    if (number >= begin && number < end) known.push_back(static_cast<std::int64_t>(i));
  }
  const Range broken = scaled(others, rest, static_cast<std::int64_t>(nameless.size()));
  for (std::int64_t i = broken.begin; i < broken.end; ++i) {
    known.push_back(nameless[static_cast<size_t>(i)]);
  }
  for (const std::int64_t i : known) strike({place, i, -1, chips, {}, hit}, fault, struck);

  const std::int64_t on = info(place).powered;
  const Range lit = scaled(others, rest, on);
  std::vector<Holder> holders;
  for (std::int64_t i = lit.begin; i < lit.end; ++i) {
    holders.push_back(holder(place, (static_cast<double>(i) + 0.5) / static_cast<double>(on)));
  }
  // Idle ones first, then what services and gangs hold, each from the last: who loses a domain
  // finds those of this share gone, and the numbers of the rest stay.
  const auto order = [](const Holder& h) {
    const int kind = h.replica >= 0 ? 2 : h.jobs.empty() ? 0 : 1;
    return std::pair(kind, kind == 2 ? -h.replica : -h.at);
  };
  std::stable_sort(holders.begin(), holders.end(),
                   [&](const Holder& a, const Holder& b) { return order(a) < order(b); });
  std::int64_t number = begin;
  for (Holder& found : holders) {
    while (named.contains(number)) ++number;
    strike({place, hurt_of(place, first + number), first + number, chips, still(found, place), hit},
           fault, struck);
    ++number;
  }
}

// Who is left of those that were found on a domain, now that others of the share are out.
FaultDesk::Holder FaultDesk::still(const Holder& found, const Place& place) const {
  Holder now = found;
  now.jobs.clear();
  for (const std::int32_t id : found.jobs) {
    const ActiveJob* job = parts_.jobs.running().find(id);
    if (job == nullptr) continue;
    for (const scheduling::Share& share : job->allocation.shares) {
      if (share.part != place.part) continue;
      if (found.at >= 0) now.at = std::min(found.at, share.whole_domains - 1);
      if (found.at < 0 || share.whole_domains > 0) now.jobs.push_back(id);
    }
  }
  return now;
}

void FaultDesk::share_failed(base::Id<model::Site> site, const model::FailureMode& mode,
                             base::Seconds repair, std::int64_t share, std::int64_t shares) {
  // A run until idle in which nothing runs waits for repairs alone.
  if (stopped_ || (!parts_.scenario.horizon && parts_.jobs.stuck())) return;
  const std::vector<Place> places = in_order(site);
  std::int64_t all = 0;
  for (const Place& place : places) all += domains_at(place);
  const Range served = scaled({share, share + 1}, shares, all);
  hooks_.before();
  Fault fault;
  fault.row.time_s = parts_.clock.now();
  fault.row.site = site.index;
  const auto [component, cause] = supply_fault(mode.kind == model::ComponentKind::kCoolingLoop);
  fault.row.component = component;
  fault.row.cause = cause;
  fault.ticket = {faults_, repair.value, mode.retest.value, mode.needs_spare, true};
  JobDesk::Hit hit;
  hit.detection_s = mode.planned ? 0.0 : mode.detection.value;
  hit.announced = mode.planned;
  hit.takes = model::FailureUnit::kFeed;
  Struck struck;
  std::set<std::int32_t> pools;
  std::int64_t passed = 0, in_cluster = 0;  // domains before the part
  base::Id<model::Cluster> cluster;
  for (const Place& place : places) {
    if (cluster != info(place).cluster) in_cluster = 0;
    cluster = info(place).cluster;
    const std::int64_t here = domains_at(place);
    const std::int64_t begin = std::max<std::int64_t>(served.begin - passed, 0);
    const std::int64_t end = std::min(served.end - passed, here);
    strike_range(place, in_cluster, begin, end, hit, fault, struck);
    if (begin < end) pools.insert(place.pool);
    passed += here;
    in_cluster += here;
  }
  count(fault, struck);
  repair_later(mode, site.index, std::move(fault));
  for (const std::int32_t job : struck.stopped) parts_.jobs.requeue(job);
  hooks_.after();
  for (const std::int32_t pool : pools) parts_.jobs.capacity_changed(pool);
}

}  // namespace busbar::engine
