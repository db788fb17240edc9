/// Measures what a trace costs: CPU seconds and peak memory for N jobs, N segments and 3 N events.
///
/// Usage: bench_record [jobs=100000] [output=bench_record.h5]
#include <fmt/format.h>
#include <sys/resource.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>

#include "sim/base/random.h"
#include "sim/record/trace_writer.h"

namespace {

using namespace busbar;

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double peak_megabytes() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_maxrss) / 1000.0 * 1.024;
}

model::Scenario one_cluster() {
  model::Scenario scenario;
  scenario.name = "bench";
  scenario.recording.sample_interval = base::Seconds{3600.0};
  model::Platform& platform = scenario.platform;
  const auto chip = platform.accelerators.add({.name = "chip", .vendor = "vendor"});
  const auto node = platform.nodes.add({.name = "node", .accelerator = chip, .accelerators = 1});
  const auto domain = platform.domains.add(
      {.name = "node", .node = node, .nodes = 1, .chips_installed = 1, .chips_usable = 1});
  const auto site = platform.sites.add({.name = "site"});
  platform.clusters.add({.name = "nodes", .site = site, .domain = domain});
  return scenario;
}

// The rows that an engine writes for one job, with values that do not compress by chance.
void write_job(record::TraceWriter& trace, std::int32_t id, double submit_s,
               base::RandomStream& draws) {
  const std::string name = fmt::format("job-{}", id);
  const double wait_s = draws.exponential(600.0), run_s = draws.exponential(3600.0);
  record::JobRow job;
  job.id = id;
  job.name = name;
  job.cluster = job.site = 0;
  job.submit_s = submit_s;
  job.start_s = submit_s + wait_s;
  job.end_s = job.start_s + run_s;
  job.chips = static_cast<std::int64_t>(1.0 + draws.exponential(64.0));
  job.energy_j = 700.0 * static_cast<double>(job.chips) * run_s;
  job.carbon_g = job.energy_j * 1e-4 * draws.uniform();
  job.cost_usd = 2.0 / 3600.0 * static_cast<double>(job.chips) * run_s;
  job.wait_s = wait_s;
  job.waited_for = record::Bound::kChips;
  trace.add(job);
  trace.add(record::SegmentRow{id, 0, 0, static_cast<std::int32_t>(job.chips), job.chips,
                               job.start_s, job.end_s, 0.0, 0.0,
                               700.0 * static_cast<double>(job.chips)});
  const auto chips = static_cast<double>(job.chips);
  trace.add(record::EventRow{job.submit_s, record::EventKind::kSubmit, id, chips});
  trace.add(record::EventRow{job.start_s, record::EventKind::kStart, id, chips});
  trace.add(record::EventRow{job.end_s, record::EventKind::kEnd, id, chips});
}

void bench(std::int32_t jobs, const std::string& path) {
  const model::Scenario scenario = one_cluster();
  const double before_mb = peak_megabytes(), before_s = cpu_seconds();
  {
    record::TraceWriter trace(scenario, {},
                              {.path = path, .overwrite = true, .longest_job_name = 16});
    base::RandomStream draws(1);
    double submit_s = 0.0, sample_s = 0.0;
    for (std::int32_t id = 0; id < jobs; ++id) {
      submit_s += draws.exponential(30.0);
      write_job(trace, id, submit_s, draws);
      for (; sample_s < submit_s; sample_s += 3600.0) {
        trace.add_sample(sample_s, {{record::SiteSample{submit_s}}},
                         {{record::ClusterSample{submit_s}}}, {});
      }
    }
    trace.finish(record::Status::kComplete, 1);
  }
  fmt::print("{} jobs: {:.3f} CPU s, {:.1f} MB above the start, file {:.1f} MB\n", jobs,
             cpu_seconds() - before_s, peak_megabytes() - before_mb,
             static_cast<double>(std::filesystem::file_size(path)) / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    bench(argc > 1 ? std::atoi(argv[1]) : 100000, argc > 2 ? argv[2] : "bench_record.h5");
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
