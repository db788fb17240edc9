#include "sim/engine/fault_desk.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "sim/base/error.h"

namespace busbar::engine {

using model::ComponentKind;
using model::FailureUnit;
using record::EventKind;
using record::FaultCause;
using record::FaultComponent;

namespace {

constexpr std::array<const char*, 6> kLostBy = {
    "lost_chip_hours_by_hardware", "lost_chip_hours_by_software", "lost_chip_hours_by_power",
    "lost_chip_hours_by_cooling",  "lost_chip_hours_by_network",  "lost_chip_hours_by_maintenance"};

// Component and cause as the trace names them.
std::pair<FaultComponent, FaultCause> named(ComponentKind kind) {
  switch (kind) {
    case ComponentKind::kChip:
    case ComponentKind::kMemory:
    case ComponentKind::kStraggler:
    case ComponentKind::kSilentDataCorruption:
      return {FaultComponent::kChip, FaultCause::kHardware};
    case ComponentKind::kHost:
      return {FaultComponent::kNode, FaultCause::kHardware};
    case ComponentKind::kSoftwareHang:
      return {FaultComponent::kNode, FaultCause::kSoftware};
    case ComponentKind::kMaintenance:
      return {FaultComponent::kNode, FaultCause::kMaintenance};
    case ComponentKind::kNic:
    case ComponentKind::kCable:
    case ComponentKind::kSwitch:
    case ComponentKind::kOpticalSwitch:
    case ComponentKind::kWanFibre:
      return {FaultComponent::kLink, FaultCause::kNetwork};
    case ComponentKind::kRackPower:
      return {FaultComponent::kDomain, FaultCause::kPower};
    case ComponentKind::kSitePower:
      return {FaultComponent::kFeed, FaultCause::kPower};
    case ComponentKind::kCoolingLoop:
      return {FaultComponent::kCooling, FaultCause::kCooling};
  }
  return {FaultComponent::kNode, FaultCause::kHardware};
}

}  // namespace

FaultDesk::FaultDesk(Parts parts, Hooks hooks) : parts_(parts), hooks_(std::move(hooks)) {
  const model::Platform& platform = parts_.scenario.platform;
  for (const Pool& pool : parts_.fleet.pools) hurt_.emplace_back(pool.parts.size());
  for (const model::Site& site : platform.sites) {
    shops_.push_back({faults::RepairShop(site.crews)});
  }
  if (!parts_.scenario.failures) return;
  const base::RandomStreams streams(parts_.scenario.seed, parts_.scenario.replicate);
  for (const auto id : platform.clusters.ids()) {
    const model::Cluster& cluster = platform.clusters[id];
    const auto set = platform.failures_of(cluster);
    if (!set) continue;
    Source& source = sources_.emplace_back(Source{id,
                                                  platform.failure_models[set],
                                                  {},
                                                  0,
                                                  {},
                                                  streams.get("faults/victims", cluster.name),
                                                  streams.get("faults/repairs", cluster.name)});
    // A straggler is replaced without an interruption, and its slow steps are not simulated.
    std::erase_if(source.failures.modes, [](const auto& mode) { return mode.slowdown > 0.0; });
    for (model::FailureMode& mode : source.failures.modes) {
      mode.rate = mode.rate * parts_.scenario.failures->rates;
    }
    const std::int32_t index = parts_.fleet.pool_of(id);
    const Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
    for (size_t part = 0; part < pool.parts.size(); ++part) {
      if (pool.parts[part].cluster != id) continue;
      source.places.push_back({index, static_cast<std::int32_t>(part)});
    }
    source.process.emplace(source.failures, population(source), streams, cluster.name,
                           base::Seconds{0.0});
  }
}

PartInfo& FaultDesk::info(const Place& place) const {
  return parts_.fleet.pools[static_cast<size_t>(place.pool)].parts[static_cast<size_t>(place.part)];
}

scheduling::Part& FaultDesk::counts(const Place& place) const {
  return parts_.fleet.pools[static_cast<size_t>(place.pool)]
      .state.parts[static_cast<size_t>(place.part)];
}

// ── When ─────────────────────────────────────────────────────────────────────────────────────────

faults::Population FaultDesk::population(const Source& source) const {
  const model::Platform& platform = parts_.scenario.platform;
  const model::Cluster& cluster = platform.clusters[source.cluster];
  const int per_pod = cluster.pod ? platform.pods[cluster.pod].domains : 0;
  return faults::population_of(platform, platform.domain_of(cluster), source.domains, per_pod);
}

void FaultDesk::capacity_changed() {
  const double now = parts_.clock.now();
  for (Source& source : sources_) {
    std::int64_t domains = 0;
    for (const Place& place : source.places) domains += info(place).powered + info(place).out;
    domains = std::max<std::int64_t>(domains, 0);
    if (domains == source.domains) continue;
    source.domains = domains;
    source.process->resize(population(source), base::Seconds{now});
    arm(source);
  }
}

void FaultDesk::arm(Source& source) {
  parts_.clock.cancel(source.next);
  source.next = 0;
  const double next_s = source.process->next_s();
  if (stopped_ || std::isinf(next_s)) return;
  source.next = parts_.clock.at(std::max(next_s, parts_.clock.now()), Phase::kChange,
                                static_cast<std::uint64_t>(source.cluster.index),
                                [this, &source] { fail(source); });
}

void FaultDesk::stop() {
  stopped_ = true;
  for (Source& source : sources_) parts_.clock.cancel(source.next);
  for (Shop& shop : shops_) parts_.clock.cancel(shop.next);
}

// ── Failures ─────────────────────────────────────────────────────────────────────────────────────

void FaultDesk::fail(Source& source) {
  const double now = parts_.clock.now();
  const faults::Failure failure = source.process->pop();
  // A run until idle in which nothing runs waits for repairs alone, or it might never end.
  if (!parts_.scenario.horizon && parts_.jobs.stuck()) return arm(source);
  const model::FailureMode& mode = source.failures.modes[failure.mode];
  const model::Platform& platform = parts_.scenario.platform;
  const model::Cluster& cluster = platform.clusters[source.cluster];
  hooks_.before();
  Fault fault;
  fault.row.time_s = now;
  fault.row.site = cluster.site.index;
  std::tie(fault.row.component, fault.row.cause) = named(mode.kind);
  fault.ticket = {faults_, faults::repair_time(mode, source.repairs).value, mode.retest.value,
                  mode.needs_spare, replenished(cluster)};
  const double lost_before_s = parts_.jobs.books().counts.lost_chip_seconds;
  std::int64_t domains = 1;
  if (mode.takes == FailureUnit::kPod && cluster.pod) domains = platform.pods[cluster.pod].domains;
  if (mode.takes == FailureUnit::kCluster) domains = source.domains;
  std::set<std::int32_t> jobs;
  for (; domains > 0; --domains) hit(source, mode, fault, jobs);
  lost_chip_s_[fault.row.cause] += parts_.jobs.books().counts.lost_chip_seconds - lost_before_s;
  fault.row.jobs_hit = static_cast<std::int32_t>(jobs.size());
  ++faults_;
  if (fault.losses.empty()) {
    parts_.journal.trace().add(fault.row);
  } else {
    // Nobody repairs what nobody knows of.
    const std::int32_t site = cluster.site.index;
    const std::int64_t number = fault.ticket.number;
    parts_.clock.at(now + mode.detection.value, Phase::kChange, static_cast<std::uint64_t>(number),
                    [this, site, number] {
                      const auto at = open_.find(number);
                      if (stopped_ || at == open_.end()) return;
                      shops_[static_cast<size_t>(site)].shop.arrive(at->second.ticket,
                                                                    parts_.clock.now());
                      arm(site);
                    });
    open_.emplace(number, std::move(fault));
  }
  for (const std::int32_t job : jobs) parts_.jobs.requeue(job);
  hooks_.after();
  parts_.jobs.capacity_changed(parts_.fleet.pool_of(source.cluster));
  arm(source);
}

// Whether its vendor delivers spares.
bool FaultDesk::replenished(const model::Cluster& cluster) const {
  const auto& shocks = parts_.scenario.shocks;
  return std::none_of(shocks.begin(), shocks.end(), [&](const model::Shock& shock) {
    return shock.kind == "supplier-halt" && shock.stops_what("spares") &&
           shock.holds_at(parts_.clock.now()) && shock.covers(parts_.scenario.platform, cluster);
  });
}

size_t FaultDesk::under_repair() const {
  size_t waiting_for_ever = 0;
  for (const Shop& shop : shops_) {
    if (std::isinf(shop.shop.next_s())) waiting_for_ever += shop.shop.waiting();
  }
  return open_.size() - waiting_for_ever;
}

int FaultDesk::chips_taken(const Source& source, const model::FailureMode& mode) const {
  const model::Platform& platform = parts_.scenario.platform;
  const model::Cluster& cluster = platform.clusters[source.cluster];
  if (mode.takes == FailureUnit::kJob || mode.repair.median.value <= 0.0) return 0;
  if (mode.takes == FailureUnit::kChip) return 1;
  if (mode.takes == FailureUnit::kNic || mode.takes == FailureUnit::kNode) {
    return platform.node_of(cluster).accelerators;
  }
  return platform.domain_of(cluster).chips_installed;
}

// One installed domain of the cluster, each as likely as another. What is out cannot fail again.
void FaultDesk::hit(Source& source, const model::FailureMode& mode, Fault& fault,
                    std::set<std::int32_t>& jobs) {
  const double which = source.victims.uniform(), holder = source.victims.uniform();
  auto domain = static_cast<std::int64_t>(which * static_cast<double>(source.domains));
  Place place = source.places.front();
  for (const Place& here : source.places) {
    place = here;
    const std::int64_t domains = info(here).powered + info(here).out;
    if (domain < domains) break;
    domain -= domains;
  }
  if (info(place).closings > 0) return;
  std::vector<Hurt>& hurt = hurt_at(place);
  const bool known = domain < static_cast<std::int64_t>(hurt.size());
  if (known && hurt[static_cast<size_t>(domain)].out) return;
  const Eviction evicted = evict(place, holder);
  for (const std::int32_t job : evicted.jobs) {
    parts_.jobs.interrupt(job, mode.planned ? 0.0 : mode.detection.value, mode.planned);
    jobs.insert(job);
  }
  const int chips = chips_taken(source, mode);
  if (chips == 0) return;
  if (!known) hurt.push_back({hurts_++});
  Hurt& broken = known ? hurt[static_cast<size_t>(domain)] : hurt.back();
  broken.missing += chips;
  const model::Domain& kind =
      parts_.scenario.platform.domain_of(parts_.scenario.platform.clusters[source.cluster]);
  if (broken.missing > kind.chips_usable - kind.chips_used) {
    broken.out = true;
    broken.pod = evicted.pod;
    parts_.fleet.take_out(parts_.clock.now(), place.pool, place.part, broken.pod);
    parts_.journal.note(EventKind::kOutOfOrder, source.cluster.index, 1.0);
  }
  fault.losses.push_back({place, broken.number, chips});
}

// Frees a domain that is in service, at `u` of the way through the free ones, those of services,
// those that small jobs share and those of gangs, each in the order of their pods. Returns the jobs
// that have to leave it.
FaultDesk::Eviction FaultDesk::evict(const Place& place, double u) {
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(place.pool)];
  const scheduling::Part& part = counts(place);
  const std::int64_t free = std::max<std::int64_t>(part.free_domains, 0);
  const std::int64_t all = info(place).powered - std::min<std::int64_t>(part.free_domains, 0);
  auto at = static_cast<std::int64_t>(u * static_cast<double>(all));
  if (at < free) return {{}, PodBooks::of_free(part, at)};
  at -= free;
  if (at < info(place).serving) {
    const std::int32_t pod = info(place).pods.of_serving(at);
    parts_.serving.lose(place.pool, place.part, at, pod);
    return {{}, pod};
  }
  at -= info(place).serving;
  std::int32_t slot = -1;
  for (size_t i = 0; i < part.shared.size() && slot < 0; ++i) {
    if (part.shared[i] >= 0 && at-- == 0) slot = static_cast<std::int32_t>(i);
  }
  Eviction evicted{{}, part.pod_of(slot)};
  for (const scheduling::RunningJob& job : pool.running) {
    for (const scheduling::Share& share : job.allocation->shares) {
      if (share.part != place.part) continue;
      if (slot >= 0) {
        if (share.shared_chips > 0 && share.shared_slot == slot) evicted.jobs.push_back(job.id);
      } else if (at < share.whole_domains) {
        return {{job.id}, pod_of(*job.allocation, place.part, at)};
      } else {
        at -= share.whole_domains;
      }
    }
  }
  return evicted;
}

