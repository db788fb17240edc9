#include "tests/property/random_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <ostream>

namespace busbar::property {
namespace {

struct Kind {
  const char* domain;
  const char* fabric;
  int chips;
  double watts_per_chip;  // about what a busy one draws with its share of the node; 0: nothing
};
constexpr Kind kKinds[] = {{"node", "plain-ethernet", 1, 0.0},
                           {"hgx-h100-8", "rails-400g", 8, 1200.0},
                           {"ironwood-cube", "jupiter", 64, 1100.0},
                           {"trn2-ultraserver", "ultracluster", 64, 700.0}};

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
    R"(policy="fair-share" preemption="0")"};
const std::vector<const char*> kPlacements = {"best-fit", "first-fit", "packed", "spread",
                                              "worst-fit"};
const std::vector<const char*> kBrokers = {
    R"(policy="least-loaded")", R"(policy="local")", R"(policy="greenest")",
    R"(policy="cheapest" idle-price="1 USD/h")",
    R"(policy="weighted" cost="1" carbon="0.5" latency="0.1" power="0.2")"};

const char* pick(const std::vector<const char*>& all, int index) {
  return all[static_cast<size_t>(index) % all.size()];
}

std::string date(int hours) { return fmt::format("2026-01-{:02}", 1 + hours / 24); }

std::string world_of(const RunDraw& run) {
  std::string text = R"(<platform name="drawn" xmlns:xi="http://www.w3.org/2001/XInclude">)"
                     "\n";
  for (const char* vendor : {"generic", "nvidia", "google", "amazon"}) {
    text += fmt::format("  <xi:include href=\"{}/platforms/catalog/{}.xml\"/>\n", BUSBAR_SOURCE_DIR,
                        vendor);
  }
  text +=
      "  <catalog vendor=\"generic\"><failures id=\"frail\" counts=\"all\" assumed=\"test\">\n"
      "    <component kind=\"chip\" rate=\"0.02 /d per chip\" detection=\"1 min\" "
      "repair-median=\"2 h\" repair-p90=\"6 h\" retest=\"10 min\"/>\n"
      "    <component kind=\"software-hang\" rate=\"0.01 /d per chip\" takes=\"job\" "
      "detection=\"10 min\"/></failures></catalog>\n"
      "  <region id=\"here\" latitude=\"40 deg\" longitude=\"-80 deg\" utc-offset=\"-5 h\" "
      "assumed=\"test\"/>\n";
  const std::vector<std::int64_t> quotas = quotas_of(run);
  for (size_t t = 0; t < run.tenants.size(); ++t) {
    const std::int64_t quota = quotas[t];
    text += fmt::format("  <organisation id=\"org{}\"{} assumed=\"test\"/>\n", t,
                        quota > 0 ? fmt::format(" quota-chips=\"{}\"", quota) : "");
  }
  for (size_t s = 0; s < run.sites.size(); ++s) {
    const SiteDraw& site = run.sites[s];
    text += fmt::format(
        "  <site id=\"site{0}\" latitude=\"{1} deg\" longitude=\"-{2} deg\" assumed=\"test\">\n", s,
        30 + 5 * s, 80 + 10 * s);
    double watts = 0.0;
    for (const ClusterDraw& cluster : site.clusters) {
      const Kind& kind = kKinds[cluster.kind];
      watts += kind.watts_per_chip * kind.chips * cluster.domains;
    }
    if (site.power_percent > 0 && watts > 0.0) {
      text += fmt::format("    <it from=\"2026-01-01\" limit=\"{:.3f} kW\"/>\n",
                          1e-5 * watts * site.power_percent);
    }
    text += fmt::format("    <price mean=\"{} USD/MWh\"/>\n    <carbon mean=\"{} g/kWh\"/>\n",
                        20 + 30 * s, 400 - 150 * s);
    for (size_t c = 0; c < site.clusters.size(); ++c) {
      const ClusterDraw& cluster = site.clusters[c];
      const Kind& kind = kKinds[cluster.kind];
      text += fmt::format(
          "    <cluster id=\"site{}-{}\" domain=\"{}\" fabric=\"{}\"{}>"
          "<delivery date=\"2025-12-01\" count=\"{}\"/>",
          s, c, kind.domain, kind.fabric, cluster.fails ? " failures=\"frail\"" : "",
          cluster.domains);
      int there = cluster.domains;
      for (const Delivery& delivery : cluster.later) {
        const int change = std::max(delivery.domains, -there);
        if (change == 0) continue;
        there += change;
        text += fmt::format("<delivery date=\"{}\" count=\"{}\"/>", date(delivery.at_h), change);
      }
      text += "</cluster>\n";
    }
    text += "  </site>\n";
  }
  for (size_t s = 1; s < run.sites.size(); ++s) {
    text += fmt::format(
        "  <wan-link id=\"wan{0}\" a=\"site{1}\" b=\"site{0}\" bandwidth=\"400 Gbit/s\" "
        "latency=\"10 ms\" assumed=\"test\"/>\n",
        s, s - 1);
  }
  return text + "</platform>\n";
}

// Machines that stand for any have no language models.
bool trains_models(const RunDraw& run) {
  for (const SiteDraw& site : run.sites) {
    for (const ClusterDraw& cluster : site.clusters) {
      if (cluster.kind != 0) return true;
    }
  }
  return false;
}

std::string mix_of(const RunDraw& run) {
  std::string text = fmt::format(
      "<workload name=\"drawn\" xmlns:xi=\"http://www.w3.org/2001/XInclude\">\n"
      "  <xi:include href=\"{}/workloads/models/open-models.xml\"/>\n",
      BUSBAR_SOURCE_DIR);
  for (size_t s = 0; s < run.streams.size() && trains_models(run); ++s) {
    const StreamDraw& stream = run.streams[s];
    text += fmt::format(
        "  <stream id=\"stream{}\" kind=\"fine-tuning\" model=\"llama-3.1-8b\"{} priority=\"{}\"{} "
        "vendors=\"nvidia google amazon\" assumed=\"test\">\n"
        "    <arrivals process=\"poisson\" rate=\"{} job/d\"/>\n"
        "    <chips distribution=\"constant\" value=\"{}\"/>\n"
        "    <duration distribution=\"constant\" value=\"{} h\"/>\n"
        "    <request-factor distribution=\"constant\" value=\"1.5\"/></stream>\n",
        s, run.tenants.empty() ? "" : " organisation=\"org0\"", stream.priority,
        stream.checkpoint_min > 0
            ? fmt::format(" checkpoint-interval=\"{} min\"", stream.checkpoint_min)
            : "",
        stream.per_day, stream.chips, stream.hours);
  }
  for (size_t t = 0; t < run.tenants.size(); ++t) {
    if (run.tenants[t].jobs.empty()) continue;
    text +=
        fmt::format("  <trace id=\"org{0}\" href=\"org{0}.csv\" organisation=\"org{0}\"/>\n", t);
  }
  if (run.service) {
    text +=
        "  <service id=\"chat\" model=\"llama-3.1-8b\" input-tokens=\"1000\" output-tokens=\"200\" "
        "ttft=\"2 s\" tpot=\"50 ms\" assumed=\"test\">"
        "<demand region=\"here\" requests=\"20 req/s\" daily-amplitude=\"60 %\" "
        "peak-hour-local=\"15\"/></service>\n";
  }
  return text + "</workload>\n";
}

std::string scenario_of(const RunDraw& run) {
  std::string text = fmt::format(
      "<scenario name=\"drawn\" world=\"world.xml\" mix=\"mix.xml\" start=\"2026-01-01\" "
      "horizon=\"4 d\" seed=\"{}\">\n  <scheduling {} placement=\"{}\"/>\n  <broker {}/>\n",
      run.seed, pick(kPolicies, run.policy), pick(kPlacements, run.placement),
      pick(kBrokers, run.broker));
  if (run.failures) text += "  <failures/>\n";
  for (const OutageDraw& outage : run.outages) {
    text += fmt::format(
        "  <event at=\"{} h\" kind=\"site-outage\" site=\"site{}\" duration=\"{} h\"/>\n",
        outage.at_h, static_cast<size_t>(outage.site) % run.sites.size(), outage.hours);
  }
  return text + "  <record sample=\"30 min\"/>\n</scenario>\n";
}

std::string log_of(const TenantDraw& tenant, std::int64_t most_chips) {
  std::vector<JobDraw> jobs = tenant.jobs;
  std::stable_sort(jobs.begin(), jobs.end(),
                   [](const JobDraw& a, const JobDraw& b) { return a.submit_min < b.submit_min; });
  std::string text = "id,submit,nodes,runtime,walltime\n";
  for (size_t i = 0; i < jobs.size(); ++i) {
    text += fmt::format("{},{},{},{},{}\n", i, 60 * jobs[i].submit_min,
                        std::min<std::int64_t>(jobs[i].chips, most_chips), 60 * jobs[i].run_min,
                        0.6 * jobs[i].run_min * jobs[i].request_percent);
  }
  return text;
}

std::int64_t largest_cluster(const RunDraw& run) {
  std::int64_t most = 0;
  for (const SiteDraw& site : run.sites) {
    for (const ClusterDraw& cluster : site.clusters) {
      most = std::max<std::int64_t>(most, cluster.domains * chips_per_domain(cluster));
    }
  }
  return most;
}

std::map<std::string, std::string> files_of(const RunDraw& run) {
  std::map<std::string, std::string> files = {
      {"world.xml", world_of(run)}, {"mix.xml", mix_of(run)}, {"scenario.xml", scenario_of(run)}};
  for (size_t t = 0; t < run.tenants.size(); ++t) {
    files[fmt::format("org{}.csv", t)] = log_of(run.tenants[t], largest_cluster(run));
  }
  return files;
}

// ── Draws ────────────────────────────────────────────────────────────────────────────────────────

namespace gen = rc::gen;

rc::Gen<int> between(int least, int most) { return gen::inRange(least, most + 1); }

template <class T>
rc::Gen<std::vector<T>> some(size_t least, size_t most, const rc::Gen<T>& one) {
  return gen::mapcat(gen::inRange<size_t>(least, most + 1),
                     [one](size_t count) { return gen::container<std::vector<T>>(count, one); });
}

rc::Gen<ClusterDraw> any_cluster() {
  // Deliveries in order of time.
  const auto later = gen::map(
      some(0, 3,
           gen::build<Delivery>(gen::set(&Delivery::at_h, between(0, 96)),
                                gen::set(&Delivery::domains, between(-3, 4)))),
      [](std::vector<Delivery> all) {
        std::stable_sort(all.begin(), all.end(),
                         [](const Delivery& a, const Delivery& b) { return a.at_h < b.at_h; });
        return all;
      });
  return gen::build<ClusterDraw>(
      gen::set(&ClusterDraw::kind, between(0, 3)), gen::set(&ClusterDraw::domains, between(1, 8)),
      gen::set(&ClusterDraw::fails, gen::arbitrary<bool>()), gen::set(&ClusterDraw::later, later));
}

rc::Gen<SiteDraw> any_site() {
  return gen::build<SiteDraw>(
      gen::set(&SiteDraw::clusters, some(1, 2, any_cluster())),
      gen::set(&SiteDraw::power_percent, gen::element(0, 0, 0, 150, 100, 70, 40)));
}

rc::Gen<TenantDraw> any_tenant() {
  const auto job = gen::build<JobDraw>(
      gen::set(&JobDraw::submit_min, between(0, 4000)), gen::set(&JobDraw::chips, between(1, 40)),
      gen::set(&JobDraw::run_min, between(1, 1500)),
      gen::set(&JobDraw::request_percent, gen::element(60, 100, 100, 150, 300)));
  return gen::build<TenantDraw>(gen::set(&TenantDraw::quota, gen::element(0, 0, 8, 30, 100)),
                                gen::set(&TenantDraw::jobs, some(0, 40, job)));
}

}  // namespace

