#include <fmt/format.h>

#include <cmath>

#include "sim/base/json.h"
#include "sim/base/units.h"
#include "sim/cli/commands.h"
#include "sim/cli/picture.h"
#include "sim/cli/report.h"
#include "sim/record/trace_reader.h"

namespace busbar::cli {
namespace {

using base::Json;
using record::TraceReader;
using Rows = std::vector<std::vector<std::string>>;

std::string percent(double share) { return fmt::format("{:.1f} %", 100.0 * share); }

struct Summary {
  std::map<std::string, TraceReader::Value> attributes, provenance;
  std::string status;
};

Rows site_rows(const TraceReader& trace) {
  Rows rows{{"site", "IT mean", "IT peak", "IT limit", "facility mean", "facility peak",
             "grid limit", "energy", "carbon", "electricity"}};
  const auto names = trace.texts("/platform/sites/name");
  const auto site = trace.numbers("/summary/sites/site");
  const auto column = [&](const char* name) {
    return trace.numbers(std::string("/summary/sites/") + name);
  };
  const auto it_mean = column("it_power_mean_w"), it_peak = column("it_power_peak_w"),
             it_limit = column("it_limit_w"), mean = column("facility_power_mean_w"),
             peak = column("facility_power_peak_w"), grid = column("grid_limit_w"),
             energy = column("energy_j"), carbon = column("carbon_g"),
             money = column("electricity_usd");
  for (size_t i = 0; i < site.size(); ++i) {
    rows.push_back({names[static_cast<size_t>(site[i])], format_watts(it_mean[i]),
                    format_watts(it_peak[i]), format_watts(it_limit[i]), format_watts(mean[i]),
                    format_watts(peak[i]), format_watts(grid[i]),
                    base::format_energy(base::Joules{energy[i]}),
                    fmt::format("{} t", base::format_count(carbon[i] / 1e6)),
                    base::format_usd(base::Usd{money[i]})});
  }
  return rows;
}

Rows vendor_rows(const TraceReader& trace) {
  Rows rows{{"vendor", "chips installed", "jobs", "training", "serving", "utilisation"}};
  const auto vendor = trace.texts("/summary/vendors/vendor");
  const auto column = [&](const char* name) {
    return trace.numbers(std::string("/summary/vendors/") + name);
  };
  const auto chips = column("chips_installed"), all = column("chip_seconds"),
             training = column("training_chip_seconds"), serving = column("serving_chip_seconds"),
             jobs = column("jobs_started");
  for (size_t i = 0; i < vendor.size(); ++i) {
    const double seconds = std::max(all[i], 1e-9);
    rows.push_back({vendor[i], base::format_count(chips[i]), base::format_count(jobs[i]),
                    percent(training[i] / seconds), percent(serving[i] / seconds),
                    percent((training[i] + serving[i]) / seconds)});
  }
  return rows;
}

// What jobs get of a cluster's chips, and means over the samples of what became of these.
struct ClusterUse {
  std::string name;
  double installed = 0.0, usable = 0.0, for_jobs = 0.0;      // chips
  double held = 0.0, idle = 0.0, beyond_largest_hole = 0.0;  // shares of powered chips
};

std::vector<ClusterUse> clusters_of(const TraceReader& trace) {
  const auto names = trace.texts("/platform/clusters/name");
  const auto platform = [&](const char* column) {
    return trace.numbers(std::string("/platform/clusters/") + column);
  };
  const auto series = [&](const char* column) {
    return trace.numbers(std::string("/series/cluster/") + column);
  };
  const auto domains = platform("domains_installed"), kind = platform("domain"),
             installed = platform("chips_installed"), for_jobs = platform("chips_usable");
  const auto usable = trace.numbers("/platform/domains/chips_usable");
  const auto powered = series("installed"), jobs = series("allocated"), serving = series("serving"),
             idle = series("idle"), split = series("fragmentation");
  std::vector<ClusterUse> all;
  for (size_t c = 0; c < names.size(); ++c) {
    double chips = 0.0, held = 0.0, free = 0.0, beyond = 0.0;
    for (size_t i = c; i < powered.size(); i += names.size()) {
      chips += powered[i];
      held += jobs[i] + serving[i];
      free += idle[i];
      beyond += idle[i] * split[i];
    }
    const auto share = [&](double sum) { return chips > 0.0 ? sum / chips : std::nan(""); };
    all.push_back({names[c], installed[c], domains[c] * usable[static_cast<size_t>(kind[c])],
                   for_jobs[c], share(held), share(free), share(beyond)});
  }
  return all;
}

Rows cluster_rows(const TraceReader& trace) {
  Rows rows{{"cluster", "chips installed", "usable", "for jobs", "held", "idle",
             "idle beyond the largest hole"}};
  const auto part = [](double share) { return std::isnan(share) ? "-" : percent(share); };
  for (const ClusterUse& c : clusters_of(trace)) {
    rows.push_back({c.name, base::format_count(c.installed), base::format_count(c.usable),
                    base::format_count(c.for_jobs), part(c.held), part(c.idle),
                    part(c.beyond_largest_hole)});
  }
  return rows;
}

Json cluster_json(const TraceReader& trace) {
  Json::Array all;
  for (const ClusterUse& c : clusters_of(trace)) {
    all.push_back(Json::Object{{"name", c.name},
                               {"chips_installed", c.installed},
                               {"chips_usable", c.usable},
                               {"chips_for_jobs", c.for_jobs},
                               {"held", c.held},
                               {"idle", c.idle},
                               {"idle_beyond_largest_hole", c.beyond_largest_hole}});
  }
  return all;
}

// Traces of versions without campaigns have no such table.
Rows stage_rows(const TraceReader& trace) {
  Rows rows{{"campaign", "stage", "jobs", "ended", "start (d)", "end (d)", "due (d)"}};
  if (!trace.has("/summary/stages")) return rows;
  const auto campaign = trace.texts("/summary/stages/campaign"),
             stage = trace.texts("/summary/stages/stage");
  const auto column = [&](const char* name) {
    return trace.numbers(std::string("/summary/stages/") + name);
  };
  const auto jobs = column("jobs"), ended = column("jobs_ended"), start = column("start_s"),
             end = column("end_s"), due = column("due_s");
  const auto days = [](double seconds) {
    return std::isnan(seconds) ? std::string("-") : fmt::format("{:.1f}", seconds / base::kDay);
  };
  for (size_t i = 0; i < campaign.size(); ++i) {
    rows.push_back({campaign[i], stage[i], base::format_count(jobs[i]),
                    base::format_count(ended[i]), days(start[i]), days(end[i]), days(due[i])});
  }
  return rows;
}

Rows claim_rows(const TraceReader& trace) {
  Rows rows{{"claim", "", "public", "simulated", "deviation", "source"}};
  const auto name = trace.texts("/summary/claims/name"), unit = trace.texts("/summary/claims/unit"),
             source = trace.texts("/summary/claims/source"),
             bound = trace.meanings("/summary/claims/bound");
  const auto said = trace.numbers("/summary/claims/public_value"),
             simulated = trace.numbers("/summary/claims/simulated_value");
  for (size_t i = 0; i < name.size(); ++i) {
    const std::string words = bound[i] == "at-most"    ? "at most"
                              : bound[i] == "at-least" ? "at least"
                                                       : "about";
    rows.push_back({name[i], words, format_in_unit(said[i], unit[i]),
                    format_in_unit(simulated[i], unit[i]),
                    format_deviation(said[i], simulated[i], words), source[i]});
  }
  return rows;
}

std::string text_of(const TraceReader::Value& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::string>) {
          return v;
        } else if constexpr (std::is_same_v<T, double>) {
          return fmt::format("{:.6g}", v);
        } else {
          return base::format_count(static_cast<double>(v));
        }
      },
      value);
}

