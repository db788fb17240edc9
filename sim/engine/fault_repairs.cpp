#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "sim/base/error.h"
#include "sim/engine/fault_desk.h"

namespace busbar::engine {

using record::EventKind;
using record::FaultCause;
using record::FaultComponent;

namespace {

constexpr std::array<const char*, 6> kLostBy = {
    "lost_chip_hours_by_hardware", "lost_chip_hours_by_software", "lost_chip_hours_by_power",
    "lost_chip_hours_by_cooling",  "lost_chip_hours_by_network",  "lost_chip_hours_by_maintenance"};

// Component and cause of a class of the log, as the trace names them.
std::pair<FaultComponent, FaultCause> named(std::string_view logged) {
  const auto says = [&](std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
      return logged.find(word) != std::string_view::npos;
    });
  };
  if (says({"NIC", "Cable", "Switch", "Optic", "Network"})) {
    return {FaultComponent::kLink, FaultCause::kNetwork};
  }
  if (says({"Power"})) return {FaultComponent::kNode, FaultCause::kPower};
  if (says({"Fan", "Cooling"})) return {FaultComponent::kCooling, FaultCause::kCooling};
  if (says({"Software", "System", "Firmware"})) {
    return {FaultComponent::kNode, FaultCause::kSoftware};
  }
  if (says({"GPU", "HBM"})) return {FaultComponent::kChip, FaultCause::kHardware};
  return {FaultComponent::kNode, FaultCause::kHardware};
}

}  // namespace

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
  std::vector<std::int64_t> numbers;
  for (const faults::Repaired& done :
       shops_[static_cast<size_t>(site)].shop.advance(parts_.clock.now())) {
    numbers.push_back(done.number);
  }
  back_in_service(numbers);
  arm(site);
}

void FaultDesk::back_in_service(const std::vector<std::int64_t>& numbers) {
  if (stopped_ || numbers.empty()) return;
  hooks_.before();
  for (const std::int64_t number : numbers) {
    const auto at = open_.find(number);
    base::ensure(at != open_.end(), "something is repaired that did not fail");
    at->second.row.repair_s = parts_.clock.now() - at->second.row.time_s;
    parts_.journal.trace().add(at->second.row);
    give_back(at->second);
    open_.erase(at);
  }
  hooks_.after();
}

void FaultDesk::give_back(const Fault& fault) {
  for (const Loss& loss : fault.losses) {
    std::vector<Hurt>& hurt = hurt_at(loss.place);
    const auto at = std::find_if(hurt.begin(), hurt.end(),
                                 [&](const Hurt& h) { return h.number == loss.hurt; });
    base::ensure(at != hurt.end(), "a domain is repaired that was whole");
    at->missing -= loss.chips;
    const model::Domain& kind = kind_at(loss.place);
    if (at->out && at->missing <= kind.chips_usable - kind.chips_used) {
      at->out = false;
      parts_.fleet.bring_back(loss.place.pool, loss.place.part, at->pod);
      parts_.journal.note(EventKind::kRepaired, info(loss.place).cluster.index, 1.0);
    }
    if (at->missing == 0) hurt.erase(at);
  }
}

// ── The log ──────────────────────────────────────────────────────────────────────────────────────

void FaultDesk::arm_log() {
  const auto& logged = parts_.scenario.failures->logged;
  if (stopped_ || next_logged_ == logged.size()) return;
  log_ = parts_.clock.at(logged[next_logged_].start_s, Phase::kChange, next_logged_, [this] {
    fail_logged(parts_.scenario.failures->logged[next_logged_++]);
    arm_log();
  });
}

// A server of the log is a node of its cluster; whose job stands there, the log does not know.
void FaultDesk::fail_logged(const model::LoggedFault& logged) {
  const base::Id<model::Cluster> cluster = parts_.scenario.failures->log_cluster;
  const std::int32_t index = parts_.fleet.pool_of(cluster);
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(index)];
  const model::Domain& kind = parts_.scenario.platform.domains[pool.domain];
  const std::int64_t domain = logged.server / kind.nodes;
  Strike strike;
  std::int64_t left = domain;
  for (size_t part = 0; part < pool.parts.size(); ++part) {
    const PartInfo& here = pool.parts[part];
    if (here.cluster != cluster) continue;
    strike.place = {index, static_cast<std::int32_t>(part)};
    left -= here.powered + here.out + here.unpowered;
    if (left < 0) break;
  }
  // Not there yet, or without power.
  const bool idle = !parts_.scenario.horizon && parts_.jobs.stuck();
  if (idle || left >= 0 || info(strike.place).closings > 0) return;
  hooks_.before();
  Fault fault;
  fault.row.time_s = parts_.clock.now();
  fault.row.site = counts(strike.place).site;
  std::tie(fault.row.component, fault.row.cause) = named(logged.cause);
  fault.ticket.number = faults_;
  strike.domain = domain;
  strike.hurt = hurt_of(strike.place, domain);
  strike.chips = parts_.scenario.platform.nodes[kind.node].accelerators;
  strike.holder = holder(strike.place, log_holders_.uniform());
  strike.hit.takes = model::FailureUnit::kNode;
  Struck struck;
  this->strike(strike, fault, struck);
  count(fault, struck);
  const std::int64_t number = fault.ticket.number;
  open_.emplace(number, std::move(fault));
  const double end_s = std::max(logged.end_s, parts_.clock.now());
  parts_.clock.at(end_s, Phase::kChange, static_cast<std::uint64_t>(number),
                  [this, number] { back_in_service({number}); });
  for (const std::int32_t job : struck.stopped) parts_.jobs.requeue(job);
  hooks_.after();
  parts_.jobs.capacity_changed(index);
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

void FaultDesk::begin_outage(const std::vector<Place>& places, FaultCause cause) {
  std::set<std::int32_t> stopped, pools;
  for (const Place& place : places) {
    pools.insert(place.pool);
    for (const scheduling::RunningJob& job :
         parts_.fleet.pools[static_cast<size_t>(place.pool)].running) {
      for (const scheduling::Share& share : job.allocation->shares) {
        if (share.part == place.part) stopped.insert(job.id);
      }
    }
  }
  for (const std::int32_t job : stopped) {
    parts_.jobs.hit(job, {.takes = model::FailureUnit::kSite, .cause = cause});
  }
  for (const Place& place : places) {
    parts_.serving.lose_all(place.pool, place.part);
    parts_.fleet.close(parts_.clock.now(), place.pool, place.part);
  }
  for (const std::int32_t job : stopped) parts_.jobs.requeue(job);
  for (const std::int32_t pool : pools) parts_.jobs.capacity_changed(pool);
}

// ── The end ──────────────────────────────────────────────────────────────────────────────────────

void FaultDesk::close(record::TraceWriter& trace) {
  for (auto& [number, fault] : open_) {
    fault.row.repair_s = std::nan("");
    trace.add(fault.row);
  }
  for (const auto& [cause, chip_s] : parts_.jobs.books().lost_by_cause()) {
    trace.set_summary(kLostBy[static_cast<size_t>(cause)], chip_s / base::kHour);
  }
  if (!parts_.scenario.failures) return;
  trace.set_summary("failures", faults_);
  if (stragglers_ > 0) trace.set_summary("stragglers", stragglers_);
}

}  // namespace busbar::engine
