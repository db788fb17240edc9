#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "sim/base/rows.h"
#include "sim/input/platform_reader.h"

namespace busbar::input {

using base::Dimension;
using model::Platform;
using xml::Element;

namespace {

// Reads the catalogues of a platform in the order in which entries refer to each other.
class CatalogReader {
 public:
  CatalogReader(Platform& platform, FirstPlaces& first, base::Diagnostics& problems)
      : platform_(platform), first_(first), problems_(problems) {}

  void accelerator(const Element& e, const std::string& vendor);
  void nic(const Element& e);
  void node(const Element& e);
  void domain(const Element& e);
  void pod(const Element& e);
  void fabric(const Element& e);

 private:
  double quantity(const Element& e, std::string_view name, Dimension dimension, double fallback) {
    return xml::quantity(e, name, dimension, fallback, problems_);
  }
  double required(const Element& e, std::string_view name, Dimension dimension) {
    return xml::required_quantity(e, name, dimension, problems_, 1e-300);
  }
  void cite_as(const Element& e, const std::string& what) {
    cite(e, what, platform_.citations, problems_);
  }
  base::Id<model::FailureModel> failures(const Element& e) {
    return resolve(e, "failures", "failure set", platform_.failure_models, problems_);
  }
  void torus(const Element& e, model::Domain& domain);
  void sub_slices(const Element& e, model::Domain& domain);
  void axis_bandwidths(const Element& e, model::Domain& domain);
  void allocation_unit(const Element& e, model::Domain& domain);