Json json_of(const TraceReader::Value& value) {
  return std::visit([](const auto& v) { return Json(v); }, value);
}

// Every column of a summary table, row by row; enumerations as words.
std::vector<Json::Object> table_of(const TraceReader& trace, const std::string& table) {
  std::vector<Json::Object> rows(trace.rows(table));
  for (const std::string& name : trace.columns(table)) {
    const std::string path = fmt::format("{}/{}", table, name);
    const bool text = trace.holds_texts(path);
    if (text || !trace.note(path, "flag_meanings").empty()) {
      const auto values = text ? trace.texts(path) : trace.meanings(path);
      for (size_t i = 0; i < values.size(); ++i) rows[i][name] = values[i];
      continue;
    }
    const auto values = trace.numbers(path);
    for (size_t i = 0; i < values.size(); ++i) rows[i][name] = values[i];
  }
  return rows;
}

Json json_of(const std::vector<Json::Object>& rows) {
  return Json::Array(rows.begin(), rows.end());
}

void print_json(const TraceReader& trace, const Summary& summary) {
  Json::Object out{{"status", summary.status}}, attributes, provenance;
  for (const auto& [name, value] : summary.attributes) attributes[name] = json_of(value);
  for (const auto& [name, value] : summary.provenance) provenance[name] = json_of(value);
  out["summary"] = attributes;
  out["provenance"] = provenance;
  if (trace.has("/summary/sites")) {
    auto sites = table_of(trace, "/summary/sites"), claims = table_of(trace, "/summary/claims");
    const auto names = trace.texts("/platform/sites/name");
    const auto index = trace.numbers("/summary/sites/site");
    for (size_t i = 0; i < sites.size(); ++i)
      sites[i]["name"] = names[static_cast<size_t>(index[i])];
    const auto said = trace.numbers("/summary/claims/public_value"),
               simulated = trace.numbers("/summary/claims/simulated_value");
    for (size_t i = 0; i < claims.size(); ++i)
      claims[i]["deviation"] = simulated[i] / said[i] - 1.0;
    out["sites"] = json_of(sites);
    out["vendors"] = json_of(table_of(trace, "/summary/vendors"));
    out["clusters"] = cluster_json(trace);
    if (trace.has("/summary/stages")) out["stages"] = json_of(table_of(trace, "/summary/stages"));
    out["claims"] = json_of(claims);
  }
  fmt::print("{}\n", Json(out).dump());
}

