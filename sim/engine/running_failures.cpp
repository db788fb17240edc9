#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/engine/running_jobs.h"
#include "sim/faults/restart.h"

namespace busbar::engine {

using record::EndReason;
using record::EventKind;

// ── Back to a checkpoint ─────────────────────────────────────────────────────────────────────────

double RunningJobs::go_back(ActiveJob& active, const Stop& why) const {
  if (why.announced) active.save();
  // Whoever leaves its place leaves the memory of its hosts to others.
  const bool leaves = why.reason == EndReason::kPreemption || why.reason == EndReason::kMove;
  const bool copies_lost = why.copies_lost || leaves;
  active.restart_due = why.restart;
  return active.give_way(copies_lost);
}

void RunningJobs::restart_in_place(std::int32_t job, const Stop& why) {
  const std::int32_t slot = slot_of(job);
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  const bool again = active.begun_s == parts_.clock.now() && active.restart_due.total_s() > 0.0;
  if (again && active.restart_due.total_s() >= why.restart.total_s()) return;
  parts_.books.close_segment(active, why.reason);
  parts_.books.counts.lost_chip_seconds += active.chips * go_back(active, why);
  if (!again) {
    ++active.interruptions;
    ++parts_.books.counts.interrupted;
    parts_.journal.note(EventKind::kInterrupt, job, active.chips);
    parts_.journal.note(EventKind::kStart, job, active.chips);
  }
  loads_.cancel(slot);
  delist(active);
  begin(slot);
  enlist(slot);
  load(slot);
  plan_end(slot);
}

// Reads the last checkpoint at all of the job's storage systems: each of its sites holds the whole
// state. How long that takes shows when it is done.
void RunningJobs::load(std::int32_t slot) {
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  const RestartCost& due = active.restart_due;
  if (due.load_bytes <= 0.0) return;
  std::vector<std::int32_t> links;
  for (const scheduling::Share& share : active.allocation.shares) {
    const std::int32_t link = parts_.network.storage_read(active.pool, share.part);
    if (link < 0 || std::find(links.begin(), links.end(), link) != links.end()) continue;
    links.push_back(link);
  }
  const double begun_s = parts_.clock.now() + due.before_s;
  if (links.empty()) {  // it has moved to where no storage is named
    active.restart_left_s = due.before_s + due.after_s;
    return;
  }
  active.restart_left_s = std::numeric_limits<double>::infinity();
  loads_.begin(slot, begun_s, due.load_bytes, std::move(links),
               [this, slot, begun_s] { loaded(slot, parts_.clock.now() - begun_s); });
}

void RunningJobs::loaded(std::int32_t slot, double took_s) {
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  const RestartCost& due = active.restart_due;
  active.restart_left_s = parts_.clock.now() - active.segment_start_s + due.after_s;
  delist(active);
  active.delay(took_s - due.load_s);
  enlist(slot);
  plan_end(slot);
}

// The domain that is hit is free then, so that it can go out of service.
bool RunningJobs::swap(std::int32_t job, std::int32_t part, std::int64_t at) {
  ActiveJob& active = active_[static_cast<size_t>(slot_of(job))];
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(active.pool)];
  scheduling::Part& counts = pool.state.parts[static_cast<size_t>(part)];
  if (counts.pods.empty()) return parts_.fleet.release_spare(active.pool, part);
  const std::int32_t from = scheduling::pod_of(active.allocation, part, at);
  const std::int32_t to = pool.parts[static_cast<size_t>(part)].pods.spare_for(counts, from);
  if (to < 0 || !parts_.fleet.release_spare(active.pool, part, to)) return false;
  scheduling::change_pod(active.allocation, part, from, -1);
  scheduling::change_pod(active.allocation, part, to, 1);
  counts.pods.add(from, 1);
  counts.pods.add(to, -1);
  return true;
}

// ── On without a replica ─────────────────────────────────────────────────────────────────────────

// Time that its replicas missed is not counted against a job's limits.
void RunningJobs::close_degraded(ActiveJob& active) {
  const double missed_s = active.worked_s - active.useful_s;
  parts_.books.close_segment(active, EndReason::kResize);
  if (!active.out.empty()) active.missed_s += active.worked_s - active.useful_s - missed_s;
}

