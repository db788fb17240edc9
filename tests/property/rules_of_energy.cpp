#include <algorithm>
#include <cmath>

#include "tests/property/invariants.h"

namespace busbar::property {
namespace {

constexpr double kRounding = 1e-9;

constexpr double kHour = 3600.0;
constexpr double kJoulesPerKWh = 3.6e6;

// What a site makes of one joule of IT in an hour: PUE times carbon or price of a joule.
class Hours {
 public:
  Hours(const Tables& t, size_t sites) : sites_(sites) {
    const auto time_s = t.numbers("/series/site/time_s"), pue = t.numbers("/series/site/pue"),
               carbon = t.numbers("/series/site/carbon");
    for (size_t s = 0; s < time_s.size(); ++s) {
      // Samples at a full hour already show what it brings.
      if (std::fmod(time_s[s], kHour) != 0.0) continue;
      for (size_t i = 0; i < sites; ++i) {
        const size_t at = s * sites + i;
        grams_per_j_.push_back(pue[at] * carbon[at] / kJoulesPerKWh);
      }
    }
  }
  double grams(const Tables::Segment& segment) const {
    double sum = 0.0;
    for (double from_s = segment.start_s; from_s < segment.end_s;) {
      const auto hour = static_cast<size_t>(from_s / kHour);
      const double to_s = std::min(segment.end_s, kHour * static_cast<double>(hour + 1));
      sum += segment.power_w * (to_s - from_s) *
             grams_per_j_[hour * sites_ + static_cast<size_t>(segment.site)];
      from_s = to_s;
    }
    return sum;
  }

