#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "sim/base/calendar.h"
#include "sim/base/rows.h"
#include "sim/input/platform_reader.h"
#include "sim/input/supply_checks.h"

namespace busbar::input {

using base::Dimension;
using model::Platform;
using xml::Element;

namespace {

constexpr double kForever = -std::numeric_limits<double>::infinity();

class SiteReader {
 public:
  SiteReader(Platform& platform, FirstPlaces& first, base::Diagnostics& problems)
      : platform_(platform), first_(first), problems_(problems) {}
  void read(const Element& e);

 private:
  double quantity(const Element& e, std::string_view name, Dimension dimension, double fallback,
                  double least = 0.0, double most = 1e300) {
    return xml::quantity(e, name, dimension, fallback, problems_, least, most);
  }
  std::vector<model::DatedValue> limits(const Element& site, std::string_view kind);
  void cooling(const Element& e, model::Site& site);
  model::EnergySeries series(const Element& e, Dimension dimension);
  void supplies(const Element& e, model::Site& site);
  void cluster(const Element& e, const model::Site& site, base::Id<model::Site> id);
  void deliveries(const Element& e, const model::Site& site, model::Cluster& cluster);
  int building_index(const Element& e, const model::Site& site);
  void hot_spares(const Element& e, model::Cluster& cluster);
  void crews_suffice(const Element& e, const model::Site& site, base::Id<model::FailureModel> set);
  void unused(const std::string& subject, const Element& e) {
    platform_.unused.push_back({subject, e.where()});
  }