std::int32_t FaultDesk::pod_of(const scheduling::Allocation& gang, std::int32_t part,
                               std::int64_t nth) {
  for (const scheduling::PodShare& of_pod : gang.pods) {
    if (of_pod.part != part) continue;
    if (nth < of_pod.domains) return of_pod.pod;
    nth -= of_pod.domains;
  }
  return -1;
}

// ── Repairs ──────────────────────────────────────────────────────────────────────────────────────

void FaultDesk::arm(std::int32_t site) {
  Shop& shop = shops_[static_cast<size_t>(site)];
  parts_.clock.cancel(shop.next);
  shop.next = 0;
  const double next_s = shop.shop.next_s();
  if (stopped_ || std::isinf(next_s)) return;
  shop.next = parts_.clock.at(std::max(next_s, parts_.clock.now()), Phase::kChange,
                              static_cast<std::uint64_t>(site), [this, site] { repair(site); });
}

void FaultDesk::repair(std::int32_t site) {
  const double now = parts_.clock.now();
  const auto repaired = shops_[static_cast<size_t>(site)].shop.advance(now);
  if (!repaired.empty()) {
    hooks_.before();
    for (const faults::Repaired& done : repaired) {
      const auto at = open_.find(done.number);
      base::ensure(at != open_.end(), "something is repaired that did not fail");
      at->second.row.repair_s = now - at->second.row.time_s;
      parts_.journal.trace().add(at->second.row);
      give_back(at->second);
      open_.erase(at);
    }
    hooks_.after();
  }
  arm(site);
}

