#include "sim/engine/fault_desk.h"

#include <algorithm>
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

// The set of a cluster, and of its site's what is counted by parts of clusters.
model::FailureModel failures_at(const model::Platform& platform, const model::Cluster& cluster) {
  model::FailureModel failures;
  if (const auto set = platform.failures_of(cluster)) failures = platform.failure_models[set];
  std::erase_if(failures.modes, [](const auto& mode) { return mode.per == FailureUnit::kFeed; });
  const auto at_site = platform.sites[cluster.site].failures;
  if (!at_site) return failures;
  for (model::FailureMode mode : platform.failure_models[at_site].modes) {
    const bool shared = mode.per == FailureUnit::kFeed || mode.per == FailureUnit::kWanLink ||
                        mode.per == FailureUnit::kSite;
    mode.name = "site " + mode.name;
    if (!shared) failures.modes.push_back(mode);
  }
  return failures;
}

}  // namespace

FaultDesk::FaultDesk(Parts parts, Hooks hooks)
    : parts_(parts),
      hooks_(std::move(hooks)),
      log_holders_(base::RandomStreams(parts.scenario.seed, parts.scenario.replicate)
                       .get("faults/logged-victims", "")) {
  const model::Platform& platform = parts_.scenario.platform;
  for (const Pool& pool : parts_.fleet.pools) hurt_.emplace_back(pool.parts.size());
  for (const model::Site& site : platform.sites) {
    shops_.push_back({faults::RepairShop(site.crews)});
  }
  if (!parts_.scenario.failures) return;
  arm_log();
  const base::RandomStreams streams(parts_.scenario.seed, parts_.scenario.replicate);
  for (const auto id : platform.clusters.ids()) {
    const model::Cluster& cluster = platform.clusters[id];
    model::FailureModel failures = failures_at(platform, cluster);
    if (failures.modes.empty()) continue;
    Source& source = sources_.emplace_back(Source{id,
                                                  std::move(failures),
                                                  {},
                                                  false,
                                                  0,
                                                  {},
                                                  streams.get("faults/victims", cluster.name),
                                                  streams.get("faults/repairs", cluster.name)});
    for (model::FailureMode& mode : source.failures.modes) {
      mode.rate = mode.rate * parts_.scenario.failures->rates;
      source.differ = source.differ || mode.lemon_share > 0.0 || mode.shape != 1.0;
    }
    source.differ = source.differ || source.failures.bursts.mean_size > 1.0;
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

const model::Domain& FaultDesk::kind_at(const Place& place) const {
  const model::Platform& platform = parts_.scenario.platform;
  return platform.domain_of(platform.clusters[info(place).cluster]);
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
  faults::Population all =
      faults::population_of(platform, platform.domain_of(cluster), source.domains, per_pod);
  const model::Bursts& bursts = source.failures.bursts;
  if (bursts.mean_size > 1.0 && bursts.within == FailureUnit::kFeed) {
    all[FailureUnit::kFeed] = feeds_of(source);
  }
  return all;
}

void FaultDesk::capacity_changed() {
  const double now = parts_.clock.now();
  for (Source& source : sources_) {
    std::int64_t domains = 0;
    bool closed = false;
    for (const Place& place : source.places) {
      domains += info(place).powered + info(place).out;
      closed = closed || info(place).closings > 0;
    }
    domains = std::max<std::int64_t>(domains, 0);
    // What is closed for a while comes back as old as it is.
    if (domains == source.domains || closed) continue;
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
  parts_.clock.cancel(log_);
}

// ── Failures ─────────────────────────────────────────────────────────────────────────────────────

void FaultDesk::fail(Source& source) {
  const faults::Failure failure = source.process->pop();
  // A run until idle in which nothing runs waits for repairs alone, or it might never end.
  if (!parts_.scenario.horizon && parts_.jobs.stuck()) return arm(source);
  const model::FailureMode& mode = source.failures.modes[failure.mode];
  const model::Platform& platform = parts_.scenario.platform;
  const model::Cluster& cluster = platform.clusters[source.cluster];
  if (mode.slowdown > 0.0) {
    if (const auto at = pick(source, failure, 0)) slow_down(source, mode, *at);
    return arm(source);
  }
  hooks_.before();
  Fault fault;
  fault.row.time_s = parts_.clock.now();
  fault.row.site = cluster.site.index;
  std::tie(fault.row.component, fault.row.cause) = named(mode.kind);
  fault.ticket = {faults_, faults::repair_time(mode, source.repairs).value, mode.retest.value,
                  mode.needs_spare, replenished(cluster)};
  std::int64_t domains = 1;
  if (mode.takes == FailureUnit::kPod && cluster.pod) domains = platform.pods[cluster.pod].domains;
  if (mode.takes == FailureUnit::kCluster) domains = source.domains;
  Struck struck;
  for (std::int64_t nth = 0; nth < domains; ++nth) {
    if (const auto at = pick(source, failure, nth)) hit(source, mode, *at, fault, struck);
  }
  count(fault, struck);
  repair_later(mode, cluster.site.index, std::move(fault));
  for (const std::int32_t job : struck.stopped) parts_.jobs.requeue(job);
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

void FaultDesk::count(Fault& fault, const Struck& struck) {
  fault.row.jobs_hit = static_cast<std::int32_t>(struck.jobs.size());
  ++faults_;
}

// Nobody repairs what nobody knows of.
void FaultDesk::repair_later(const model::FailureMode& mode, std::int32_t site, Fault fault) {
  if (fault.losses.empty()) return parts_.journal.trace().add(fault.row);
  const std::int64_t number = fault.ticket.number;
  const double known_s = fault.row.time_s + mode.detection.value;
  parts_.clock.at(
      known_s, Phase::kChange, static_cast<std::uint64_t>(number), [this, site, number] {
        const auto at = open_.find(number);
        if (stopped_ || at == open_.end()) return;
        shops_[static_cast<size_t>(site)].shop.arrive(at->second.ticket, parts_.clock.now());
        arm(site);
      });
  open_.emplace(number, std::move(fault));
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

// What is out cannot fail again.
void FaultDesk::hit(Source& source, const model::FailureMode& mode, const Pick& at, Fault& fault,
                    Struck& struck) {
  if (info(at.place).closings > 0) return;
  if (at.hurt >= 0 && hurt_at(at.place)[static_cast<size_t>(at.hurt)].out) return;
  Strike strike{at.place, at.hurt, at.domain, chips_taken(source, mode), at.holder, {}};
  strike.hit.detection_s = mode.planned ? 0.0 : mode.detection.value;
  strike.hit.announced = mode.planned;
  strike.hit.takes = mode.takes;
  this->strike(strike, fault, struck);
  // What went out stands nowhere until it is given to somebody again.
  const std::int64_t hurt = at.domain < 0 ? -1 : hurt_of(at.place, at.domain);
  if (hurt >= 0 && hurt_at(at.place)[static_cast<size_t>(hurt)].out) {
    source.stands.erase(at.domain);
  }
}

void FaultDesk::strike(Strike strike, Fault& fault, Struck& struck) {
  std::vector<Hurt>& hurt = hurt_at(strike.place);
  const model::Domain& kind = kind_at(strike.place);
  const bool known = strike.hurt >= 0;
  const int missing = strike.chips + (known ? hurt[static_cast<size_t>(strike.hurt)].missing : 0);
  if (known && hurt[static_cast<size_t>(strike.hurt)].out) {  // nobody is there
    hurt[static_cast<size_t>(strike.hurt)].missing = missing;
    fault.losses.push_back(
        {strike.place, hurt[static_cast<size_t>(strike.hurt)].number, strike.chips});
    return;
  }
  if (info(strike.place).powered <= 0) return;  // what was hurt there has left, or is dark
  strike.hit.lost = strike.chips > 0 && missing > kind.chips_usable - kind.chips_used;
  const Holder& here = strike.holder;
  if (here.spare && strike.hit.lost) {
    parts_.fleet.release_spare(strike.place.pool, strike.place.part, here.pod);
  }
  if (here.replica >= 0) {
    parts_.serving.lose(strike.place.pool, strike.place.part, here.replica, here.pod);
  }
  strike.hit.cause = fault.row.cause;
  strike.hit.part = strike.place.part;
  strike.hit.at = here.at;
  for (const std::int32_t job : here.jobs) {
    struck.jobs.insert(job);
    if (parts_.jobs.hit(job, strike.hit)) struck.stopped.insert(job);
  }
  if (strike.chips == 0) return;
  if (!known) hurt.push_back({hurts_++, 0, false, -1, strike.domain});
  Hurt& broken = known ? hurt[static_cast<size_t>(strike.hurt)] : hurt.back();
  broken.missing = missing;
  if (strike.hit.lost) {
    broken.out = true;
    broken.pod = here.pod;
    parts_.fleet.take_out(parts_.clock.now(), strike.place.pool, strike.place.part, here.pod);
    parts_.journal.note(EventKind::kOutOfOrder, info(strike.place).cluster.index, 1.0);
  }
  fault.losses.push_back({strike.place, broken.number, strike.chips});
}

// ── Stragglers ───────────────────────────────────────────────────────────────────────────────────

// Its job goes on more slowly until somebody knows; then another domain takes its place.
void FaultDesk::slow_down(Source& source, const model::FailureMode& mode, const Pick& at) {
  if (info(at.place).closings > 0) return;
  const Holder& here = at.holder;
  for (const std::int32_t job : here.jobs) {
    parts_.jobs.slow_down(job, mode.slowdown, mode.detection.value);
  }
  if (here.jobs.empty()) return;
  ++stragglers_;
  parts_.clock.at(parts_.clock.now() + mode.detection.value, Phase::kChange,
                  static_cast<std::uint64_t>(source.cluster.index),
                  [this, &source, &mode, place = at.place] { replace(source, mode, place); });
}

// A free domain or a hot spare takes the place of the slow one, which is repaired. Without one it
// is repaired where it stands, between two steps.
void FaultDesk::replace(Source& source, const model::FailureMode& mode, const Place& place) {
  const int chips = chips_taken(source, mode);
  const model::Domain& kind = kind_at(place);
  if (stopped_ || info(place).closings > 0) return;
  if (chips <= kind.chips_usable - kind.chips_used) return;
  if (counts(place).free_domains <= 0 && !parts_.fleet.release_spare(place.pool, place.part)) {
    return;
  }
  hooks_.before();
  const model::Cluster& cluster = parts_.scenario.platform.clusters[source.cluster];
  Fault fault;
  fault.row.time_s = parts_.clock.now();
  fault.row.site = counts(place).site;
  std::tie(fault.row.component, fault.row.cause) = named(mode.kind);
  fault.ticket = {faults_++, faults::repair_time(mode, source.repairs).value, mode.retest.value,
                  mode.needs_spare, replenished(cluster)};
  const std::int32_t pod = PodBooks::of_free(counts(place), 0);
  Hurt& broken = hurt_at(place).emplace_back(Hurt{hurts_++, chips, true, pod, -1});
  fault.losses.push_back({place, broken.number, chips});
  parts_.fleet.take_out(parts_.clock.now(), place.pool, place.part, pod);
  parts_.journal.note(EventKind::kOutOfOrder, source.cluster.index, 1.0);
  shops_[static_cast<size_t>(fault.row.site)].shop.arrive(fault.ticket, parts_.clock.now());
  const std::int32_t site = fault.row.site;
  open_.emplace(fault.ticket.number, std::move(fault));
  arm(site);
  hooks_.after();
  parts_.jobs.capacity_changed(place.pool);
}

}  // namespace busbar::engine
