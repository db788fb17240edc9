#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "sim/base/calendar.h"
#include "sim/base/json.h"
#include "sim/base/units.h"
#include "sim/cli/commands.h"
#include "sim/cli/registries.h"
#include "sim/cli/report.h"
#include "sim/input/reader.h"
#include "sim/record/format_page.h"
#include "sim/validation/claims.h"
#include "workloads/generator/request_log.h"

namespace busbar::cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;

void print(const Rows& rows, bool json, const std::vector<size_t>& right = {}) {
  if (!json) return print_table(rows, right);
  base::Json::Array all;
  for (size_t r = 1; r < rows.size(); ++r) {
    base::Json::Object row;
    for (size_t c = 0; c < rows[0].size(); ++c) row[rows[0][c]] = rows[r][c];
    all.push_back(row);
  }
  fmt::print("{}\n", base::Json(all).dump());
}

Rows behaviours(const base::KnownBehaviours& known) {
  Rows rows{{"kind", "name", "parameters", "what it does"}};
  for (const auto& [kind, specs] : known.by_kind()) {
    for (const auto& [name, spec] : specs) {
      std::vector<std::string> parameters;
      for (const auto& p : spec.parameters) parameters.push_back(p.name + "=" + p.fallback);
      rows.push_back({kind, name, base::join(parameters, " "), spec.summary});
    }
  }
  return rows;
}

Rows citations(const model::Platform& platform, const std::vector<model::Citation>& of_workload,
               bool assumed) {
  Rows rows{{"subject", assumed ? "assumption" : "source", "where"}};
  for (const auto* list : {&platform.citations, &of_workload}) {
    for (const model::Citation& c : *list) {
      if (c.assumed != assumed) continue;
      rows.push_back({c.subject, c.text, fmt::format("{}:{}", c.where.file, c.where.line)});
    }
  }
  return rows;
}

// Beside each public figure what the world gives at full load; a run tells what it did.
Rows claims(const model::Platform& platform) {
  Rows rows{{"claim", "bound", "public", "world", "deviation", "source"}};
  for (const model::Claim& claim : platform.claims) {
    const std::string_view unit = model::unit_of(claim.quantity);
    const std::string bound = claim.at_most ? "at most" : claim.at_least ? "at least" : "about";
    const double figure = validation::world_figure(platform, claim);
    rows.push_back({claim.name, bound, format_in_unit(claim.value, unit),
                    format_in_unit(figure, unit), format_deviation(claim.value, figure, bound),
                    claim.source});
  }
  return rows;
}

Rows models(const model::Workload& workload) {
  Rows rows{{"model", "layers", "weights", "published", "deviation", "active", "context"}};
  for (const model::LanguageModel& m : workload.models) {
    const bool published = m.published_parameters > 0.0;
    rows.push_back(
        {m.name, std::to_string(m.layer_count()),
         fmt::format("{:.2f} billion", m.parameters() / 1e9),
         published ? fmt::format("{:.2f} billion", m.published_parameters / 1e9) : "",
         published
             ? fmt::format("{:+.2f} %", 100.0 * (m.parameters() / m.published_parameters - 1.0))
             : "",
         fmt::format("{:.2f} billion", m.active_parameters() / 1e9), std::to_string(m.context)});
  }
  return rows;
}

Rows clusters(const model::Platform& platform) {
  Rows rows{{"cluster", "site", "vendor", "accelerator", "domain", "chips delivered in all"}};
  for (const model::Cluster& cluster : platform.clusters) {
    rows.push_back({cluster.name, platform.sites[cluster.site].name,
                    platform.accelerator_of(cluster).vendor, platform.accelerator_of(cluster).name,
                    platform.domain_of(cluster).name,
                    base::format_count(platform.chips_at(cluster, 1e12))});
  }
  return rows;
}

// Where the sites are and what they draw at full load, a row for each date at which it changes.
// In JSON plain numbers of watts, for programs.
Rows sites(const model::Platform& platform, bool json) {
  Rows rows{{"site", "title", "latitude", "longitude", "date", "chips", "it_power",
             "facility_power", "grid_limit"}};
  const auto watts = [&](double w) { return json ? fmt::format("{}", w) : format_watts(w); };
  for (const auto id : platform.sites.ids()) {
    const model::Site& site = platform.sites[id];
    for (const double date : validation::change_dates(platform, id)) {
      const validation::SitePower power = validation::full_load_power(platform, id, date);
      const double grid_w = validation::grid_limit(platform, id, date);
      rows.push_back({site.name, site.title, fmt::format("{:.2f}", site.latitude_deg),
                      fmt::format("{:.2f}", site.longitude_deg), base::format_date(date),
                      json ? fmt::format("{}", power.chips) : base::format_count(power.chips),
                      watts(power.it_w), watts(power.facility_w),
                      json && std::isinf(grid_w) ? "" : watts(grid_w)});
    }
  }
  return rows;
}