void FaultDesk::give_back(const Fault& fault) {
  for (const Loss& loss : fault.losses) {
    std::vector<Hurt>& hurt = hurt_at(loss.place);
    const auto at = std::find_if(hurt.begin(), hurt.end(),
                                 [&](const Hurt& h) { return h.number == loss.hurt; });
    base::ensure(at != hurt.end(), "a domain is repaired that was whole");
    at->missing -= loss.chips;
    const model::Platform& platform = parts_.scenario.platform;
    const model::Cluster& cluster = platform.clusters[info(loss.place).cluster];
    const model::Domain& kind = platform.domain_of(cluster);
    if (at->out && at->missing <= kind.chips_usable - kind.chips_used) {
      at->out = false;
      parts_.fleet.bring_back(loss.place.pool, loss.place.part, at->pod);
      parts_.journal.note(EventKind::kRepaired, info(loss.place).cluster.index, 1.0);
    }
    if (at->missing == 0) hurt.erase(at);
  }
}

// ── Outages ──────────────────────────────────────────────────────────────────────────────────────

double FaultDesk::chips_at(std::int32_t site, bool powered) const {
  double chips = 0.0;
  for (const std::int32_t index : parts_.fleet.pools_at({site})) {
    const Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
    for (size_t i = 0; i < pool.parts.size(); ++i) {
      if (pool.state.parts[i].site != site) continue;
      const PartInfo& part = pool.parts[i];
      chips += static_cast<double>((powered ? part.powered : part.unpowered) *
                                   pool.used_chips_per_domain);
    }
  }
  return chips;
}

