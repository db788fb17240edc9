#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/rows.h"
#include "sim/input/platform_reader.h"

namespace busbar::input {

using base::Dimension;
using model::ComponentKind;
using model::FailureMode;
using model::FailureUnit;
using xml::Element;

namespace {

constexpr std::string_view kExample = "'3.4e-6 /h per chip' or '6.50 /d per 1000 node'";

std::vector<std::string> unit_names() {
  std::vector<std::string> names;  // but for the first, a job: it is no component
  for (int i = 1; i < model::kFailureUnits; ++i) {
    names.emplace_back(model::name_of(static_cast<FailureUnit>(i)));
  }
  return names;
}

std::optional<FailureUnit> unit_named(std::string_view name) {
  for (int i = 0; i < model::kFailureUnits; ++i) {
    const auto unit = static_cast<FailureUnit>(i);
    if (model::name_of(unit) == name) return unit;
  }
  return std::nullopt;
}

ComponentKind kind_named(std::string_view name) {
  for (int i = 0; i < model::kComponentKinds; ++i) {
    const auto kind = static_cast<ComponentKind>(i);
    if (model::name_of(kind) == name) return kind;
  }
  return ComponentKind::kChip;  // the schema knows no other
}

// What a failure of a kind takes out unless the input says otherwise.
FailureUnit usual_extent(ComponentKind kind) {
  switch (kind) {
    case ComponentKind::kOpticalSwitch:
    case ComponentKind::kRackPower:
    case ComponentKind::kSwitch:
      return FailureUnit::kDomain;
    case ComponentKind::kCoolingLoop:
      return FailureUnit::kFeed;
    case ComponentKind::kSitePower:
      return FailureUnit::kSite;
    case ComponentKind::kWanFibre:
      return FailureUnit::kWanLink;
    case ComponentKind::kSoftwareHang:
    case ComponentKind::kSilentDataCorruption:
      return FailureUnit::kJob;
    default:
      return FailureUnit::kNode;
  }
}

// The failures over time in front of `per`: `3.4e-6 /h`, `0.057 %/month`.
base::ParsedQuantity frequency(std::string_view text) {
  std::string spelled(base::trim(text));
  double factor = 1.0;
  if (const size_t percent = spelled.find('%'); percent != std::string::npos) {
    factor = 0.01;
    spelled.erase(percent, 1);
  }
  if (const size_t slash = spelled.find('/'); slash != std::string::npos) {
    spelled.insert(slash, "1");  // the parser's name of a bare count
  } else {
    return {0.0, fmt::format("'{}' has no unit of time", base::trim(text))};
  }
  base::ParsedQuantity parsed = base::parse_quantity(spelled, Dimension::kFrequency);
  if (!parsed) parsed.error = fmt::format("'{}' is no number over a time", base::trim(text));
  parsed.value *= factor;
  return parsed;
}

// Reads one <failures>.
class FailuresReader {
 public:
  FailuresReader(model::Platform& platform, base::Diagnostics& problems)
      : platform_(platform), problems_(problems) {}

  model::FailureModel read(const Element& e) {
    model::FailureModel set;
    set.name = e.get("id");
    set.counts = e.get("counts");
    const std::string subject = fmt::format("failures '{}'", set.name);
    cite(e, subject, platform_.citations, problems_);
    for (const Element& c : e.children()) {
      if (c.name() == "component") {
        component(c, subject, set);
        continue;
      }
      cite(c, fmt::format("{} {}", subject, c.name()), platform_.citations, problems_);
      if (c.name() == "burst") set.bursts = burst(c);
      if (c.name() == "drift") set.drift = drift(c);
    }
    if (set.modes.empty()) {
      problems_.error(e.where(), "{} has no <component>: nothing would fail", subject);
    }
    return set;
  }

 private:
  double time_of(const Element& e, std::string_view name) {
    return xml::quantity(e, name, Dimension::kTime, 0.0, problems_);
  }
  double share(const Element& e, std::string_view name, double fallback) {
    const auto text = e.attribute(name);
    if (!text) return fallback;
    const auto parsed = base::parse_quantity(text->value, Dimension::kFraction);
    if (parsed && parsed.value > 1.0) {
      problems_.error(text->where, "<{}> {}: {} is more than all; a share is at most 100 %",
                      e.name(), name, text->value);
      return fallback;
    }
    return xml::quantity(e, name, Dimension::kFraction, fallback, problems_, 0.0, 1.0);
  }
  // A plain number at or above a least one (above, if `open`).
  double factor(const Element& e, std::string_view name, double least, bool open) {
    const auto text = e.attribute(name);
    if (!text) return 1.0;
    const auto value = base::parse_number(text->value);
    if (!value || *value < least || (open && *value == least)) {
      problems_.error(text->where, "<{}> {} must be {} {:g}, got '{}'", e.name(), name,
                      open ? "above" : "at least", least, text->value);
      return 1.0;
    }
    return *value;
  }
  void component(const Element& e, const std::string& subject, model::FailureModel& set);
  void rate(const Element& e, FailureMode& mode);
  model::RepairTime repair(const Element& e);
  model::Bursts burst(const Element& e);
  model::RateDrift drift(const Element& e);

