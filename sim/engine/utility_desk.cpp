#include "sim/engine/utility_desk.h"

#include <cmath>
#include <utility>

namespace busbar::engine {

using model::ComponentKind;
using model::FailureUnit;

UtilityDesk::UtilityDesk(const model::Scenario& scenario, Clock& clock, Journal& journal,
                         Hooks hooks)
    : scenario_(scenario), clock_(clock), journal_(journal), hooks_(std::move(hooks)) {
  if (!scenario.failures || scenario.failures->rates <= 0.0) return;
  const model::Platform& platform = scenario.platform;
  const base::RandomStreams streams(scenario.seed, scenario.replicate);
  std::vector<char> taken(platform.wan_links.size(), 0);
  for (const auto id : platform.sites.ids()) {
    const model::Site& site = platform.sites[id];
    if (!site.failures) continue;
    Source& source =
        sources_.emplace_back(Source{id,
                                     platform.failure_models[site.failures],
                                     {},
                                     {},
                                     streams.get("faults/utility-repairs", site.name)});
    for (const auto link : platform.wan_links.ids()) {
      const model::WanLink& wan = platform.wan_links[link];
      const bool here = wan.a.site == id || wan.b.site == id;
      if (!here || std::exchange(taken[static_cast<size_t>(link.index)], 1) != 0) continue;
      source.links.push_back(link);
    }
    std::erase_if(source.failures.modes, [](const model::FailureMode& mode) {
      return mode.kind != ComponentKind::kSitePower && mode.kind != ComponentKind::kWanFibre;
    });
    for (model::FailureMode& mode : source.failures.modes) {
      mode.rate = mode.rate * scenario.failures->rates;
    }
    faults::Population population;
    population[FailureUnit::kSite] = 1;
    population[FailureUnit::kWanLink] = static_cast<std::int64_t>(source.links.size());
    source.process.emplace(source.failures, population, streams, "utilities of " + site.name,
                           base::Seconds{0.0});
    arm(source);
  }
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
  Open open;
  open.site = source.site;
  open.row.time_s = clock_.now();
  open.row.site = source.site.index;
  if (mode.kind == ComponentKind::kWanFibre) {
    open.link = source.links[static_cast<size_t>(failure.unit)];
    open.row.component = record::FaultComponent::kLink;
    open.row.cause = record::FaultCause::kNetwork;
    open.row.jobs_hit = hooks_.fibre(open.link, true);
  } else {
    open.row.component = record::FaultComponent::kFeed;
    open.row.cause = record::FaultCause::kPower;
    open.row.jobs_hit = hooks_.power(open.site, true);
  }
  const std::int64_t number = faults_++;
  const double lasts_s = faults::repair_time(mode, source.repairs).value;
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
  if (open.link) {
    hooks_.fibre(open.link, false);
  } else {
    hooks_.power(open.site, false);
  }
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
