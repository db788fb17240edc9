#include "sim/engine/window_desk.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/model/capacity.h"

namespace busbar::engine {

using record::EventKind;

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
// How far ahead repeated windows are planned for.
constexpr double kLookAhead_s = 366.0 * base::kDay;

}  // namespace

// The chips of a reservation are held where most domains stand, building after building.
WindowDesk::WindowDesk(const Parts& parts) : parts_(parts) {
  const model::Scenario& scenario = parts.scenario;
  for (const model::Reservation& reservation : scenario.reservations) {
    Reserved reserved{&reservation, {}};
    const model::Cluster& cluster = scenario.platform.clusters[reservation.cluster];
    const auto deliveries = model::deliveries_under_shocks(scenario, reservation.cluster);
    for (const auto& place : parts.capacity.places_of(reservation.cluster)) {
      const Pool& pool = parts.fleet.pools[static_cast<size_t>(place.pool)];
      const int building = pool.parts[static_cast<size_t>(place.part)].building;
      std::int64_t domains = 0;
      for (const model::Delivery& delivery : deliveries) {
        const int where = delivery.building >= 0 ? delivery.building : cluster.building;
        const double at_s = delivery.date_unix_s +
                            (delivery.domains > 0 ? cluster.burn_in.value : 0.0) -
                            scenario.start_unix_s;
        if (where == building && at_s <= reservation.from_s) domains += delivery.domains;
      }
      reserved.held.push_back({place, domains * pool.used_chips_per_domain});
    }
    std::stable_sort(reserved.held.begin(), reserved.held.end(),
                     [](const Held& a, const Held& b) { return a.chips > b.chips; });
    std::int64_t left = reservation.chips;
    for (Held& held : reserved.held) {
      held.chips = std::min(held.chips, left);
      left -= held.chips;
    }
    std::erase_if(reserved.held, [](const Held& held) { return held.chips <= 0; });
    reserved_.push_back(std::move(reserved));
  }
  next_s_.assign(scenario.maintenance.size(), kNever);
  open_until_.assign(scenario.maintenance.size(), -1.0);
}

void WindowDesk::schedule() {
  const auto order = [this](size_t i) {
    const model::Platform& platform = parts_.scenario.platform;
    return static_cast<std::uint64_t>(platform.clusters.size() + platform.sites.size() + i);
  };
  for (size_t i = 0; i < reserved_.size(); ++i) {
    const model::Reservation& reservation = *reserved_[i].reservation;
    ++once_left_;
    parts_.clock.at(reservation.from_s, Phase::kChange, order(i), [this, i] { begin(i); });
    parts_.clock.at(reservation.to_s, Phase::kChange, order(i), [this, i] {
      --once_left_;
      const model::Reservation& over = *reserved_[i].reservation;
      parts_.journal.note(EventKind::kReleased, over.cluster.index,
                          static_cast<double>(over.chips));
      refresh();
    });
  }
  for (size_t i = 0; i < parts_.scenario.maintenance.size(); ++i) {
    if (parts_.scenario.maintenance[i].every_s <= 0.0) ++once_left_;
    plan(i, parts_.scenario.maintenance[i].from_s);
  }
  if (!reserved_.empty() || !next_s_.empty()) refresh();
}

void WindowDesk::plan(size_t i, double begin_s) {
  next_s_[i] = begin_s;
  if (begin_s > parts_.horizon_s) return;
  const auto order = static_cast<std::uint64_t>(parts_.scenario.platform.clusters.size() +
                                                parts_.scenario.platform.sites.size() + i);
  parts_.clock.at(begin_s, Phase::kChange, order, [this, i] { maintain(i, true); });
}

// ── Reservations ─────────────────────────────────────────────────────────────────────────────────

// Chips of a part that its reservation should have free, but others hold.
std::int64_t WindowDesk::reserved_but_taken(const Reserved& reserved, const Held& held) const {
  const Pool& pool = parts_.fleet.pools[static_cast<size_t>(held.place.pool)];
  const scheduling::Part& part = pool.state.parts[static_cast<size_t>(held.place.part)];
  std::int64_t chips = 0;  // of all its owner's reservations there that are open
  for (const Reserved& other : reserved_) {
    const model::Reservation& r = *other.reservation;
    const double now = parts_.clock.now();
    if (r.organisation != reserved.reservation->organisation || now < r.from_s || now >= r.to_s) {
      continue;
    }
    for (const Held& here : other.held) {
      if (here.place == held.place) chips += here.chips;
    }
  }
  for (const scheduling::RunningJob& job : pool.running) {
    if (job.tenant != reserved.reservation->organisation.index) continue;
    for (const scheduling::Share& share : job.allocation->shares) {
      if (share.part == held.place.part) chips -= pool.state.chips_of(share);
    }
  }
  if (chips <= 0) return 0;
  return chips - part.free_domains * part.chips_per_domain - part.shared_free_chips;
}