// A change of what a job holds and of who takes part.
void RunningJobs::reshape(std::int32_t slot, EventKind event,
                          const std::function<void(ActiveJob&)>& change) {
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  close_degraded(active);
  parts_.traffic.close(slot);
  delist(active);
  active.delay(std::exchange(active.missed_s, 0.0));
  parts_.books.change_holding(active, [&](ActiveJob& a) {
    change(a);
    a.batch_share = sites_.share_of(a);
    send(slot);
  });
  enlist(slot);
  parts_.journal.note(event, active.job, active.batch_share / active.slow);
  plan_end(slot);
}

bool RunningJobs::go_on(std::int32_t job, const Blow& blow) {
  const std::int32_t slot = slot_of(job);
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  if (!replicas_.can_drop(active, blow.part, blow.at)) return false;
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(active.pool)];
  Replicas::Drop drop;
  reshape(slot, EventKind::kDegrade, [&](ActiveJob& a) {
    const std::int32_t pod = scheduling::pod_of(a.allocation, blow.part, blow.at);
    drop = replicas_.drop(a, blow.part, blow.at, blow.lost);
    if (blow.lost) {
      scheduling::Part& counts = pool.state.parts[static_cast<size_t>(blow.part)];
      ++counts.free_domains;
      if (!counts.pods.empty()) {
        counts.pods.add(pod, 1);
        scheduling::change_pod(a.allocation, blow.part, pod, -1);
        a.out[drop.replica].pods.push_back(pod);
      }
    }
    if (drop.was_out) return;
    // All hang in the step under way until it is detected, then go on without the replica.
    if (!blow.announced) {
      parts_.books.counts.lost_chip_seconds += a.chips * a.lose_step();
    }
    const double stall_s = blow.detection_s + blow.reconfigure.value;
    const double more_s = std::max(0.0, stall_s - a.restart_left_s);
    a.restart_left_s += more_s;
    a.delay(more_s);
    a.rejoin_s = blow.rejoin.value;
    ++a.degradations;
    ++parts_.books.counts.degraded;
  });
  degraded_.insert({active.job, slot});
  OutReplica& replica = active.out[drop.replica];
  parts_.clock.cancel(replica.joins);
  replica.joins = 0;
  if (replica.missing == 0) catch_up(slot, replica, blow.detection_s);
  return true;
}

// Hot spares for what a replica lacks beyond the free domains, where they may stand.
void RunningJobs::release_spares(std::int32_t index, const OutReplica& replica) {
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  const scheduling::Part& part = pool.state.parts[static_cast<size_t>(replica.part)];
  const PodBooks& books = pool.parts[static_cast<size_t>(replica.part)].pods;
  if (part.pods.empty()) {
    while (part.free_domains < replica.missing && parts_.fleet.release_spare(index, replica.part)) {
      ++parts_.books.counts.swapped;
    }
    return;
  }
  for (const std::int32_t pod : replica.pods) {
    if (PodBooks::free_for(part, pod) >= 0) continue;
    const std::int32_t from = books.spare_for(part, pod);
    if (from >= 0 && parts_.fleet.release_spare(index, replica.part, from)) {
      ++parts_.books.counts.swapped;
    }
  }
}

// Pods in which free domains take the places of those that a replica lacks, at most so many.
std::vector<scheduling::PodShare> RunningJobs::places_for(OutReplica& replica,
                                                          const scheduling::Part& part,
                                                          std::int64_t most) {
  std::vector<scheduling::PodShare> places;
  scheduling::Part left = part;
  std::erase_if(replica.pods, [&](std::int32_t pod) {
    if (static_cast<std::int64_t>(places.size()) >= most) return false;
    const std::int32_t from = PodBooks::free_for(left, pod);
    if (from < 0) return false;
    left.pods.add(from, -1);
    places.push_back({replica.part, from, 1});
    return true;
  });
  return places;
}