  model::Platform& platform_;
  base::Diagnostics& problems_;
};

void FailuresReader::component(const Element& e, const std::string& subject,
                               model::FailureModel& set) {
  FailureMode mode;
  mode.kind = kind_named(e.get("kind"));
  mode.name = e.get("name", e.get("kind"));
  cite(e, fmt::format("{} {}", subject, mode.name), platform_.citations, problems_);
  rate(e, mode);
  mode.takes = unit_named(e.get("takes")).value_or(usual_extent(mode.kind));
  mode.shape = factor(e, "shape", 0.0, true);
  mode.lemon_share = share(e, "lemons", 0.0);
  mode.lemon_factor = factor(e, "lemon-factor", 1.0, false);
  if (e.has("lemons") != e.has("lemon-factor")) {
    problems_.error(e.where(), "<component> '{}': lemons and lemon-factor go together", mode.name);
  }
  mode.detection = base::Seconds{time_of(e, "detection")};
  mode.repair = repair(e);
  mode.retest = base::Seconds{time_of(e, "retest")};
  mode.needs_spare = xml::boolean(e, "spare", false, problems_);
  if (e.has("retest") || mode.needs_spare) {
    if (!e.has("repair-median")) {
      problems_.error(e.where(e.has("retest") ? "retest" : "spare"),
                      "<component> '{}': nothing to test or replace without repair-median",
                      mode.name);
    }
  }
  mode.planned = xml::boolean(e, "planned", mode.kind == ComponentKind::kMaintenance, problems_);
  mode.slowdown = share(e, "slowdown", 0.0);
  if ((mode.kind == ComponentKind::kStraggler) != (mode.slowdown > 0.0)) {
    problems_.error(e.where(), "<component> '{}': a straggler, and nothing else, has a slowdown",
                    mode.name);
  }
  if (set.find(mode.name)) {
    problems_.error(e.where(), "{} has two components '{}'; give one another name=\"…\"", subject,
                    mode.name);
  }
  set.modes.push_back(std::move(mode));
}

void FailuresReader::rate(const Element& e, FailureMode& mode) {
  const auto text = e.attribute("rate");
  if (!text) return;
  const std::string_view all = text->value;
  const size_t per = all.find(" per ");
  if (per == std::string_view::npos) {
    problems_.error(text->where, "<component> rate '{}' does not say of what; write e.g. {}", all,
                    kExample);
    return;
  }
  const base::ParsedQuantity over_time = frequency(all.substr(0, per));
  if (!over_time) {
    problems_.error(text->where, "<component> rate: {}; write e.g. {}", over_time.error, kExample);
    return;
  }
  auto words = base::split_words(all.substr(per + 5));
  double count = 1.0;
  if (words.size() == 2) {
    const auto number = base::parse_number(words[0]);
    if (!number || *number <= 0.0) {
      problems_.error(text->where, "<component> rate: '{}' is no count; write e.g. {}", words[0],
                      kExample);
      return;
    }
    count = *number;
    words.erase(words.begin());
  }
  const auto unit = words.size() == 1 ? unit_named(words[0]) : std::optional<FailureUnit>{};
  if (!unit || *unit == FailureUnit::kJob) {
    const std::string name = words.empty() ? std::string() : std::string(words.back());
    problems_.error(text->where, "<component> rate: nothing is counted per '{}';{}", name,
                    base::suggestion(name, unit_names()));
    return;
  }
  if (over_time.value < 0.0) {
    problems_.error(text->where, "<component> rate: '{}' is negative; leave out what never fails",
                    all);
    return;
  }
  mode.rate = base::Hertz{over_time.value / count};
  mode.per = *unit;
}

model::RepairTime FailuresReader::repair(const Element& e) {
  model::RepairTime time;
  const bool mean = e.has("repair-mean"), p90 = e.has("repair-p90");
  time.median = base::Seconds{time_of(e, "repair-median")};
  if (!mean && !p90) return time;
  if (mean && p90) {
    problems_.error(e.where("repair-p90"), "<component>: either repair-mean or repair-p90");
    return time;
  }
  const std::string_view name = mean ? "repair-mean" : "repair-p90";
  const double other = time_of(e, name);
  if (time.median.value <= 0.0 || other < time.median.value) {
    problems_.error(e.where(name), "<component> {} must not be below a positive repair-median",
                    name);
    return time;
  }
  // Log-normal: mean = median e^(s^2/2), p90 = median e^(1.2816 s).
  const double log_ratio = std::log(other / time.median.value);
  time.sigma = mean ? std::sqrt(2.0 * log_ratio) : log_ratio / 1.2815515655446004;
  return time;
}

model::Bursts FailuresReader::burst(const Element& e) {
  model::Bursts bursts;
  bursts.mean_size = factor(e, "size", 1.0, false);
  bursts.together = share(e, "together", 1.0);
  bursts.spread = base::Seconds{time_of(e, "spread")};
  bursts.within = unit_named(e.get("within", "cluster")).value_or(FailureUnit::kCluster);
  if (bursts.together < 1.0 && bursts.spread.value <= 0.0) {
    problems_.error(e.where(), "<burst>: members that are not together need a spread, e.g. '10 h'");
  }
  return bursts;
}

model::RateDrift FailuresReader::drift(const Element& e) {
  model::RateDrift drift;
  drift.variation = xml::required_quantity(e, "variation", Dimension::kFraction, problems_);
  drift.period =
      base::Seconds{xml::required_quantity(e, "period", Dimension::kTime, problems_, 1.0)};
  return drift;
}

}  // namespace

void read_failures(const Element& e, model::Platform& platform, FirstPlaces& first,
                   base::Diagnostics& problems) {
  platform.unused.push_back({fmt::format("failures '{}'", e.get("id")), e.where()});
  first.add(platform.failure_models, FailuresReader(platform, problems).read(e), e, "failures",
            problems);
}

}  // namespace busbar::input