// Every mode of every set, with the rate of a unit a year.
Rows failures(const model::Platform& platform) {
  Rows rows{{"set", "cause", "component", "failures a year", "per", "takes out", "detection",
             "median repair", "mean repair"}};
  const auto hours = [](base::Seconds s) {
    return s.value > 0.0 ? fmt::format("{:.1f} h", s.value / base::kHour) : "";
  };
  for (const model::FailureModel& set : platform.failure_models) {
    for (const model::FailureMode& m : set.modes) {
      rows.push_back({set.name, m.name, std::string(model::name_of(m.kind)),
                      fmt::format("{:.4g}", m.rate.value * base::kYear),
                      std::string(model::name_of(m.per)), std::string(model::name_of(m.takes)),
                      base::format_duration(m.detection), hours(m.repair.median),
                      hours(m.repair.mean())});
    }
  }
  return rows;
}

// What a service needs to know of a log of requests: its rate, and the lengths of its requests.
Rows requests(const std::vector<generator::LoggedRequest>& log) {
  const auto quantiles = [&](double generator::LoggedRequest::*tokens) {
    std::vector<double> sorted;
    double sum = 0.0;
    for (const auto& request : log) {
      sorted.push_back(request.*tokens);
      sum += request.*tokens;
    }
    std::sort(sorted.begin(), sorted.end());
    const auto at = [&](double q) {
      return sorted[static_cast<size_t>(q * static_cast<double>(sorted.size() - 1))];
    };
    return fmt::format("mean {:.1f}, median {:.0f}, p99 {:.0f}",
                       sum / static_cast<double>(sorted.size()), at(0.5), at(0.99));
  };
  const double span_s = log.back().arrival_s;
  const double count = static_cast<double>(log.size());
  return {{"figure", "value"},
          {"requests", base::format_count(count)},
          {"span", base::format_duration(base::Seconds{span_s})},
          {"rate", span_s > 0.0 ? fmt::format("{:.4g} req/s", count / span_s) : "one instant"},
          {"input tokens", quantiles(&generator::LoggedRequest::input_tokens)},
          {"output tokens", quantiles(&generator::LoggedRequest::output_tokens)}};
}

}  // namespace

int list(const ListOptions& options) {
  base::Diagnostics problems;
  Registries registries;
  add_policy_library(options.policy, registries, problems);
  if (problems.has_errors()) return report(problems);
  const base::KnownBehaviours known = registries.known();
  if (options.what == "behaviours") {
    print(behaviours(known), options.json);
    return kOk;
  }
  if (options.what == "trace-format") {
    fmt::print("{}", record::format_page());
    return kOk;
  }
  const std::vector<std::string> kinds = {"assumptions", "behaviours",  "claims",   "clusters",
                                          "failures",    "models",      "requests", "sites",
                                          "sources",     "trace-format"};
  if (std::find(kinds.begin(), kinds.end(), options.what) == kinds.end()) {
    fmt::print(stderr, "error: there is no list of '{}';{}\n", options.what,
               base::suggestion(options.what, kinds));
    return kBadInput;
  }
  if (options.file.empty()) {
    fmt::print(stderr, "error: list {} needs a {} file\n", options.what,
               options.what == "models"     ? "mix or models"
               : options.what == "requests" ? "request log"
                                            : "world or a scenario");
    return kBadInput;
  }
  if (options.what == "models") {
    const auto workload = input::read_workload(options.file, options.overrides, known, problems);
    if (!workload) return report(problems);
    print(models(*workload), options.json, {1, 2, 3, 4, 5, 6});
    return kOk;
  }
  if (options.what == "requests") {
    const auto log = generator::read_request_log(options.file, problems);
    if (problems.has_errors()) return report(problems);
    problems.print(std::cerr);  // warnings
    print(requests(log), options.json);
    return kOk;
  }
  std::optional<model::Platform> platform;
  std::vector<model::Citation> of_workload;
  const std::string kind = input::kind_of(options.file, problems);
  if (kind == "scenario") {
    auto scenario = input::read_scenario(options.file, options.overrides, known, problems);
    if (scenario) {
      platform = std::move(scenario->platform);
      of_workload = std::move(scenario->workload.citations);
    }
  } else if (!kind.empty()) {
    platform = input::read_platform(options.file, options.overrides, problems);
  }
  if (!platform) return report(problems);
  if (options.what == "claims") {
    print(claims(*platform), options.json, {2, 3, 4});
  } else if (options.what == "sites") {
    print(sites(*platform, options.json), options.json, {2, 3, 5, 6, 7, 8});
  } else if (options.what == "failures") {
    print(failures(*platform), options.json, {3, 6, 7, 8});
  } else if (options.what == "clusters") {
    print(clusters(*platform), options.json, {5});
  } else {
    print(citations(*platform, of_workload, options.what == "assumptions"), options.json);
  }
  return kOk;
}

}  // namespace busbar::cli