void RunningJobs::refill(std::int32_t index) {
  if (degraded_.empty()) return;
  Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  for (const auto& [job, slot] : degraded_) {
    ActiveJob& active = active_[static_cast<size_t>(slot)];
    if (active.pool != index) continue;
    for (OutReplica& replica : active.out) {
      scheduling::Part& part = pool.state.parts[static_cast<size_t>(replica.part)];
      release_spares(index, replica);
      const scheduling::Headroom room =
          parts_.fleet.sites[static_cast<size_t>(part.site)].headroom(parts_.clock.now());
      const double each_w = active.work.busy_w_per_chip * part.chips_per_domain;
      const double powered = std::floor(std::min(room.it_w, room.grid_w) / std::max(each_w, 1e-9));
      auto domains = std::min({replica.missing, part.free_domains,
                               static_cast<std::int64_t>(std::clamp(powered, 0.0, 1e15))});
      std::vector<scheduling::PodShare> pods;
      if (!part.pods.empty()) {
        pods = places_for(replica, part, domains);
        domains = static_cast<std::int64_t>(pods.size());
      }
      if (domains <= 0) continue;
      // What joins waits until its replica takes part: nobody's step changes yet.
      close_degraded(active);
      parts_.books.change_holding(active, [&](ActiveJob& a) {
        part.free_domains -= domains;
        replicas_.fill(a, replica, domains);
        for (const scheduling::PodShare& pod : pods) {
          part.pods.add(pod.pod, -1);
          scheduling::change_pod(a.allocation, replica.part, pod.pod, 1);
        }
      });
      if (replica.missing == 0) catch_up(slot, replica, 0.0);
    }
  }
}

// A replica that is whole again starts its processes and fetches the state from the others over the
// NICs of its nodes.
void RunningJobs::catch_up(std::int32_t slot, OutReplica& replica, double detection_s) {
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(active.pool)];
  const model::Domain& domain = parts_.platform.domains[pool.domain];
  const model::Node& node = parts_.platform.nodes[domain.node];
  const double nics = 1.0 * node.nics * domain.nodes * static_cast<double>(replica.domains);
  const double fetch_s =
      node.nic ? active.work.state_bytes / (nics * parts_.platform.nics[node.nic].bandwidth.value)
               : 0.0;
  const double chips = static_cast<double>(replica.domains * pool.used_chips_per_domain);
  const faults::Restart start =
      faults::restart_of({}, chips, base::Seconds{detection_s}, base::Seconds{fetch_s});
  parts_.journal.note(EventKind::kCatchUp, active.job, active.work.state_bytes);
  const std::int64_t number = replica.number;
  replica.joins = parts_.clock.at(parts_.clock.now() + start.total().value, Phase::kChange,
                                  static_cast<std::uint64_t>(active.job),
                                  [this, slot, number] { rejoin(slot, number); });
}

void RunningJobs::rejoin(std::int32_t slot, std::int64_t number) {
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  reshape(slot, EventKind::kRejoin, [&](ActiveJob& a) {
    std::erase_if(a.out, [&](const OutReplica& replica) { return replica.number == number; });
    const double more_s = std::max(0.0, a.rejoin_s - a.restart_left_s);
    a.restart_left_s += more_s;
    a.delay(more_s);
  });
  if (active.out.empty()) degraded_.erase({active.job, slot});
}

// ── Stragglers ───────────────────────────────────────────────────────────────────────────────────

// The slowest of several decides until the last of them is replaced.
void RunningJobs::slow_down(std::int32_t job, double speed, double for_s) {
  const std::int32_t slot = slot_of(job);
  const double until_s = parts_.clock.now() + for_s;
  const auto become = [this, slot](double slow) {
    reshape(slot, EventKind::kSlow, [slow](ActiveJob& a) { a.slow = slow; });
  };
  ActiveJob& active = active_[static_cast<size_t>(slot)];
  const bool longer = active.slow == 1.0 || until_s > active.slow_until_s;
  if (1.0 / speed > active.slow) become(1.0 / speed);
  if (!longer) return;
  active.slow_until_s = until_s;
  parts_.clock.cancel(active.replaced);
  active.replaced = parts_.clock.at(until_s, Phase::kChange, static_cast<std::uint64_t>(job),
                                    [become] { become(1.0); });
}

}  // namespace busbar::engine