void FaultDesk::begin_outage(std::int32_t site) {
  std::set<std::int32_t> stopped;
  for (const std::int32_t index : parts_.fleet.pools_at({site})) {
    const Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
    std::set<std::int32_t> jobs;
    for (const scheduling::RunningJob& job : pool.running) {
      for (const scheduling::Share& share : job.allocation->shares) {
        if (pool.state.parts[static_cast<size_t>(share.part)].site == site) jobs.insert(job.id);
      }
    }
    for (const std::int32_t job : jobs) parts_.jobs.interrupt(job, 0.0, false);
    stopped.insert(jobs.begin(), jobs.end());
    for (size_t part = 0; part < pool.parts.size(); ++part) {
      if (pool.state.parts[part].site != site) continue;
      parts_.serving.lose_all(index, static_cast<std::int32_t>(part));
    }
  }
  parts_.fleet.begin_outage(parts_.clock.now(), site);
  for (const std::int32_t job : stopped) parts_.jobs.requeue(job);
  for (const std::int32_t pool : parts_.fleet.pools_at({site})) {
    parts_.jobs.capacity_changed(pool);
  }
}

// ── The end ──────────────────────────────────────────────────────────────────────────────────────

void FaultDesk::close(record::TraceWriter& trace) {
  for (auto& [number, fault] : open_) {
    fault.row.repair_s = std::nan("");
    trace.add(fault.row);
  }
  if (!parts_.scenario.failures) return;
  trace.set_summary("failures", faults_);
  for (const auto& [cause, chip_s] : lost_chip_s_) {
    trace.set_summary(kLostBy[static_cast<size_t>(cause)], chip_s / base::kHour);
  }
}

}  // namespace busbar::engine