 private:
  size_t sites_;
  std::vector<double> grams_per_j_;  // hour by hour, by site
};

// A job uses what its segments use. One over several sites has no segment for each of them.
void jobs(const Tables& t, const RunDraw& run, Complaints& broken) {
  const Hours hours(t, run.sites.size());
  for (const Tables::Job& job : t.jobs) {
    double joules = 0.0, grams = 0.0;
    for (const size_t i : job.segments) {
      joules += t.segments[i].seconds() * t.segments[i].power_w;
      grams += hours.grams(t.segments[i]);
    }
    if (!agree(joules, job.energy_j, kRounding, 1e-3)) {
      broken.add("job {} used {} J, its segments {} J", job.name, job.energy_j, joules);
    }
    if (!run.joined && !agree(grams, job.carbon_g, kRounding, 1e-6)) {
      broken.add("job {} emits {} g, its segments {} g", job.name, job.carbon_g, grams);
    }
  }
}

// What idles, computes and serves is all that the sites use. Watts of what idles are read off where
// nothing else happens; the chip-seconds of a vendor are those of its one kind of domain.
void fleet(const Tables& t, const RunDraw& run, Complaints& broken) {
  const auto clusters = clusters_of(run);
  const auto installed = t.numbers("/series/cluster/installed"),
             idle = t.numbers("/series/cluster/idle"),
             watts = t.numbers("/series/cluster/it_power_w");
  std::map<std::string, int> kinds;
  std::map<std::string, double> idle_w;  // of a chip
  for (size_t at = 0; at < installed.size(); ++at) {
    const ClusterDraw& cluster = *clusters[at % clusters.size()];
    const std::string vendor = vendor_of(cluster);
    if (kinds.try_emplace(vendor, cluster.kind).first->second != cluster.kind) return;
    if (installed[at] > 0.0 && idle[at] == installed[at]) {
      idle_w[vendor] = watts[at] / installed[at];
    }
  }
  double expected_j = 0.0, metered_j = 0.0;
  const auto vendors = t.reader.texts("/summary/vendors/vendor");
  const auto all_s = t.numbers("/summary/vendors/chip_seconds"),
             training_s = t.numbers("/summary/vendors/training_chip_seconds"),
             serving_s = t.numbers("/summary/vendors/serving_chip_seconds");
  for (size_t i = 0; i < vendors.size(); ++i) {
    const double idle_s = all_s[i] - training_s[i] - serving_s[i];
    if (!idle_w.contains(vendors[i])) {
      if (idle_s > 1.0) return;
      continue;
    }
    expected_j += idle_w[vendors[i]] * idle_s;
  }
  for (const Tables::Job& job : t.jobs) expected_j += job.energy_j;
  for (const double joules : t.numbers("/serving/energy_j")) expected_j += joules;
  for (const double mean_w : t.numbers("/summary/sites/it_power_mean_w")) {
    metered_j += mean_w * t.summary.at("simulated_s");
  }
  if (!agree(expected_j, metered_j, kRounding, 1.0)) {
    broken.add("the sites used {} J of IT energy; jobs, services and idle chips {} J", metered_j,
               expected_j);
  }
}

// A facility's energy is its IT energy at a PUE that stands, and carbon and money follow.
void totals(const Tables& t, const RunDraw& run, Complaints& broken) {
  const auto it_w = t.numbers("/summary/sites/it_power_mean_w"),
             joules = t.numbers("/summary/sites/energy_j"),
             grams = t.numbers("/summary/sites/carbon_g"),
             usd = t.numbers("/summary/sites/electricity_usd"),
             carbon = t.numbers("/series/site/carbon"), pue = t.numbers("/series/site/pue"),
             price = t.numbers("/series/site/price");
  for (size_t i = 0; i < run.sites.size(); ++i) {
    if (run.sites[i].swings) continue;
    const double expected_j = it_w[i] * t.summary.at("simulated_s") * pue[i];
    const double kwh = expected_j / kJoulesPerKWh;
    if (!agree(joules[i], expected_j, kRounding, 1.0) ||
        !agree(grams[i], kwh * carbon[i], kRounding, 1e-3) ||
        !agree(usd[i], kwh * price[i] / 1000.0, kRounding, 1e-6)) {
      broken.add("site {} used {} J, {} g and {} USD for {} J of IT at PUE {}", i, joules[i],
                 grams[i], usd[i], it_w[i] * t.summary.at("simulated_s"), pue[i]);
    }
  }
  const auto account = t.reader.meanings("/ledger/account");
  const auto amount = t.numbers("/ledger/amount_usd");
  double booked = 0.0, chips = 0.0, paid = 0.0, used = 0.0;
  for (size_t i = 0; i < account.size(); ++i) {
    (account[i] == "electricity" ? booked : chips) += amount[i];
  }
  for (const double site_usd : usd) paid += site_usd;
  for (const Tables::Job& job : t.jobs) used += job.cost_usd;
  for (const double service_usd : t.numbers("/serving/cost_usd")) used += service_usd;
  if (!agree(booked, paid, kRounding, 1e-6)) {
    broken.add("{} USD of electricity are booked, {} USD used", booked, paid);
  }
  if (!agree(chips, used, kRounding, 1e-6)) {
    broken.add("{} USD of chips are booked, {} USD used", chips, used);
  }
}

// What starts must fit under the limit of its time; what runs goes on under a lower one.
void limits(const Tables& t, const RunDraw& run, Complaints& broken) {
  const auto it_w = t.numbers("/series/site/it_power_w"),
             limit_w = t.numbers("/series/site/it_limit_w"),
             time_s = t.numbers("/series/site/time_s");
  std::vector<double> most_w(run.sites.size(), 0.0);
  for (size_t at = 0; at < it_w.size(); ++at) {
    double& most = most_w[at % most_w.size()];
    most = std::max(most, limit_w[at]);
    if (it_w[at] > most * (1.0 + kRounding)) {
      broken.add("site {} at {} s draws {} W, its limit is {} W", at % most_w.size(),
                 time_s[at / most_w.size()], it_w[at], most);
    }
  }
}

// A site draws what its clusters draw.
void sites(const Tables& t, const RunDraw& run, Complaints& broken) {
  const auto site_w = t.numbers("/series/site/it_power_w"),
             facility_w = t.numbers("/series/site/facility_power_w"),
             pue = t.numbers("/series/site/pue"),
             cluster_w = t.numbers("/series/cluster/it_power_w"),
             time_s = t.numbers("/series/site/time_s");
  const auto site_of = sites_of_clusters(run);
  for (size_t s = 0; s < time_s.size(); ++s) {
    std::vector<double> sum_w(run.sites.size(), 0.0);
    for (size_t c = 0; c < site_of.size(); ++c) {
      sum_w[static_cast<size_t>(site_of[c])] += cluster_w[s * site_of.size() + c];
    }
    for (size_t i = 0; i < sum_w.size(); ++i) {
      const size_t at = s * sum_w.size() + i;
      if (!agree(sum_w[i], site_w[at], kRounding, 1e-3)) {
        broken.add("site {} at {} s draws {} W, its clusters {} W", i, time_s[s], site_w[at],
                   sum_w[i]);
      }
      if (!agree(site_w[at] * pue[at], facility_w[at], kRounding, 1e-3)) {
        broken.add("site {} at {} s: {} W of IT, {} W at PUE {}", i, time_s[s], site_w[at],
                   facility_w[at], pue[at]);
      }
    }
  }
}

}  // namespace

void check_energy(const Tables& trace, const RunDraw& run, Complaints& broken) {
  jobs(trace, run, broken);
  sites(trace, run, broken);
  limits(trace, run, broken);
  fleet(trace, run, broken);
  totals(trace, run, broken);
}

}  // namespace busbar::property
