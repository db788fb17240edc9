#include <algorithm>
#include <map>

#include "tests/property/random_files.h"

namespace busbar::property {
namespace {

const std::vector<const char*> kPolicies = {
    R"(policy="fcfs")",
    R"(policy="easy")",
    R"(policy="easy" depth="3")",
    R"(policy="conservative")",
    R"(policy="shortest-first" depth="0")",
    R"(policy="shortest-first")",
    R"(policy="smallest-first" depth="2")",
    R"(policy="priority" ageing="0.5")",
    R"(policy="fair-share")",
    R"(policy="fair-share" half-life="6 h" restart-time="1 min")",
    R"(policy="fair-share" preemption="0")",
    R"(policy="deadline")",
    R"(policy="goodput")",
    R"(policy="goodput" round="30 min" power="1")"};
const std::vector<const char*> kPlacements = {"best-fit", "first-fit", "packed",
                                              "spread",   "worst-fit", "bisection"};
const std::vector<const char*> kBrokers = {
    R"(policy="least-loaded")",
    R"(policy="local")",
    R"(policy="greenest")",
    R"(policy="greenest" delay="6 h" review="1 h" gain="0.02")",
    R"(policy="cheapest" idle-price="1 USD/h")",
    R"(policy="cheapest" delay="12 h")",
    R"(policy="weighted" cost="1" carbon="0.5" latency="0.1" power="0.2")",
    R"(policy="weighted" cost="1" carbon="1" review="3 h" delay="2 h")",
    R"(policy="fastest" review="30 min" gain="0")",
    R"(policy="max-min" round="20 min")",
    R"(policy="equal-share" round="1 h")"};

const char* pick(const std::vector<const char*>& all, int index) {
  return all[static_cast<size_t>(index) % all.size()];
}
// Of attributes that begin with it.
std::string name_in(const std::string& attributes) {
  const size_t begin = attributes.find('"') + 1;
  return attributes.substr(begin, attributes.find('"', begin) - begin);
}

constexpr const char* kVendors[] = {"nvidia", "google", "amazon", "generic"};
constexpr const char* kStops[] = {"deliveries", "capacity", "deliveries spares",
                                  "deliveries software capacity"};
size_t cluster_of(const RunDraw& run, int target) {
  return static_cast<size_t>(target) % clusters_of(run).size();
}
size_t site_of(const RunDraw& run, int target) {
  return static_cast<size_t>(target) % run.sites.size();
}
const char* vendor_of(const ShockDraw& shock) { return kVendors[shock.target % 4]; }
// A fibre cut needs two sites; else the first site goes dark.
bool darkens(const ShockDraw& shock, const RunDraw& run) {
  return shock.kind == 0 || (shock.kind == 1 && run.sites.size() < 2);
}
bool withdraws(const ShockDraw& shock) { return shock.kind == 2 && shock.variant % 2 == 1; }
bool lasts(const ShockDraw& shock) { return shock.kind != 2 || shock.hours % 3 != 0; }
bool of_site(const WindowDraw& window) { return window.chips % 3 == 0; }

std::string text_of(const ShockDraw& shock, const RunDraw& run) {
  const auto clusters = clusters_of(run);
  const size_t cluster = cluster_of(run, shock.target);
  const auto event = [&](const std::string& what) {
    return fmt::format("  <event at=\"{} h\" {}/>\n", shock.at_h, what);
  };
  const std::string duration = fmt::format(" duration=\"{} h\"", shock.hours);
  if (shock.kind == 1 && run.sites.size() > 1) {
    return event(fmt::format("kind=\"fibre-cut\" link=\"wan{}\" factor=\"{}\"{}",
                             1 + static_cast<size_t>(shock.target) % (run.sites.size() - 1),
                             shock.variant % 2 == 0 ? "0" : "0.3", duration));
  }
  if (shock.kind == 2) {
    return event(fmt::format("kind=\"supplier-halt\" vendor=\"{}\" stops=\"{}\"{}",
                             vendor_of(shock), kStops[shock.variant],
                             lasts(shock) ? duration : ""));
  }
  if (shock.kind == 3) {
    return event(fmt::format("kind=\"late-delivery\" cluster=\"{}\"{}", cluster_name(run, cluster),
                             duration));
  }
  if (shock.kind == 4) {
    const int there = domains_at(*clusters[cluster], shock.at_h);
    if (there < 1) return "";
    const int count = 1 + shock.hours % there;
    return event(fmt::format("kind=\"decommission\" cluster=\"{}\"{} jobs=\"{}\"",
                             cluster_name(run, cluster),
                             shock.variant / 2 > 0 ? fmt::format(" count=\"{}\"", count) : "",
                             shock.variant % 2 == 0 ? "drain" : "stop"));
  }
  if (shock.kind == 5) {
    return event(fmt::format("kind=\"export-ban\" vendor=\"{}\" jurisdiction=\"{}\"{}",
                             vendor_of(shock), shock.variant % 2 == 0 ? "FR" : "US",
                             shock.variant / 2 == 0 ? "" : duration));
  }
  return event(
      fmt::format("kind=\"site-outage\" site=\"site{}\"{}", site_of(run, shock.target), duration));
}

std::string maintenance_text(const WindowDraw& window, const RunDraw& run) {
  return fmt::format("  <maintenance {}=\"{}\" from=\"{} h\" duration=\"{} h\"{} jobs=\"{}\"/>\n",
                     of_site(window) ? "site" : "cluster",
                     of_site(window) ? fmt::format("site{}", site_of(run, window.target))
                                     : cluster_name(run, cluster_of(run, window.target)),
                     window.from_h, window.hours,
                     window.every_h > 0 ? fmt::format(" every=\"{} h\"", window.every_h) : "",
                     window.stops ? "stop" : "drain");
}

// Clusters of one kind that share a queue.
std::string co_schedules_of(const RunDraw& run) {
  std::map<int, std::string> names;
  std::map<int, int> counts;
  std::map<int, size_t> firsts;
  const auto clusters = clusters_of(run);
  for (size_t i = 0; i < clusters.size(); ++i) {
    std::string& all = names[clusters[i]->kind];
    all += (all.empty() ? "" : " ") + cluster_name(run, i);
    ++counts[clusters[i]->kind];
    firsts.try_emplace(clusters[i]->kind, i);
  }
  std::string text;
  for (const auto& [kind, all] : names) {
    if (counts[kind] < 2) continue;
    text += fmt::format("  <co-schedule id=\"all-{}\" clusters=\"{}\"/>\n",
                        kind_of(*clusters[firsts[kind]]).domain, all);
  }
  return text;
}

}  // namespace

std::string policy_of(const RunDraw& run) { return name_in(pick(kPolicies, run.policy)); }
std::string broker_of(const RunDraw& run) { return name_in(pick(kBrokers, run.broker)); }

// They hold what is there throughout and not yet reserved.
std::vector<Reserved> reservations_of(const RunDraw& run) {
  std::vector<Reserved> all;
  if (run.tenants.empty()) return all;
  std::map<size_t, int> taken;
  for (const WindowDraw& window : run.windows) {
    if (!window.reserves) continue;
    const size_t cluster = cluster_of(run, window.target);
    const ClusterDraw& draw = *clusters_of(run)[cluster];
    const int per_domain = chips_per_domain(draw);
    const int left = fewest_domains(draw) * per_domain - taken[cluster];
    const int chips = std::min(window.chips, left) / per_domain * per_domain;
    if (chips < 1) continue;
    taken[cluster] += chips;
    all.push_back({cluster,
                   static_cast<int>(static_cast<size_t>(window.hours) % run.tenants.size()),
                   3600.0 * window.from_h, 3600.0 * (window.from_h + window.hours),
                   static_cast<double>(chips)});
  }
  return all;
}

std::vector<Closure> closures_of(const RunDraw& run) {
  constexpr double kHour = 3600.0, kEnd = 96.0 * kHour;
  const auto clusters = clusters_of(run);
  const auto sites = sites_of_clusters(run);
  std::vector<Closure> closures;
  for (size_t c = 0; c < clusters.size(); ++c) {
    const auto site = static_cast<size_t>(sites[c]);
    for (const ShockDraw& shock : run.shocks) {
      const bool dark = darkens(shock, run) && site_of(run, shock.target) == site;
      const bool gone = withdraws(shock) && vendor_of(shock) == vendor_of(*clusters[c]);
      const double from_s = kHour * shock.at_h;
      if (dark || gone) {
        closures.push_back({c, from_s, lasts(shock) ? from_s + kHour * shock.hours : kEnd});
      }
    }
    for (const WindowDraw& window : run.windows) {
      const bool here = of_site(window) ? site_of(run, window.target) == site
                                        : cluster_of(run, window.target) == c;
      if (window.reserves || !here) continue;
      for (double from_s = kHour * window.from_h; from_s < kEnd; from_s += kHour * window.every_h) {
        closures.push_back({c, from_s, from_s + kHour * window.hours});
        if (window.every_h == 0) break;
      }
    }
  }
  return closures;
}

std::string scenario_of(const RunDraw& run) {
  std::string text = fmt::format(
      "<scenario name=\"drawn\" world=\"world.xml\" mix=\"mix.xml\" start=\"2026-01-01\" "
      "horizon=\"4 d\" seed=\"{}\">\n  <scheduling {} placement=\"{}\"/>\n  <broker {}/>\n",
      run.seed, pick(kPolicies, run.policy), pick(kPlacements, run.placement),
      pick(kBrokers, run.broker));
  if (run.joined) text += co_schedules_of(run);
  if (run.fails_times > 0) text += fmt::format("  <failures rates=\"{}\"/>\n", run.fails_times);
  for (const ShockDraw& shock : run.shocks) text += text_of(shock, run);
  for (const WindowDraw& window : run.windows) {
    if (!window.reserves) text += maintenance_text(window, run);
  }
  for (const Reserved& reserved : reservations_of(run)) {
    text += fmt::format(
        "  <reservation cluster=\"{}\" organisation=\"org{}\" from=\"{} s\" to=\"{} s\" "
        "chips=\"{}\"/>\n",
        cluster_name(run, reserved.cluster), reserved.tenant, reserved.from_s, reserved.to_s,
        reserved.chips);
  }
  return text + "  <record sample=\"30 min\"/>\n</scenario>\n";
}

}  // namespace busbar::property
