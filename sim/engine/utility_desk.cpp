#include "sim/engine/utility_desk.h"

#include <cmath>
#include <utility>

#include "sim/engine/shared_supplies.h"

namespace busbar::engine {

using model::ComponentKind;
using model::FailureUnit;

UtilityDesk::UtilityDesk(const model::Scenario& scenario, Clock& clock, Journal& journal,
                         Hooks hooks)
    : scenario_(scenario), clock_(clock), journal_(journal), hooks_(std::move(hooks)) {
  if (!scenario.failures || scenario.failures->rates <= 0.0) return;
  const model::Platform& platform = scenario.platform;
  std::vector<char> taken(platform.wan_links.size(), 0);
  for (const auto id : platform.sites.ids()) {
    const model::Site& site = platform.sites[id];
    if (!site.failures) continue;
    Source shared{id}, feeds{id}, loops{id};
    for (const auto link : platform.wan_links.ids()) {
      const model::WanLink& wan = platform.wan_links[link];
      const bool here = wan.a.site == id || wan.b.site == id;
      if (!here || std::exchange(taken[static_cast<size_t>(link.index)], 1) != 0) continue;
      shared.links.push_back(link);
    }
    for (size_t i = 0; i < site.supplies.size(); ++i) {
      (site.supplies[i].cooling ? loops : feeds).supplies.push_back(i);
    }
    feeds.shares = site.feeds;
    loops.shares = site.cooling_loops;
    for (const model::FailureMode& mode : platform.failure_models[site.failures].modes) {
      const bool of_supply = mode.per == FailureUnit::kFeed;
      const bool of_site = mode.kind == ComponentKind::kSitePower && !of_supply;
      if (of_site || mode.kind == ComponentKind::kWanFibre) shared.failures.modes.push_back(mode);
      if (!of_supply) continue;
      (mode.kind == ComponentKind::kCoolingLoop ? loops : feeds).failures.modes.push_back(mode);
    }
    add("utilities of " + site.name, site.name, std::move(shared));
    add("feeds of " + site.name, "feeds of " + site.name, std::move(feeds));
    add("cooling of " + site.name, "cooling of " + site.name, std::move(loops));
  }
}

// The draws of failures and of repairs have streams of their own, by name.
void UtilityDesk::add(const std::string& failing, const std::string& repaired, Source from) {
  if (from.failures.modes.empty()) return;
  const model::FailureModel& set =
      scenario_.platform.failure_models[scenario_.platform.sites[from.site].failures];
  const base::RandomStreams streams(scenario_.seed, scenario_.replicate);
  Source& source = sources_.emplace_back(std::move(from));
  source.failures.name = set.name;
  source.failures.bursts = set.bursts;
  source.failures.drift = set.drift;
  for (model::FailureMode& mode : source.failures.modes) {
    mode.rate = mode.rate * scenario_.failures->rates;
  }
  source.repairs.emplace(streams.get("faults/utility-repairs", repaired));
  faults::Population population;
  population[FailureUnit::kSite] = 1;
  population[FailureUnit::kWanLink] = static_cast<std::int64_t>(source.links.size());
  population[FailureUnit::kFeed] =
      static_cast<std::int64_t>(source.supplies.size()) + source.shares;
  source.process.emplace(source.failures, population, streams, failing, base::Seconds{0.0});
  arm(source);
}

void UtilityDesk::arm(Source& source) {
  const double next_s = source.process->next_s();
  if (stopped_ || std::isinf(next_s)) return;
  source.next =
      clock_.at(std::max(next_s, clock_.now()), Phase::kChange,
                static_cast<std::uint64_t>(source.site.index), [this, &source] { fail(source); });
}

void UtilityDesk::fail(Source& source) {
  const faults::Failure failure = source.process->pop();
  const model::FailureMode& mode = source.failures.modes[failure.mode];
  if (source.shares > 0 && mode.takes != FailureUnit::kSite) {
    hooks_.share(source.site, mode, faults::repair_time(mode, *source.repairs), failure.unit,
                 source.shares);
    return arm(source);
  }
  Open open;
  open.site = source.site;
  open.row.time_s = clock_.now();
  open.row.site = source.site.index;
  if (mode.kind == ComponentKind::kWanFibre) {
    open.link = source.links[static_cast<size_t>(failure.unit)];
    open.row.component = record::FaultComponent::kLink;
    open.row.cause = record::FaultCause::kNetwork;
  } else {
    if (!source.supplies.empty() && mode.takes != FailureUnit::kSite) {
      open.supply = source.supplies[static_cast<size_t>(failure.unit)];
    }
    const auto [component, cause] = supply_fault(mode.kind == ComponentKind::kCoolingLoop);
    open.row.component = component;
    open.row.cause = cause;
  }
  open.row.jobs_hit = change(open, true);
  const std::int64_t number = faults_++;
  const double lasts_s = faults::repair_time(mode, *source.repairs).value;
  open_.emplace(number, open);
  clock_.at(clock_.now() + lasts_s, Phase::kChange, static_cast<std::uint64_t>(number),
            [this, number] { over(number); });
  arm(source);
}

void UtilityDesk::over(std::int64_t number) {
  const auto at = open_.find(number);
  Open open = at->second;
  open_.erase(at);
  open.row.repair_s = clock_.now() - open.row.time_s;
  journal_.trace().add(open.row);
  change(open, false);
}

std::int32_t UtilityDesk::change(const Open& open, bool begins) const {
  if (open.link) return hooks_.fibre(open.link, begins);
  if (open.supply) return hooks_.supply(open.site, *open.supply, begins);
  return hooks_.power(open.site, begins);
}

void UtilityDesk::stop() {
  stopped_ = true;
  for (Source& source : sources_) clock_.cancel(source.next);
}

void UtilityDesk::close() {
  for (auto& [number, open] : open_) {
    open.row.repair_s = std::nan("");
    journal_.trace().add(open.row);
  }
}

}  // namespace busbar::engine
