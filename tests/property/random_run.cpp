#include "tests/property/random_run.h"

#include <algorithm>
#include <ostream>

#include "tests/property/random_files.h"

namespace busbar::property {
namespace {

namespace gen = rc::gen;

rc::Gen<int> between(int least, int most) { return gen::inRange(least, most + 1); }

template <class T>
rc::Gen<std::vector<T>> some(size_t least, size_t most, const rc::Gen<T>& one) {
  return gen::mapcat(gen::inRange<size_t>(least, most + 1),
                     [one](size_t count) { return gen::container<std::vector<T>>(count, one); });
}

rc::Gen<bool> one_in(int times) {
  return gen::map(between(0, times - 1), [times](int drawn) { return drawn == times - 1; });
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
      gen::set(&ClusterDraw::kind, between(0, 4)),
      gen::set(&ClusterDraw::domains, gen::element(1, 2, 3, 4, 5, 6, 8, 12, 40)),
      gen::set(&ClusterDraw::hot_spares, gen::element(0, 0, 1, 2)),
      gen::set(&ClusterDraw::burn_in_h, gen::element(0, 0, 6)),
      gen::set(&ClusterDraw::fails, gen::arbitrary<bool>()),
      gen::set(&ClusterDraw::pods, gen::arbitrary<bool>()),
      gen::set(&ClusterDraw::stores, gen::arbitrary<bool>()), gen::set(&ClusterDraw::later, later));
}

rc::Gen<SiteDraw> any_site() {
  return gen::build<SiteDraw>(
      gen::set(&SiteDraw::clusters, some(1, 3, any_cluster())),
      gen::set(&SiteDraw::power_percent, gen::element(0, 0, 0, 150, 100, 70, 40)),
      gen::set(&SiteDraw::later_percent, gen::element(0, 0, 130, 60)),
      gen::set(&SiteDraw::crews, between(0, 2)),
      gen::set(&SiteDraw::supplies, between(0, kCountedSupplies)),
      gen::set(&SiteDraw::abroad, one_in(3)), gen::set(&SiteDraw::swings, gen::arbitrary<bool>()));
}

rc::Gen<TenantDraw> any_tenant() {
  const auto job = gen::build<JobDraw>(
      gen::set(&JobDraw::submit_min, between(0, 4000)),
      gen::set(&JobDraw::chips, gen::oneOf(between(1, 8), between(1, 60), between(1, 2000))),
      gen::set(&JobDraw::run_min, between(1, 1500)),
      gen::set(&JobDraw::request_percent, gen::element(60, 100, 100, 150, 300)));
  return gen::build<TenantDraw>(gen::set(&TenantDraw::quota, gen::element(0, 0, 8, 30, 100)),
                                gen::set(&TenantDraw::jobs, some(0, 40, job)));
}

rc::Gen<StreamDraw> any_stream() {
  return gen::build<StreamDraw>(
      gen::set(&StreamDraw::chips, gen::element(8, 8, 16, 32, 64, 128, 256, 512)),
      gen::set(&StreamDraw::per_day, between(1, 20)), gen::set(&StreamDraw::hours, between(1, 30)),
      gen::set(&StreamDraw::priority, between(0, 5)),
      gen::set(&StreamDraw::checkpoint_min, gen::element(0, 10, 60)),
      gen::set(&StreamDraw::saving, between(0, 4)), gen::set(&StreamDraw::response, between(0, 2)),
      gen::set(&StreamDraw::sizes, gen::element(0, 0, 1, 2, 3)),
      gen::set(&StreamDraw::span, gen::element(1, 1, 0, 2, 3, 3)),
      gen::set(&StreamDraw::sync_every, gen::element(1, 1, 100)),
      gen::set(&StreamDraw::vendors, gen::element(7, 7, 7, 1, 2, 4, 3, 5)),
      gen::set(&StreamDraw::tasks, gen::element(1, 1, 3, 8)),
      gen::set(&StreamDraw::at_once, between(0, 2)), gen::set(&StreamDraw::follows, one_in(3)),
      gen::set(&StreamDraw::after_any, one_in(2)),
      gen::set(&StreamDraw::deadline_h, gen::element(0, 12, 48)),
      gen::set(&StreamDraw::early, gen::element(0, 0, 30)),
      gen::set(&StreamDraw::request, gen::element(8, 10, 15, 30)),
      gen::set(&StreamDraw::by_tokens, gen::arbitrary<bool>()));
}

rc::Gen<ShockDraw> any_shock() {
  return gen::build<ShockDraw>(
      gen::set(&ShockDraw::kind, between(0, 5)), gen::set(&ShockDraw::target, between(0, 8)),
      gen::set(&ShockDraw::at_h, between(0, 95)), gen::set(&ShockDraw::hours, between(1, 60)),
      gen::set(&ShockDraw::variant, between(0, 3)));
}

rc::Gen<WindowDraw> any_window() {
  return gen::build<WindowDraw>(gen::set(&WindowDraw::reserves, gen::arbitrary<bool>()),
                                gen::set(&WindowDraw::stops, gen::arbitrary<bool>()),
                                gen::set(&WindowDraw::target, between(0, 8)),
                                gen::set(&WindowDraw::from_h, between(1, 80)),
                                gen::set(&WindowDraw::hours, between(1, 30)),
                                gen::set(&WindowDraw::every_h, gen::element(0, 0, 36)),
                                gen::set(&WindowDraw::chips, between(1, 300)));
}

}  // namespace

std::vector<const ClusterDraw*> clusters_of(const RunDraw& run) {
  std::vector<const ClusterDraw*> all;
  for (const SiteDraw& site : run.sites) {
    for (const ClusterDraw& cluster : site.clusters) all.push_back(&cluster);
  }
  return all;
}

