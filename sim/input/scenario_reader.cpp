#include "sim/input/scenario_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/input/capacity_reader.h"
#include "sim/input/reading.h"
#include "sim/input/resilience_reader.h"

namespace busbar::input {

using base::Dimension;
using xml::Element;

namespace {

// Reads the name and parameters of one behaviour. `own` are the attributes of the element that are
// no parameters of this behaviour.
base::BehaviourChoice choose(const Element& e, std::string_view attribute, std::string_view kind,
                             const std::string& fallback, const base::KnownBehaviours& known,
                             base::Diagnostics& problems) {
  base::BehaviourChoice choice{fallback, {}};
  if (e) choice.name = e.get(attribute, fallback);
  choice.name = known.chosen(kind, choice.name);
  const base::BehaviourSpec* spec = known.find(kind, choice.name);
  if (spec == nullptr) {
    problems.error(e.where(attribute), "unknown {} '{}';{}", kind, choice.name,
                   base::suggestion(choice.name, known.names(kind)));
    return choice;
  }
  for (const base::ParameterSpec& parameter : spec->parameters) {
    const auto parsed = base::parse_quantity(parameter.fallback, parameter.dimension);
    double value = parsed.value;
    if (e) {
      value = xml::quantity(e, parameter.name, parameter.dimension, value, problems,
                            parameter.least, parameter.most);
      if (parameter.whole && value != std::floor(value)) {
        problems.error(e.where(parameter.name), "<{}> {}: '{}' is not a whole number", e.name(),
                       parameter.name, e.get(parameter.name));
      }
    }
    choice.params.set(parameter.name, value);
  }
  if (spec->broken_rule) {
    const std::string broken = spec->broken_rule(choice.params);
    if (!broken.empty()) {
      problems.error(e.where(attribute), "{} '{}': {}", kind, choice.name, broken);
    }
  }
  return choice;
}

// Attributes that neither name a behaviour nor are parameters of the chosen ones.
void check_parameters(const Element& e, std::vector<std::string> own,
                      const std::vector<const base::BehaviourSpec*>& chosen,
                      base::Diagnostics& problems) {
  for (const base::BehaviourSpec* spec : chosen) {
    if (spec == nullptr) return;  // reported already; its parameters are unknown
    for (const auto& parameter : spec->parameters) own.push_back(parameter.name);
  }
  for (const std::string& name : e.attribute_names()) {
    if (std::find(own.begin(), own.end(), name) != own.end()) continue;
    problems.error(e.where(name), "<{}> has no parameter '{}';{}", e.name(), name,
                   base::suggestion(name, own));
  }
}

void read_policies(const Element& root, const base::KnownBehaviours& known,
                   model::Scenario& scenario, base::Diagnostics& problems) {
  const Element scheduling = root.child("scheduling"), broker = root.child("broker");
  scenario.queue_policy = choose(scheduling, "policy", "queue policy", "fcfs", known, problems);
  scenario.placement = choose(scheduling, "placement", "placement", "best-fit", known, problems);
  scenario.broker = choose(broker, "policy", "broker", "least-loaded", known, problems);
  if (scheduling) {
    check_parameters(scheduling, {"policy", "placement"},
                     {known.find("queue policy", scenario.queue_policy.name),
                      known.find("placement", scenario.placement.name)},
                     problems);
  }
  if (broker) {
    check_parameters(broker, {"policy"}, {known.find("broker", scenario.broker.name)}, problems);
  }
  for (const char* name : {"scheduling", "broker", "failures", "record"}) {
    const auto all = root.children(name);
    if (all.size() > 1) {
      problems.error(all[1].where(), "a second <{}>; the first is at line {}", name,
                     all[0].where().line);
    }
  }
}

void read_co_schedules(const Element& root, model::Scenario& scenario,
                       base::Diagnostics& problems) {
  const model::Platform& platform = scenario.platform;
  std::vector<base::Id<model::Cluster>> taken;
  for (const Element& e : root.children("co-schedule")) {
    model::CoSchedule group;
    group.name = e.get("id");
    for (const std::string& name : xml::words(e, "clusters")) {
      const auto id = platform.clusters.find(name);
      if (!id) {
        problems.error(e.where("clusters"), "unknown cluster '{}';{}", name,
                       base::suggestion(name, platform.clusters.names()));
        continue;
      }
      if (std::find(taken.begin(), taken.end(), id) != taken.end()) {
        problems.error(e.where("clusters"), "cluster '{}' is in two co-schedules", name);
      }
      if (!group.clusters.empty() &&
          platform.clusters[group.clusters.front()].domain != platform.clusters[id].domain) {
        problems.error(e.where("clusters"), "co-schedule '{}' mixes domains: '{}' and '{}'",
                       group.name, platform.clusters[group.clusters.front()].name, name);
      }
      taken.push_back(id);
      group.clusters.push_back(id);
    }
    if (!group.clusters.empty()) scenario.co_schedules.push_back(group);
  }
}

void read_branches(const Element& root, model::Scenario& scenario, base::Diagnostics& problems) {
  for (const Element& e : root.children("branch")) {
    model::Branch branch;
    branch.name = e.get("name");
    branch.at_s = xml::required_quantity(e, "at", Dimension::kTime, problems);
    branch.where = e.where();
    for (const std::string_view piece : base::split(e.get("set"), ';')) {
      if (!base::trim(piece).empty()) branch.overrides.emplace_back(base::trim(piece));
    }
    scenario.unused.push_back({fmt::format("branch '{}'", branch.name), e.where()});
    scenario.branches.push_back(std::move(branch));
  }
}

}  // namespace

void read_scenario_element(const Element& root, const base::KnownBehaviours& known,
                           model::Scenario& scenario, base::Diagnostics& problems) {
  scenario.name = root.get("name");
  scenario.title = root.get("title", scenario.name);
  scenario.start_unix_s = xml::date(root, "start", 0.0, problems);
  if (root.get("horizon") != "until-idle") {
    const double horizon_s = xml::required_quantity(root, "horizon", Dimension::kTime, problems,
                                                    1.0, 100.0 * 31557600.0);
    scenario.horizon = base::Seconds{horizon_s};
  }
  scenario.seed = static_cast<std::uint64_t>(xml::integer(root, "seed", 1, problems));
  scenario.replicate = static_cast<std::uint64_t>(xml::integer(root, "replicate", 0, problems));
  if (root.has("jobs")) {
    scenario.jobs_path = path_of(root, "jobs", problems);
    scenario.jobs_where = root.where("jobs");
  }
  read_policies(root, known, scenario, problems);
  read_co_schedules(root, scenario, problems);
  read_shocks(root, scenario, problems);
  read_windows(root, scenario, problems);
  read_branches(root, scenario, problems);
  if (const Element failures = root.child("failures")) {
    scenario.failures = read_failure_choice(failures, scenario.platform, problems);
  }
  if (const Element record = root.child("record")) {
    scenario.recording.sample_interval =
        base::Seconds{xml::quantity(record, "sample", Dimension::kTime, 3600.0, problems, 1.0)};
    scenario.recording.segments = xml::boolean(record, "segments", true, problems);
    scenario.recording.events = xml::boolean(record, "events", true, problems);
  }
}

}  // namespace busbar::input
