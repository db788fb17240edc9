// Whom a failure hits.
#include <algorithm>

#include "sim/engine/fault_desk.h"

namespace busbar::engine {

// An installed domain of the cluster, each as likely as another; of units that differ, that of the
// unit. None if it is dark.
std::optional<FaultDesk::Pick> FaultDesk::pick(Source& source, const faults::Failure& failure,
                                               std::int64_t nth) {
  Pick pick{source.places.front()};
  std::int64_t left = 0;
  if (source.differ) {
    const std::int64_t units = population(source)[source.failures.modes[failure.mode].per];
    left = pick.domain = (failure.unit * source.domains / units + nth) % source.domains;
  } else {
    left =
        static_cast<std::int64_t>(source.victims.uniform() * static_cast<double>(source.domains));
  }
  std::int64_t here = 0;
  for (const Place& place : source.places) {
    pick.place = place;
    here = info(place).powered + info(place).out;
    if (left < here) break;
    left -= here;
  }
  if (left >= here) return {};
  if (source.differ) {
    pick.hurt = hurt_of(pick.place, pick.domain);
    pick.holder = settled(source, pick);
  } else {
    if (left < static_cast<std::int64_t>(hurt_at(pick.place).size())) pick.hurt = left;
    pick.holder = holder(pick.place, source.victims.uniform());
  }
  return pick;
}

// Domains are counts, and who stands on one is drawn. A job that was found on it is there as long
// as it stays and holds as many; then the domain may be anywhere, and is drawn again.
FaultDesk::Holder FaultDesk::settled(Source& source, const Pick& pick) const {
  const double u = source.victims.uniform();
  if (const auto known = source.stands.find(pick.domain); known != source.stands.end()) {
    const Stand& stand = known->second;
    const ActiveJob* job = parts_.jobs.running().find(stand.job);
    if (job != nullptr && job->stay == stand.stay) {
      for (const scheduling::Share& share : job->allocation.shares) {
        if (share.part != pick.place.part || stand.at >= share.whole_domains) continue;
        const std::int32_t pod = scheduling::pod_of(job->allocation, share.part, stand.at);
        return {false, -1, stand.at, pod, {stand.job}};
      }
    }
    source.stands.erase(known);
  }
  const Holder found = holder(pick.place, u);
  if (found.at >= 0) {
    const std::int32_t job = found.jobs.front();
    source.stands[pick.domain] = {job, parts_.jobs.running().running(job).stay, found.at};
  }
  return found;
}

std::int64_t FaultDesk::hurt_of(const Place& place, std::int64_t domain) const {
  const std::vector<Hurt>& hurt = hurt_at(place);
  const auto at = std::find_if(hurt.begin(), hurt.end(),
                               [domain](const Hurt& h) { return h.domain == domain; });
  return at == hurt.end() ? -1 : at - hurt.begin();
}

// What stands on a domain in service, at `u` of the way through the free ones, the spares, those of
// services, those that small jobs share and those of gangs, each in the order of their pods.
FaultDesk::Holder FaultDesk::holder(const Place& place, double u) const {
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(place.pool)];
  const scheduling::Part& part = counts(place);
  const std::int64_t free = std::max<std::int64_t>(part.free_domains, 0);
  const std::int64_t all = info(place).powered - std::min<std::int64_t>(part.free_domains, 0);
  auto at = static_cast<std::int64_t>(u * static_cast<double>(all));
  Holder found;
  if (at < free) {
    found.pod = PodBooks::of_free(part, at);
    return found;
  }
  at -= free;
  found.spare = at < info(place).spare;
  if (found.spare) {
    found.pod = info(place).pods.of_spare(at);
    return found;
  }
  at -= info(place).spare;
  if (at < info(place).serving) {
    found.pod = info(place).pods.of_serving(at);
    found.replica = at;
    return found;
  }
  at -= info(place).serving;
  std::int32_t slot = -1;
  for (size_t i = 0; i < part.shared.size() && slot < 0; ++i) {
    if (part.shared[i] >= 0 && at-- == 0) slot = static_cast<std::int32_t>(i);
  }
  found.pod = part.pod_of(slot);
  for (const scheduling::RunningJob& job : pool.running) {
    for (const scheduling::Share& share : job.allocation->shares) {
      if (share.part != place.part) continue;
      if (slot >= 0) {
        if (share.shared_chips > 0 && share.shared_slot == slot) found.jobs.push_back(job.id);
      } else if (at < share.whole_domains) {
        found.at = at;
        found.pod = scheduling::pod_of(*job.allocation, place.part, at);
        found.jobs.push_back(job.id);
        return found;
      } else {
        at -= share.whole_domains;
      }
    }
  }
  return found;
}

}  // namespace busbar::engine