std::vector<int> sites_of_clusters(const RunDraw& run) {
  std::vector<int> sites;
  for (size_t s = 0; s < run.sites.size(); ++s) {
    sites.insert(sites.end(), run.sites[s].clusters.size(), static_cast<int>(s));
  }
  return sites;
}

double chips_delivered(const ClusterDraw& cluster, double time_s) {
  double domains = cluster.domains;
  for (const Delivery& delivery : cluster.later) {
    // A delivery comes at the begin of its day.
    const double at_s = 86400.0 * (delivery.at_h / 24);
    if (delivery.domains > 0 && at_s <= time_s) domains += delivery.domains;
  }
  return domains * chips_per_domain(cluster);
}

std::vector<std::int64_t> quotas_of(const RunDraw& run) {
  std::int64_t left = 0;
  for (const ClusterDraw* cluster : clusters_of(run)) {
    left += (domains_at(*cluster, 0) - hot_spares(*cluster)) * chips_per_domain(*cluster);
  }
  std::vector<std::int64_t> quotas;
  for (const TenantDraw& tenant : run.tenants) {
    quotas.push_back(std::min<std::int64_t>(tenant.quota, left));
    left -= quotas.back();
  }
  return quotas;
}

std::vector<Delivery> plan_of(const ClusterDraw& cluster) {
  std::vector<Delivery> plan;
  int there = cluster.domains;
  for (const Delivery& delivery : cluster.later) {
    const int change = std::max(delivery.domains, -there);
    if (change == 0) continue;
    there += change;
    plan.push_back({24 * (delivery.at_h / 24), change});
  }
  return plan;
}
int domains_at(const ClusterDraw& cluster, int hour) {
  int there = cluster.domains;
  for (const Delivery& delivery : plan_of(cluster)) {
    if (delivery.at_h <= hour) there += delivery.domains;
  }
  return there;
}
int fewest_domains(const ClusterDraw& cluster) {
  int there = cluster.domains, fewest = there;
  for (const Delivery& delivery : plan_of(cluster)) {
    fewest = std::min(fewest, there += delivery.domains);
  }
  return fewest;
}

int hot_spares(const ClusterDraw& cluster) {
  return std::clamp(cluster.hot_spares, 0, std::max(0, fewest_domains(cluster) - 1));
}

const StreamDraw* stream_of(const RunDraw& run, const std::string& job) {
  if (!job.starts_with("stream")) return nullptr;
  return &run.streams[static_cast<size_t>(std::stoi(job.substr(6)))];
}

// Streams are of the first organisation. Jobs of a log have its name in theirs where there are
// several.
int tenant_of(const RunDraw& run, const std::string& job) {
  if (run.tenants.empty()) return -1;
  if (job.starts_with("stream")) return 0;
  if (job.starts_with("org")) return std::stoi(job.substr(3));
  const auto only = std::find_if(run.tenants.begin(), run.tenants.end(),
                                 [](const TenantDraw& tenant) { return !tenant.jobs.empty(); });
  return static_cast<int>(only - run.tenants.begin());
}

std::vector<JobDraw> log_of(const TenantDraw& tenant) {
  std::vector<JobDraw> jobs = tenant.jobs;
  std::stable_sort(jobs.begin(), jobs.end(),
                   [](const JobDraw& a, const JobDraw& b) { return a.submit_min < b.submit_min; });
  return jobs;
}

rc::Gen<RunDraw> any_run() {
  const auto run = gen::build<RunDraw>(gen::set(&RunDraw::sites, some(1, 3, any_site())),
                                       gen::set(&RunDraw::tenants, some(0, 3, any_tenant())),
                                       gen::set(&RunDraw::streams, some(0, 3, any_stream())),
                                       gen::set(&RunDraw::shocks, some(0, 3, any_shock())),
                                       gen::set(&RunDraw::windows, some(0, 2, any_window())),
                                       gen::set(&RunDraw::policy, between(0, 1000)),
                                       gen::set(&RunDraw::placement, between(0, 1000)),
                                       gen::set(&RunDraw::broker, between(0, 1000)),
                                       gen::set(&RunDraw::joined, gen::arbitrary<bool>()),
                                       gen::set(&RunDraw::wan_gbps, gen::element(400, 10, 3200)),
                                       gen::set(&RunDraw::fails_times, gen::element(0, 1, 10)),
                                       gen::set(&RunDraw::lemons, gen::arbitrary<bool>()),
                                       gen::set(&RunDraw::service, gen::arbitrary<bool>()),
                                       gen::set(&RunDraw::seed, between(1, 1000)));
  // The first runs are as large as the last.
  return gen::resize(rc::kNominalSize, run);
}

std::vector<File> files_of(const RunDraw& run) {
  std::vector<File> files = {
      {"world.xml", world_of(run)}, {"mix.xml", mix_of(run)}, {"scenario.xml", scenario_of(run)}};
  for (size_t t = 0; t < run.tenants.size(); ++t) {
    if (run.tenants[t].jobs.empty()) continue;
    files.push_back({fmt::format("org{}.csv", t), log_text(run, run.tenants[t])});
  }
  return files;
}

std::ostream& operator<<(std::ostream& out, const RunDraw& run) {
  out << "\nmkdir -p drawn && cd drawn\n";
  for (const File& file : files_of(run)) {
    out << "cat >" << file.name << " <<'END'\n" << file.text << "END\n";
  }
  return out << BUSBAR_BINARY << " run scenario.xml -o drawn.h5 --force\n";
}

}  // namespace busbar::property