void WindowDesk::begin(size_t i) {
  const Reserved& reserved = reserved_[i];
  parts_.journal.note(EventKind::kHeld, reserved.reservation->cluster.index,
                      static_cast<double>(reserved.reservation->chips));
  std::vector<std::int32_t> stopped;
  for (const Held& held : reserved.held) {
    const Pool& pool = parts_.fleet.pools[static_cast<size_t>(held.place.pool)];
    while (reserved_but_taken(reserved, held) > 0) {
      const scheduling::RunningJob* newest = nullptr;
      for (const scheduling::RunningJob& job : pool.running) {
        if (job.tenant == reserved.reservation->organisation.index) continue;
        const auto& shares = job.allocation->shares;
        const bool here = std::any_of(shares.begin(), shares.end(), [&](const auto& share) {
          return share.part == held.place.part;
        });
        const bool newer = newest == nullptr || job.start_s > newest->start_s ||
                           (job.start_s == newest->start_s && job.id > newest->id);
        if (here && newer) newest = &job;
      }
      if (newest == nullptr) break;  // failed, or of services
      stopped.push_back(newest->id);
      parts_.jobs.vacate(newest->id, true);
    }
  }
  std::sort(stopped.begin(), stopped.end());
  for (const std::int32_t job : stopped) parts_.jobs.requeue(job);
  refresh();
}

// ── Maintenance ──────────────────────────────────────────────────────────────────────────────────

std::vector<CapacityDesk::Place> WindowDesk::places_of(
    const model::Maintenance& maintenance) const {
  std::vector<CapacityDesk::Place> places;
  for (const auto cluster : maintenance.clusters) {
    for (const auto& place : parts_.capacity.places_of(cluster)) places.push_back(place);
  }
  return places;
}

void WindowDesk::maintain(size_t i, bool begins) {
  if (stopped_) return;
  const model::Maintenance& maintenance = parts_.scenario.maintenance[i];
  for (const auto cluster : maintenance.clusters) {
    parts_.journal.note(begins ? EventKind::kClosed : EventKind::kOpened, cluster.index, 0.0);
  }
  if (begins) {
    const double now = parts_.clock.now();
    open_until_[i] = now + maintenance.duration_s;
    parts_.clock.at(open_until_[i], Phase::kChange, 0, [this, i] { maintain(i, false); });
    next_s_[i] = kNever;
    if (maintenance.every_s > 0.0) plan(i, now + maintenance.every_s);
    refresh();
    parts_.capacity.close(places_of(maintenance), true);
    return;
  }
  open_until_[i] = -1.0;
  const std::int64_t starts = parts_.jobs.starts();
  ends_since_start_ = starts == starts_ ? ends_since_start_ + 1 : 0;
  starts_ = starts;
  if (maintenance.every_s <= 0.0) --once_left_;
  refresh();
  parts_.capacity.open(places_of(maintenance));
}

// After two windows without a start, what waits does not wait for the next one to end.
bool WindowDesk::more_to_come() const {
  if (once_left_ > 0) return true;
  const bool repeats =
      std::any_of(next_s_.begin(), next_s_.end(), [](double next_s) { return next_s < kNever; });
  return repeats && (parts_.jobs.starts() != starts_ || ends_since_start_ < 2);
}

// ── What policies are told ───────────────────────────────────────────────────────────────────────

double WindowDesk::look_ahead_s() const {
  return std::min(parts_.horizon_s, parts_.clock.now() + kLookAhead_s);
}

void WindowDesk::refresh() {
  const double now = parts_.clock.now();
  for (Pool& pool : parts_.fleet.pools) pool.windows.clear();
  const auto add = [&](const CapacityDesk::Place& place, const scheduling::Window& window) {
    if (window.end_s > now) {
      parts_.fleet.pools[static_cast<size_t>(place.pool)].windows.push_back(window);
    }
  };
  for (const Reserved& reserved : reserved_) {
    const model::Reservation& r = *reserved.reservation;
    for (const Held& held : reserved.held) {
      add(held.place, {r.from_s, r.to_s, held.place.part, held.chips, r.organisation.index});
    }
  }
  for (size_t i = 0; i < next_s_.size(); ++i) {
    const model::Maintenance& maintenance = parts_.scenario.maintenance[i];
    if (!maintenance.drains) continue;
    for (const CapacityDesk::Place& place : places_of(maintenance)) {
      const auto from = [&](double begin_s) {
        add(place,
            {.begin_s = begin_s, .end_s = begin_s + maintenance.duration_s, .part = place.part});
      };
      if (next_s_[i] == kNever) continue;
      from(next_s_[i]);
      for (double next_s = next_s_[i] + maintenance.every_s;
           maintenance.every_s > 0.0 && next_s <= look_ahead_s(); next_s += maintenance.every_s) {
        from(next_s);
      }
    }
  }
  for (size_t index = 0; index < parts_.fleet.pools.size(); ++index) {
    auto& windows = parts_.fleet.pools[index].windows;
    std::stable_sort(windows.begin(), windows.end(),
                     [](const auto& a, const auto& b) { return a.begin_s < b.begin_s; });
    parts_.jobs.request_decision(static_cast<std::int32_t>(index));
  }
}

}  // namespace busbar::engine