  Platform& platform_;
  FirstPlaces& first_;
  base::Diagnostics& problems_;
};

std::vector<model::DatedValue> SiteReader::limits(const Element& parent, std::string_view kind) {
  std::vector<model::DatedValue> steps;
  for (const Element& e : parent.children(kind)) {
    model::DatedValue step;
    step.from_unix_s = xml::date(e, "from", kForever, problems_);
    step.value = xml::required_quantity(e, "limit", Dimension::kPower, problems_);
    for (const model::DatedValue& other : steps) {
      if (other.from_unix_s == step.from_unix_s) {
        problems_.error(e.where(), "two <{}> limits hold from the same date", kind);
      }
    }
    steps.push_back(step);
  }
  std::sort(steps.begin(), steps.end(),
            [](const auto& a, const auto& b) { return a.from_unix_s < b.from_unix_s; });
  return steps;
}

// `1.15`, or points `1.10 at 15 degC, 1.22 at 35 degC`.
void SiteReader::cooling(const Element& e, model::Site& site) {
  const auto text = e.attribute("pue");
  model::Curve& curve = site.cooling.pue_by_temperature;
  for (const std::string_view piece : base::split(text->value, ',')) {
    const size_t at = piece.find(" at ");
    const auto pue = base::parse_number(piece.substr(0, at));
    double temperature = 15.0;
    if (at != std::string_view::npos) {
      const auto parsed = base::parse_quantity(piece.substr(at + 4), Dimension::kTemperature);
      if (!parsed) problems_.error(text->where, "<cooling> pue: {}", parsed.error);
      temperature = parsed.value;
    }
    if (!pue || *pue < 1.0 || *pue > 5.0) {
      problems_.error(text->where,
                      "<cooling> pue: '{}' is not a PUE from 1 to 5; write e.g. '1.10 at 15 degC, "
                      "1.22 at 35 degC'",
                      base::trim(piece));
      return;
    }
    if (!curve.x.empty() && temperature <= curve.x.back()) {
      problems_.error(text->where, "<cooling> pue: temperatures must ascend");
      return;
    }
    curve.x.push_back(temperature);
    curve.y.push_back(*pue);
  }
}

model::EnergySeries SiteReader::series(const Element& e, Dimension dimension) {
  model::EnergySeries series;
  series.mean = xml::required_quantity(e, "mean", dimension, problems_);
  series.by_hour_utc = numbers(e, "by-hour-utc", 24, problems_);
  series.by_month = numbers(e, "by-month", 12, problems_);
  // Shapes are relative: their mean is 1 whatever the units of the figures.
  for (auto* shape : {&series.by_hour_utc, &series.by_month}) {
    double sum = 0.0;
    for (const double v : *shape) sum += v;
    if (!shape->empty() && sum <= 0.0) {
      problems_.error(e.where(), "<{}>: a shape of zeros", e.name());
    }
    for (double& v : *shape) v *= static_cast<double>(shape->size()) / std::max(sum, 1e-300);
  }
  return series;
}

// What fails together, generates, stores and repairs. Generation, batteries and capacities are kept
// for later, not simulated yet.
void SiteReader::supplies(const Element& e, model::Site& site) {
  const std::string subject = fmt::format("site '{}' {}", site.name, e.name());
  if (e.name() == "feed" || e.name() == "cooling-loop") {
    model::SharedSupply supply;
    supply.name = e.get("id");
    supply.cooling = e.name() == "cooling-loop";
    supply.capacity = base::Watts{quantity(e, "capacity", Dimension::kPower, 0.0)};
    supply.serves = xml::words(e, "serves");
    site.supplies.push_back(supply);
    if (e.has("capacity")) unused(subject + " capacity", e);
    return;
  } else if (e.name() == "generator") {
    static const std::vector<std::string> kKinds = {
        "combined-cycle", "gas-turbine", "reciprocating", "fuel-cell", "solar", "wind"};
    model::Generator g;
    g.name = e.get("id");
    g.kind = static_cast<model::GenerationKind>(
        std::find(kKinds.begin(), kKinds.end(), e.get("kind")) - kKinds.begin());
    g.capacity = base::Watts{xml::required_quantity(e, "capacity", Dimension::kPower, problems_)};
    g.units = xml::integer(e, "units", 1, problems_, 1);
    g.heat_rate = quantity(e, "heat-rate", Dimension::kHeatRate, 0.0);
    g.fuel_price = base::UsdPerJoule{quantity(e, "fuel-price", Dimension::kPriceOfEnergy, 0.0)};
    g.carbon = base::GramsPerJoule{quantity(e, "carbon", Dimension::kCarbonIntensity, 0.0)};
    g.start_time = base::Seconds{quantity(e, "start-time", Dimension::kTime, 0.0)};
    g.ramp_w_per_s = quantity(e, "ramp", Dimension::kRamp, 0.0);
    g.from_unix_s = xml::date(e, "from", 0.0, problems_);
    g.until_unix_s = xml::date(e, "until", 0.0, problems_);
    site.generators.push_back(g);
  } else if (e.name() == "battery") {
    model::Battery b;
    b.name = e.get("id");
    b.energy = base::Joules{xml::required_quantity(e, "energy", Dimension::kEnergy, problems_)};
    b.power = base::Watts{xml::required_quantity(e, "power", Dimension::kPower, problems_)};
    b.round_trip_efficiency = quantity(e, "round-trip", Dimension::kFraction, 1.0, 0.0, 1.0);
    b.from_unix_s = xml::date(e, "from", 0.0, problems_);
    site.batteries.push_back(b);
  } else if (e.name() == "permit") {
    model::Permit p;
    p.name = e.get("id");
    if (e.has("power")) p.power = base::Watts{quantity(e, "power", Dimension::kPower, 0.0)};
    p.hours_per_year = xml::integer(e, "hours-per-year", 8784, problems_, 0, 8784);
    p.until_unix_s = xml::date(e, "until", 0.0, problems_);
    site.permits.push_back(p);
  } else if (e.name() == "storage") {
    model::Storage s;
    s.name = e.get("id");
    s.capacity = base::Bytes{quantity(e, "capacity", Dimension::kBytes, 0.0)};
    s.read =
        base::BytesPerSecond{xml::required_quantity(e, "read", Dimension::kBandwidth, problems_)};
    s.write =
        base::BytesPerSecond{xml::required_quantity(e, "write", Dimension::kBandwidth, problems_)};
    if (e.has("capacity")) unused(fmt::format("{} '{}' capacity", subject, s.name), e);
    site.storages.push_back(s);
    return;
  } else if (e.name() == "crews") {
    if (e.has("count")) site.crews.count = xml::integer(e, "count", 0, problems_);
    if (e.has("spares")) site.crews.spares = xml::integer(e, "spares", 0, problems_);
    site.crews.spare_lead = base::Seconds{quantity(e, "spare-lead", Dimension::kTime, 0.0)};
    if (e.has("spare-lead") && !e.has("spares")) {
      problems_.error(e.where("spare-lead"),
                      "site '{}' is never short of parts: write spares=\"N\" beside spare-lead",
                      site.name);
    }
  } else {
    return;
  }
  unused(subject, e);
}

int SiteReader::building_index(const Element& e, const model::Site& site) {
  const auto text = e.attribute("building");
  if (!text) return -1;
  std::vector<std::string> known;
  for (size_t i = 0; i < site.buildings.size(); ++i) {
    if (site.buildings[i].name == text->value) return static_cast<int>(i);
    known.push_back(site.buildings[i].name);
  }
  problems_.error(text->where, "site '{}' has no building '{}';{}", site.name, text->value,
                  base::suggestion(text->value, known));
  return -1;
}

void SiteReader::deliveries(const Element& e, const model::Site& site, model::Cluster& cluster) {
  if (e.has("count")) {
    cluster.deliveries.push_back({kForever, xml::integer(e, "count", 0, problems_, 1), -1});
  }
  const double launch_unix_s =
      cluster.domain ? platform_.accelerator_of(cluster).launch_unix_s : 0.0;
  for (const Element& d : e.children("delivery")) {
    model::Delivery delivery;
    delivery.date_unix_s = xml::date(d, "date", 0.0, problems_);
    delivery.domains = xml::integer(d, "count", 0, problems_, -2'000'000'000);
    delivery.building = building_index(d, site);
    if (delivery.domains == 0) problems_.error(d.where("count"), "a delivery of no domains");
    if (delivery.date_unix_s < launch_unix_s) {
      problems_.error(d.where("date"), "delivery on {} is before the launch of '{}' on {}",
                      d.get("date"), platform_.accelerator_of(cluster).name,
                      base::format_date(launch_unix_s));
    }
    cluster.deliveries.push_back(delivery);
  }
  std::stable_sort(cluster.deliveries.begin(), cluster.deliveries.end(),
                   [](const auto& a, const auto& b) { return a.date_unix_s < b.date_unix_s; });
  long long total = 0;
  for (const model::Delivery& delivery : cluster.deliveries) {
    total += delivery.domains;
    if (total < 0) {
      problems_.error(e.where(), "cluster '{}': on {} more domains leave than ever came",
                      cluster.name, base::format_date(delivery.date_unix_s));
      break;
    }
  }
  if (cluster.deliveries.empty()) {
    problems_.error(e.where(), "cluster '{}' has neither count nor <delivery>", cluster.name);
  }
}

// Spares of each building are fewer than what ever stands there.
void SiteReader::hot_spares(const Element& e, model::Cluster& cluster) {
  cluster.hot_spares = xml::integer(e, "hot-spares", 0, problems_);
  if (cluster.hot_spares == 0) return;
  std::map<int, std::pair<long long, long long>> domains;  // by building: now, at most
  for (const model::Delivery& delivery : cluster.deliveries) {
    auto& [now, most] = domains[delivery.building >= 0 ? delivery.building : cluster.building];
    now += delivery.domains;
    most = std::max(most, now);
  }
  for (const auto& [building, count] : domains) {
    if (cluster.hot_spares < count.second) continue;
    problems_.error(e.where("hot-spares"),
                    "cluster '{}': {} hot spares in a building of {} domains leave none for jobs; "
                    "write at most {}",
                    cluster.name, cluster.hot_spares, count.second,
                    std::max(0LL, count.second - 1));
    return;
  }
}

// What needs a repair, or a spare, needs somebody to do it and a part to do it with.
void SiteReader::crews_suffice(const Element& e, const model::Site& site,
                               base::Id<model::FailureModel> set) {
  if (!set) return;
  const model::FailureModel& failures = platform_.failure_models[set];
  for (const model::FailureMode& mode : failures.modes) {
    if (mode.repair.median.value > 0.0 && site.crews.count == 0) {
      problems_.error(e.where(),
                      "<{}> '{}': failures '{}' need repairs ('{}'), but site '{}' has no crew; "
                      "write <crews count=\"1\"/> or more, or leave <crews> out: repairs then "
                      "never wait",
                      e.name(), e.get("id"), failures.name, mode.name, site.name);
      return;
    }
    if (mode.needs_spare && site.crews.spares == 0) {
      problems_.error(e.where(),
                      "<{}> '{}': failures '{}' need spare parts ('{}'), but site '{}' has none; "
                      "write <crews spares=\"1\"/> or more, or leave spares out",
                      e.name(), e.get("id"), failures.name, mode.name, site.name);
      return;
    }
  }
}

void SiteReader::cluster(const Element& e, const model::Site& site, base::Id<model::Site> id) {
  model::Cluster cluster;
  cluster.name = e.get("id");
  cluster.site = id;
  cluster.domain = resolve(e, "domain", "domain", platform_.domains, problems_);
  cluster.fabric = resolve(e, "fabric", "fabric", platform_.fabrics, problems_);
  cluster.pod = resolve(e, "pod", "pod", platform_.pods, problems_);
  cluster.owner = resolve(e, "owner", "organisation", platform_.organisations, problems_);
  cluster.failures = resolve(e, "failures", "failure set", platform_.failure_models, problems_);
  cluster.building = building_index(e, site);
  cluster.storage = e.get("storage");
  cluster.burn_in = base::Seconds{quantity(e, "burn-in", Dimension::kTime, 0.0)};
  if (!cluster.storage.empty() &&
      std::none_of(site.storages.begin(), site.storages.end(),
                   [&](const auto& s) { return s.name == cluster.storage; })) {
    problems_.error(e.where("storage"), "site '{}' has no storage '{}'", site.name,
                    cluster.storage);
  }
  if (cluster.pod && platform_.pods[cluster.pod].domain != cluster.domain) {
    problems_.error(e.where("pod"), "pod '{}' is made of other domains than cluster '{}'",
                    platform_.pods[cluster.pod].name, cluster.name);
  }
  deliveries(e, site, cluster);
  hot_spares(e, cluster);
  if (cluster.domain) crews_suffice(e, site, platform_.failures_of(cluster));
  cite(e, fmt::format("cluster '{}'", cluster.name), platform_.citations, problems_);
  first_.add(platform_.clusters, std::move(cluster), e, "cluster", problems_);
}

void SiteReader::read(const Element& e) {
  model::Site site;
  site.name = e.get("id");
  site.title = e.get("title", site.name);
  site.latitude_deg = quantity(e, "latitude", Dimension::kAngle, 0.0, -90.0, 90.0);
  site.longitude_deg = quantity(e, "longitude", Dimension::kAngle, 0.0, -180.0, 180.0);
  site.region = e.get("region");
  site.jurisdiction = e.get("jurisdiction");
  site.grid_limit_w = limits(e, "grid");
  site.it_limit_w = limits(e, "it");
  site.failures = resolve(e, "failures", "failure set", platform_.failure_models, problems_);
  const std::string subject = fmt::format("site '{}'", site.name);
  cite(e, subject, platform_.citations, problems_);
  site.feeds = xml::integer(e, "feeds", 0, problems_, 1);
  site.cooling_loops = xml::integer(e, "cooling-loops", 0, problems_, 1);
  for (const Element& c : e.children()) {
    if (c.name() == "cluster" || c.name() == "building") continue;
    cite(c, fmt::format("{} {}", subject, c.name()), platform_.citations, problems_);
    if (c.name() == "cooling") cooling(c, site);
    if (c.name() == "weather") {
      site.cooling.mean_temperature_c = quantity(c, "mean", Dimension::kTemperature, 15.0, -60, 60);
      site.cooling.seasonal_amplitude_c =
          quantity(c, "seasonal", Dimension::kTemperature, 0, 0, 60);
      site.cooling.daily_amplitude_c = quantity(c, "daily", Dimension::kTemperature, 0, 0, 60);
    }
    if (c.name() == "price") site.price = series(c, Dimension::kPriceOfEnergy);
    if (c.name() == "carbon") site.carbon = series(c, Dimension::kCarbonIntensity);
    supplies(c, site);
  }
  for (const Element& b : e.children("building")) {
    model::Building building;
    building.name = b.get("id");
    building.it_limit_w = limits(b, "it");
    building.uplink = base::BytesPerSecond{quantity(b, "uplink", Dimension::kBandwidth, 0.0)};
    if (!building.it_limit_w.empty()) {
      unused(fmt::format("{} building '{}' IT limit", subject, building.name), b);
    }
    for (const model::Building& other : site.buildings) {
      if (other.name == building.name) {
        problems_.error(b.where("id"), "building '{}' is defined twice", building.name);
      }
    }
    site.buildings.push_back(building);
  }
  crews_suffice(e, site, site.failures);
  const auto id = first_.add(platform_.sites, site, e, "site", problems_);
  for (const Element& c : e.children("cluster")) {
    cluster(c, site, id ? id : platform_.sites.find(site.name));
  }
  check_supplies(e, site, platform_, problems_);
}

}  // namespace

void read_sites(const Element& root, Platform& platform, FirstPlaces& first,
                base::Diagnostics& problems) {
  SiteReader reader(platform, first, problems);
  for (const Element& site : root.children("site")) reader.read(site);
}

}  // namespace busbar::input