void print_section(const std::string& title, const Rows& rows, const std::vector<size_t>& right) {
  if (rows.size() < 2) return;
  fmt::print("\n{}\n", title);
  print_table(rows, right);
}

int show_world(const ShowOptions& options) {
  const int listed = list({.what = "sites", .file = options.trace, .json = options.json});
  if (listed != kOk || options.plot.empty()) return listed;
  std::fflush(stdout);
  return draw("busbar.worldmap", {options.trace, "-o", options.plot});
}

}  // namespace

int show(const ShowOptions& options) {
  if (options.trace.empty()) {
    fmt::print(stderr, "error: show what? name a trace or a world, or see show topology --help\n");
    return kBadInput;
  }
  if (options.trace.ends_with(".xml")) return show_world(options);
  if (!options.plot.empty()) {
    fmt::print(stderr,
               "error: --plot draws a world; for a trace: python -m busbar.report {} -o F\n",
               options.trace);
    return kBadInput;
  }
  const TraceReader trace(options.trace);
  const Summary summary{trace.attributes("/summary"), trace.attributes("/provenance"),
                        trace.status()};
  if (options.json) {
    print_json(trace, summary);
    return kOk;
  }
  fmt::print("trace     {}\nstatus    {}\n", options.trace, summary.status);
  for (const char* name : {"scenario_hash", "fingerprint", "seed", "replicate", "version"}) {
    const auto found = summary.provenance.find(name);
    if (found == summary.provenance.end()) continue;
    fmt::print("{:9} {}\n", name, text_of(found->second));
  }
  for (const auto& [name, value] : summary.attributes) {
    fmt::print("{:44} {}\n", name, text_of(value));
  }
  if (!trace.has("/summary/sites")) return kOk;
  print_section("Power of each site (peaks are exact, not samples)", site_rows(trace),
                {1, 2, 3, 4, 5, 6, 7, 8, 9});
  print_section("Vendors (shares of installed and powered chip-time)", vendor_rows(trace),
                {1, 2, 3, 4, 5});
  print_section("Clusters (shares of powered chips, means of the samples)", cluster_rows(trace),
                {1, 2, 3, 4, 5, 6});
  print_section("Campaigns (days since the start)", stage_rows(trace), {2, 3, 4, 5, 6});
  print_section("Claims: public figures beside simulated ones", claim_rows(trace), {2, 3, 4});
  return kOk;
}

}  // namespace busbar::cli