  Platform& platform_;
  FirstPlaces& first_;
  base::Diagnostics& problems_;
};

void CatalogReader::accelerator(const Element& e, const std::string& vendor) {
  model::Accelerator chip;
  chip.name = e.get("id");
  chip.vendor = vendor;
  chip.aliases = xml::words(e, "aliases");
  chip.launch_unix_s = xml::date(e, "launch", 0.0, problems_);
  chip.failures = failures(e);
  const std::string subject = fmt::format("accelerator '{}'", chip.name);
  cite_as(e, subject);
  for (const Element& c : e.children()) {
    cite_as(c, fmt::format("{} {}", subject, c.name()));
    if (c.name() == "peak") {
      chip.peak_flops[c.get("precision")] = required(c, "rate", Dimension::kCompute);
    } else if (c.name() == "memory") {
      chip.memory = base::Bytes{required(c, "size", Dimension::kBytes)};
      chip.memory_bandwidth = base::BytesPerSecond{required(c, "bandwidth", Dimension::kBandwidth)};
    } else if (c.name() == "power") {
      chip.idle_power = base::Watts{quantity(c, "idle", Dimension::kPower, 0.0)};
      chip.compute_power = base::Watts{quantity(c, "compute", Dimension::kPower, 0.0)};
      chip.communication_power = base::Watts{quantity(c, "communication", Dimension::kPower, 0.0)};
      if (chip.compute_power < chip.idle_power || chip.communication_power < chip.idle_power) {
        problems_.error(c.where("idle"), "{}: idle power is above compute or communication power",
                        subject);
      }
    } else if (c.name() == "cap") {
      chip.clock_by_power_cap.x.push_back(quantity(c, "at", Dimension::kFraction, 1.0));
      chip.clock_by_power_cap.y.push_back(quantity(c, "speed", Dimension::kFraction, 1.0));
      platform_.unused.push_back({subject + " power cap", c.where()});
    } else if (c.name() == "price") {
      chip.price = base::UsdPerSecond{quantity(c, "list", Dimension::kPriceOverTime, 0.0)};
      chip.purchase = base::Usd{quantity(c, "purchase", Dimension::kMoney, 0.0)};
    }
  }
  first_.add(platform_.accelerators, std::move(chip), e, "accelerator", problems_);
}

void CatalogReader::nic(const Element& e) {
  model::Nic nic;
  nic.name = e.get("id");
  nic.bandwidth = base::BytesPerSecond{required(e, "bandwidth", Dimension::kBandwidth)};
  nic.power = base::Watts{quantity(e, "power", Dimension::kPower, 0.0)};
  cite_as(e, fmt::format("nic '{}'", nic.name));
  first_.add(platform_.nics, std::move(nic), e, "nic", problems_);
}

void CatalogReader::node(const Element& e) {
  model::Node node;
  node.name = e.get("id");
  node.accelerator = resolve(e, "accelerator", "accelerator", platform_.accelerators, problems_);
  node.accelerators = xml::integer(e, "accelerators", 1, problems_, 1, 4096);
  node.nic = resolve(e, "nic", "nic", platform_.nics, problems_);
  node.nics = xml::integer(e, "nics", node.nic ? 1 : 0, problems_, 1, 4096);
  node.host_link = base::BytesPerSecond{quantity(e, "host-link", Dimension::kBandwidth, 0.0)};
  node.host_power = base::Watts{quantity(e, "host-power", Dimension::kPower, 0.0)};
  node.local_storage = base::Bytes{quantity(e, "local-storage", Dimension::kBytes, 0.0)};
  node.local_storage_bandwidth =
      base::BytesPerSecond{quantity(e, "local-bandwidth", Dimension::kBandwidth, 0.0)};
  node.failures = failures(e);
  if (e.has("local-storage")) {
    platform_.unused.push_back(
        {fmt::format("node '{}' local storage", node.name), e.where("local-storage")});
  }
  cite_as(e, fmt::format("node '{}'", node.name));
  first_.add(platform_.nodes, std::move(node), e, "node", problems_);
}

void CatalogReader::torus(const Element& e, model::Domain& domain) {
  domain.torus = extents(e, "torus", problems_);
  domain.wraps.assign(domain.torus.size(), true);
  if (domain.torus.empty() && !e.has("torus")) {
    problems_.error(e.where(), "domain '{}' is a torus: write its extents, e.g. torus=\"4x4x4\"",
                    domain.name);
  }
  int product = 1;
  for (const int extent : domain.torus) product *= extent;
  if (!domain.torus.empty() && product != domain.chips_installed) {
    problems_.error(e.where("torus"), "domain '{}': torus {} has {} chips, its nodes have {}",
                    domain.name, e.get("torus"), product, domain.chips_installed);
  }
  const std::vector<std::string> wraps = xml::words(e, "wraps");
  if (wraps.empty()) return;
  if (wraps.size() != domain.torus.size()) {
    problems_.error(e.where("wraps"), "domain '{}': {} axes wrap or not where the torus has {}",
                    domain.name, wraps.size(), domain.torus.size());
    return;
  }
  for (size_t i = 0; i < wraps.size(); ++i) {
    if (wraps[i] != "yes" && wraps[i] != "no") {
      problems_.error(e.where("wraps"), "domain '{}': '{}' is neither yes nor no", domain.name,
                      wraps[i]);
    }
    domain.wraps[i] = wraps[i] == "yes";
  }
}

void CatalogReader::sub_slices(const Element& e, model::Domain& domain) {
  for (const std::string& text : xml::words(e, "sub-slices")) {
    std::vector<int> shape;
    bool fits = true;
    for (const auto part : base::split(text, 'x')) {
      const double extent = base::parse_number(part).value_or(0.0);
      fits = fits && extent >= 1.0 && extent == std::floor(extent);
      shape.push_back(fits ? static_cast<int>(extent) : 0);
    }
    fits = fits && shape.size() == domain.torus.size();
    for (size_t a = 0; fits && a < shape.size(); ++a) fits = shape[a] <= domain.torus[a];
    if (!fits) {
      problems_.error(e.where("sub-slices"), "domain '{}': '{}' is no shape inside torus {}",
                      domain.name, text, e.get("torus"));
      continue;
    }
    domain.sub_slices.push_back(std::move(shape));
  }
}

// Slices of a torus are whole units too; without the attribute the smallest listed one is the unit.
void CatalogReader::allocation_unit(const Element& e, model::Domain& domain) {
  int smallest = domain.topology == model::DomainTopology::kTorus ? domain.chips_used : 1;
  for (const std::vector<int>& shape : domain.sub_slices) {
    smallest =
        std::min(smallest, std::accumulate(shape.begin(), shape.end(), 1, std::multiplies<>()));
  }
  domain.allocation_unit = xml::integer(e, "allocation-unit", smallest, problems_, 1);
  if (domain.chips_used % domain.allocation_unit != 0) {
    problems_.error(e.where("allocation-unit"),
                    "domain '{}': units of {} chips do not divide its {} chips in use; write a "
                    "divisor of {}",
                    domain.name, domain.allocation_unit, domain.chips_used, domain.chips_used);
  }
}

// Cables of unlike axes; what reads one bandwidth for all links gets their mean.
void CatalogReader::axis_bandwidths(const Element& e, model::Domain& domain) {
  if (!e.has("axis-bandwidths")) return;
  const base::Location where = e.where("axis-bandwidths");
  if (e.has("link-bandwidth")) {
    problems_.error(where, "domain '{}': write link-bandwidth or axis-bandwidths, not both",
                    domain.name);
  }
  base::BytesPerSecond sum;
  const std::string all = e.get("axis-bandwidths");
  for (const auto text : base::split(all, ',')) {
    const auto parsed = base::parse_quantity(base::trim(text), Dimension::kBandwidth);
    if (!parsed || parsed.value <= 0.0) {
      problems_.error(where, "domain '{}': axis-bandwidths: {}", domain.name,
                      parsed ? "each must be above 0" : parsed.error);
      return;
    }
    domain.axis_bandwidths.emplace_back(parsed.value);
    sum += domain.axis_bandwidths.back();
  }
  if (domain.axis_bandwidths.size() != domain.torus.size()) {
    problems_.error(where, "domain '{}': {} bandwidths where the torus has {} axes", domain.name,
                    domain.axis_bandwidths.size(), domain.torus.size());
    return;
  }
  domain.link_bandwidth = sum / static_cast<double>(domain.torus.size());
}

void CatalogReader::domain(const Element& e) {
  model::Domain domain;
  domain.name = e.get("id");
  domain.node = resolve(e, "node", "node", platform_.nodes, problems_);
  domain.nodes = xml::integer(e, "nodes", 1, problems_, 1, 1'000'000);
  const int per_node = domain.node ? platform_.nodes[domain.node].accelerators : 1;
  domain.chips_installed = domain.nodes * per_node;
  domain.chips_usable = xml::integer(e, "usable", domain.chips_installed, problems_, 1);
  domain.chips_used = xml::integer(e, "used", domain.chips_usable, problems_, 1);
  if (domain.chips_used > domain.chips_usable || domain.chips_usable > domain.chips_installed) {
    problems_.error(e.where(e.has("used") ? "used" : "usable"),
                    "domain '{}': {} used of {} usable of {} installed chips; each must not "
                    "exceed the next",
                    domain.name, domain.chips_used, domain.chips_usable, domain.chips_installed);
  }
  domain.topology =
      e.get("topology") == "torus" ? model::DomainTopology::kTorus : model::DomainTopology::kSwitch;
  domain.link_bandwidth =
      base::BytesPerSecond{quantity(e, "link-bandwidth", Dimension::kBandwidth, 0.0)};
  if (domain.topology == model::DomainTopology::kTorus) {
    torus(e, domain);
    sub_slices(e, domain);
    axis_bandwidths(e, domain);
  }
  allocation_unit(e, domain);
  domain.links_per_chip = xml::integer(e, "links", 0, problems_, 1, 4096);
  domain.link_latency = base::Seconds{quantity(e, "link-latency", Dimension::kTime, 0.0)};
  domain.in_network_reduction = xml::boolean(e, "in-network-reduction", false, problems_);
  domain.failures = failures(e);
  domain.overhead_power = base::Watts{quantity(e, "overhead-power", Dimension::kPower, 0.0)};
  if (domain.chips_installed > 1 && domain.bandwidth_per_chip().value <= 0.0) {
    problems_.error(e.where(), "domain '{}' joins {} chips: write links and link-bandwidth",
                    domain.name, domain.chips_installed);
  }
  cite_as(e, fmt::format("domain '{}'", domain.name));
  first_.add(platform_.domains, std::move(domain), e, "domain", problems_);
}

void CatalogReader::pod(const Element& e) {
  model::Pod pod;
  pod.name = e.get("id");
  pod.domain = resolve(e, "domain", "domain", platform_.domains, problems_);
  pod.domains = xml::integer(e, "domains", 1, problems_, 1);
  pod.slice_domains = xml::integer(e, "slice-domains", pod.domains, problems_, 1, pod.domains);
  pod.twists = xml::boolean(e, "twists", false, problems_);
  if (pod.domain && platform_.domains[pod.domain].topology == model::DomainTopology::kTorus &&
      platform_.domains[pod.domain].torus.size() != 3) {
    problems_.error(e.where("domain"),
                    "pod '{}' joins cubes, tori of three axes; domain '{}' has {}: leave the pod "
                    "out, its fabric joins it",
                    pod.name, platform_.domains[pod.domain].name,
                    platform_.domains[pod.domain].torus.size());
  }
  cite_as(e, fmt::format("pod '{}'", pod.name));
  first_.add(platform_.pods, std::move(pod), e, "pod", problems_);
}

void CatalogReader::fabric(const Element& e) {
  model::Fabric fabric;
  fabric.name = e.get("id");
  const std::string balancing = e.get("load-balancing", "ecmp");
  fabric.load_balancing = balancing == "spray"      ? model::LoadBalancing::kSpray
                          : balancing == "adaptive" ? model::LoadBalancing::kAdaptive
                                                    : model::LoadBalancing::kEcmp;
  fabric.latency = base::Seconds{quantity(e, "latency", Dimension::kTime, 0.0)};
  fabric.power_per_nic = base::Watts{quantity(e, "power-per-nic", Dimension::kPower, 0.0)};
  for (const Element& t : e.children("tier")) {
    model::FabricTier tier;
    tier.name = t.get("name");
    tier.domains = xml::integer(t, "domains", 0, problems_);
    if (const auto ratio = t.attribute("oversubscription")) {
      const auto sides = base::split(ratio->value, ':');
      const auto below = base::parse_number(sides[0]);
      const auto above = sides.size() == 2 ? base::parse_number(sides[1]) : std::optional<double>{};
      if (!below || !above || *above <= 0.0 || *below < *above) {
        problems_.error(ratio->where, "<tier> oversubscription: '{}' is not of the form 7:1",
                        ratio->value);
      } else {
        tier.oversubscription = *below / *above;
      }
    }
    fabric.tiers.push_back(tier);
  }
  cite_as(e, fmt::format("fabric '{}'", fabric.name));
  first_.add(platform_.fabrics, std::move(fabric), e, "fabric", problems_);
}

}  // namespace

void read_catalogs(const Element& root, Platform& platform, FirstPlaces& first,
                   base::Diagnostics& problems) {
  CatalogReader reader(platform, first, problems);
  // Kind by kind over all catalogues, so that one vendor's file may refer to another's.
  const auto each = [&](std::string_view kind, auto&& read) {
    for (const Element& catalog : root.children("catalog")) {
      for (const Element& e : catalog.children(kind)) read(e, catalog.get("vendor"));
    }
  };
  each("failures",
       [&](const Element& e, const std::string&) { read_failures(e, platform, first, problems); });
  each("accelerator", [&](const Element& e, const std::string& v) { reader.accelerator(e, v); });
  each("nic", [&](const Element& e, const std::string&) { reader.nic(e); });
  each("node", [&](const Element& e, const std::string&) { reader.node(e); });
  each("domain", [&](const Element& e, const std::string&) { reader.domain(e); });
  each("pod", [&](const Element& e, const std::string&) { reader.pod(e); });
  each("fabric", [&](const Element& e, const std::string&) { reader.fabric(e); });
  each("efficiency",
       [&](const Element& e, const std::string&) { read_efficiency(e, platform, problems); });
}

}  // namespace busbar::input
