#include <algorithm>

#include "tests/property/random_files.h"

namespace busbar::property {
namespace {

constexpr Kind kKinds[] = {{"node", "plain-ethernet", "", 1, 0.0, "generic", 0},
                           {"hgx-h100-8", "rails-400g", "", 8, 1200.0, "nvidia", 1},
                           {"ironwood-cube", "jupiter", "four-cubes", 64, 1100.0, "google", 2},
                           {"trn2-ultraserver", "ultracluster", "", 64, 700.0, "amazon", 4},
                           {"gb300-nvl72", "quantum-x800", "", 64, 2000.0, "nvidia", 1}};

// Deliveries come at the begin of their day.
std::string date(int hours) { return fmt::format("2026-01-{:02}", 1 + hours / 24); }

std::string text_of(const ClusterDraw& cluster, const std::string& name, size_t site) {
  const Kind& kind = kind_of(cluster);
  std::string text = fmt::format("    <cluster id=\"{}\" domain=\"{}\" fabric=\"{}\"", name,
                                 kind.domain, kind.fabric);
  if (cluster.fails) text += " failures=\"frail\"";
  if (hot_spares(cluster) > 0) text += fmt::format(" hot-spares=\"{}\"", hot_spares(cluster));
  if (cluster.burn_in_h > 0) text += fmt::format(" burn-in=\"{} h\"", cluster.burn_in_h);
  if (cluster.pods && *kind.pod != '\0') text += fmt::format(" pod=\"{}\"", kind.pod);
  if (cluster.stores) text += fmt::format(" storage=\"store{}\"", site);
  text += fmt::format("><delivery date=\"2025-12-01\" count=\"{}\"/>", cluster.domains);
  for (const Delivery& delivery : plan_of(cluster)) {
    text +=
        fmt::format("<delivery date=\"{}\" count=\"{}\"/>", date(delivery.at_h), delivery.domains);
  }
  return text + "</cluster>\n";
}

// Three feeds and two loops that are counted, or fewer where fewer domains stand.
std::string counted_supplies(const SiteDraw& site) {
  int domains = 0;
  for (const ClusterDraw& cluster : site.clusters) domains += cluster.domains;
  return fmt::format(" feeds=\"{}\" cooling-loops=\"{}\"", std::min(domains, 3),
                     std::min(domains, 2));
}

std::string text_of(const SiteDraw& site, size_t s, bool parts_are_short) {
  const bool counted = site.supplies == kCountedSupplies;
  std::string text = fmt::format(
      "  <site id=\"site{}\" latitude=\"{} deg\" longitude=\"-{} deg\" jurisdiction=\"{}\"{}{} "
      "assumed=\"test\">\n",
      s, 30 + 5 * s, 80 + 10 * s, site.abroad ? "FR" : "US",
      site.supplies > 0 ? " failures=\"shared\"" : "", counted ? counted_supplies(site) : "");
  double watts = 0.0;
  for (const ClusterDraw& cluster : site.clusters) {
    watts += kind_of(cluster).watts_per_chip * kind_of(cluster).chips * cluster.domains;
  }
  if (site.power_percent > 0 && watts > 0.0) {
    text += fmt::format("    <it from=\"2026-01-01\" limit=\"{:.3f} kW\"/>\n",
                        1e-5 * watts * site.power_percent);
    if (site.later_percent > 0) {
      text += fmt::format("    <it from=\"2026-01-03\" limit=\"{:.3f} kW\"/>\n",
                          1e-7 * watts * site.power_percent * site.later_percent);
    }
  }
  text += site.swings ? "    <cooling pue=\"1.1 at 15 degC, 1.3 at 30 degC\"/>\n"
                        "    <weather mean=\"20 degC\" seasonal=\"5 degC\" daily=\"8 degC\"/>\n"
                      : "    <cooling pue=\"1.25 at 15 degC\"/>\n";
  text += fmt::format("    <price mean=\"{} USD/MWh\"{}/>\n    <carbon mean=\"{} g/kWh\"/>\n",
                      20 + 30 * s,
                      site.swings ? " by-hour-utc=\"40 30 20 20 20 25 30 40 50 60 60 60 50 40 "
                                    "40 40 50 60 80 90 80 70 60 50\""
                                  : "",
                      400 - 150 * s);
  text += fmt::format(
      "    <storage id=\"store{}\" read=\"200 GB/s\" write=\"100 GB/s\" assumed=\"test\"/>\n", s);
  for (int feed = 0; feed < site.supplies && !counted; ++feed) {
    text += fmt::format("    <feed id=\"feed{}\" serves=\"site{}-0\"/>\n", feed, s);
  }
  if (site.supplies > 0 && !counted) {
    text += "    <cooling-loop id=\"loop\" serves=\"";
    for (size_t c = 0; c < site.clusters.size(); ++c) text += fmt::format("site{}-{} ", s, c);
    text.back() = '"';
    text += "/>\n";
  }
  if (site.crews > 0) {
    text += fmt::format("    <crews count=\"{}\"{} assumed=\"test\"/>\n", site.crews,
                        parts_are_short ? " spares=\"2\" spare-lead=\"12 h\"" : "");
  }
  for (size_t c = 0; c < site.clusters.size(); ++c) {
    text += text_of(site.clusters[c], fmt::format("site{}-{}", s, c), s);
  }
  return text + "  </site>\n";
}

}  // namespace

const Kind& kind_of(const ClusterDraw& cluster) { return kKinds[cluster.kind]; }
int chips_per_domain(const ClusterDraw& cluster) { return kind_of(cluster).chips; }
int vendor_bit(const ClusterDraw& cluster) { return kind_of(cluster).bit; }
std::string vendor_of(const ClusterDraw& cluster) { return kind_of(cluster).vendor; }

std::string cluster_name(const RunDraw& run, size_t index) {
  size_t first = 0, site = 0;
  while (index >= first + run.sites[site].clusters.size()) {
    first += run.sites[site++].clusters.size();
  }
  return fmt::format("site{}-{}", site, index - first);
}

std::string world_of(const RunDraw& run) {
  std::string text = R"(<platform name="drawn" xmlns:xi="http://www.w3.org/2001/XInclude">)"
                     "\n";
  for (const char* vendor : {"generic", "nvidia", "google", "amazon"}) {
    text += fmt::format("  <xi:include href=\"{}/platforms/catalog/{}.xml\"/>\n", BUSBAR_SOURCE_DIR,
                        vendor);
  }
  text +=
      "  <catalog vendor=\"generic\"><failures id=\"frail\" counts=\"all\" assumed=\"test\">\n"
      "    <component kind=\"chip\" rate=\"0.005 /d per chip\" detection=\"1 min\" "
      "repair-median=\"2 h\" repair-p90=\"6 h\" retest=\"10 min\"";
  if (run.lemons) text += " spare=\"true\" lemons=\"20 %\" lemon-factor=\"5\"";
  text +=
      "/>\n"
      "    <component kind=\"software-hang\" rate=\"0.002 /d per chip\" takes=\"job\" "
      "detection=\"10 min\"/></failures>\n"
      "  <failures id=\"shared\" counts=\"all\" assumed=\"test\">\n"
      "    <component kind=\"site-power\" rate=\"0.1 /d per feed\" takes=\"feed\" "
      "repair-median=\"2 h\" repair-p90=\"6 h\"/>\n"
      "    <component kind=\"cooling-loop\" rate=\"0.02 /d per feed\" repair-median=\"3 h\"/>\n"
      "    <component kind=\"rack-power\" rate=\"0.01 /d per domain\" repair-median=\"3 h\"/>"
      "</failures></catalog>\n"
      "  <catalog vendor=\"google\"><pod id=\"four-cubes\" domain=\"ironwood-cube\" "
      "domains=\"4\" assumed=\"test\"/></catalog>\n"
      "  <region id=\"here\" latitude=\"40 deg\" longitude=\"-80 deg\" utc-offset=\"-5 h\" "
      "assumed=\"test\"/>\n";
  const std::vector<std::int64_t> quotas = quotas_of(run);
  for (size_t t = 0; t < run.tenants.size(); ++t) {
    const std::int64_t quota = quotas[t];
    text += fmt::format("  <organisation id=\"org{}\"{} assumed=\"test\"/>\n", t,
                        quota > 0 ? fmt::format(" quota-chips=\"{}\"", quota) : "");
  }
  for (size_t s = 0; s < run.sites.size(); ++s) text += text_of(run.sites[s], s, run.lemons);
  for (size_t s = 1; s < run.sites.size(); ++s) {
    text += fmt::format(
        "  <wan-link id=\"wan{0}\" a=\"site{1}\" b=\"site{0}\" bandwidth=\"{2} Gbit/s\" "
        "latency=\"10 ms\" assumed=\"test\"/>\n",
        s, s - 1, run.wan_gbps);
  }
  return text + "</platform>\n";
}

}  // namespace busbar::property