std::vector<std::int64_t> quotas_of(const RunDraw& run) {
  std::int64_t left = 0;
  for (const SiteDraw& site : run.sites) {
    for (const ClusterDraw& cluster : site.clusters) {
      left += cluster.domains * chips_per_domain(cluster);
    }
  }
  std::vector<std::int64_t> quotas;
  for (const TenantDraw& tenant : run.tenants) {
    quotas.push_back(std::min<std::int64_t>(tenant.quota, left));
    left -= quotas.back();
  }
  return quotas;
}

int chips_per_domain(const ClusterDraw& cluster) { return kKinds[cluster.kind].chips; }

rc::Gen<RunDraw> any_run() {
  const auto stream = gen::build<StreamDraw>(
      gen::set(&StreamDraw::chips, gen::element(8, 8, 16, 32, 64)),
      gen::set(&StreamDraw::per_day, between(1, 20)), gen::set(&StreamDraw::hours, between(1, 20)),
      gen::set(&StreamDraw::checkpoint_min, gen::element(0, 10, 60)),
      gen::set(&StreamDraw::priority, between(0, 5)));
  const auto outage = gen::build<OutageDraw>(gen::set(&OutageDraw::site, between(0, 2)),
                                             gen::set(&OutageDraw::at_h, between(0, 95)),
                                             gen::set(&OutageDraw::hours, between(1, 30)));
  return gen::build<RunDraw>(
      gen::set(&RunDraw::sites, some(1, 3, any_site())),
      gen::set(&RunDraw::tenants, some(0, 3, any_tenant())),
      gen::set(&RunDraw::streams, some(0, 2, stream)),
      gen::set(&RunDraw::outages, some(0, 2, outage)),
      gen::set(&RunDraw::policy, between(0, static_cast<int>(kPolicies.size()) - 1)),
      gen::set(&RunDraw::placement, between(0, static_cast<int>(kPlacements.size()) - 1)),
      gen::set(&RunDraw::broker, between(0, static_cast<int>(kBrokers.size()) - 1)),
      gen::set(&RunDraw::service, gen::arbitrary<bool>()),
      gen::set(&RunDraw::failures, gen::arbitrary<bool>()),
      gen::set(&RunDraw::seed, between(1, 1000)));
}

std::filesystem::path write(const RunDraw& run, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  for (const auto& [name, text] : files_of(run)) std::ofstream(folder / name) << text;
  return folder / "scenario.xml";
}

std::ostream& operator<<(std::ostream& out, const RunDraw& run) {
  for (const auto& [name, text] : files_of(run)) out << "\n── " << name << "\n" << text;
  return out;
}

}  // namespace busbar::property
