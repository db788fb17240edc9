#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "busbar_version.h"
#include "sim/base/calendar.h"
#include "sim/base/error.h"
#include "sim/base/units.h"
#include "sim/cli/commands.h"
#include "sim/cli/load.h"
#include "sim/cli/report.h"
#include "sim/engine/simulation.h"

namespace busbar::cli {
namespace {

std::atomic<bool> interrupted{false};

// A second Ctrl-C ends the process the usual way.
void on_interrupt(int) {
  interrupted.store(true);
  std::signal(SIGINT, SIG_DFL);
}

// One line on stderr that is rewritten a few times a second, or JSON lines for programs.
class ProgressLine {
 public:
  ProgressLine(const std::string& mode, double start_unix_s)
      : json_(mode == "json"),
        on_(mode != "none" && (json_ || isatty(STDERR_FILENO) != 0)),
        start_unix_s_(start_unix_s),
        begin_(std::chrono::steady_clock::now()) {}
  bool on() const { return on_; }

  void show(const engine::Progress& progress) {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_ < std::chrono::milliseconds(200)) return;
    shown_ = now;
    const double wall_s = std::chrono::duration<double>(now - begin_).count();
    const bool bounded = std::isfinite(progress.horizon_s);
    if (json_) {
      fmt::print(stderr,
                 "{{\"event\":\"progress\",\"simulated_s\":{:.0f},\"horizon_s\":{},\"events\":{},"
                 "\"jobs_done\":{},\"jobs_total\":{}}}\n",
                 progress.now_s, bounded ? fmt::format("{:.0f}", progress.horizon_s) : "null",
                 progress.events, progress.jobs_done, progress.jobs_total);
      return;
    }
    const double done = bounded ? progress.now_s / progress.horizon_s
                                : static_cast<double>(progress.jobs_done) /
                                      std::max(1.0, static_cast<double>(progress.jobs_total));
    const double eta_s = done > 0.0 ? wall_s * (1.0 - done) / done : 0.0;
    fmt::print(stderr, "\r\033[K{:3.0f} %  {}  {} events/s  {} jobs done  ETA {}", 100.0 * done,
               base::format_date(start_unix_s_ + progress.now_s),
               base::format_count(static_cast<double>(progress.events) / std::max(wall_s, 1e-3)),
               base::format_count(static_cast<double>(progress.jobs_done)),
               base::format_duration(base::Seconds{eta_s}));
    std::fflush(stderr);
    drawn_ = true;
  }
  ~ProgressLine() {
    if (drawn_) fmt::print(stderr, "\r\033[K");
  }

 private:
  bool json_, on_;
  double start_unix_s_;
  std::chrono::steady_clock::time_point begin_, shown_{};
  bool drawn_ = false;
};

// Jobs of logs that no cluster can ever hold are mistakes of the input, told with their log.
void check_sizes(const model::Scenario& scenario, const engine::Simulation& simulation,
                 const std::vector<model::Job>& jobs, base::Diagnostics& problems) {
  for (const engine::Oversized& job : simulation.oversized(jobs)) {
    const model::ReplayedTrace* trace =
        job.trace >= 0 ? &scenario.workload.traces[{job.trace}] : nullptr;
    const base::Location where = trace != nullptr ? trace->where : base::Location{};
    const std::string log = trace != nullptr ? fmt::format("log '{}': ", trace->href) : "";
    const std::string chips = base::format_count(job.chips);
    if (job.slices == 0) {
      problems.error(where, "{}job '{}' asks for {} chips; the largest cluster it may use has {}",
                     log, job.name, chips, base::format_count(job.largest));
      continue;
    }
    problems.error(where,
                   "{}job '{}' asks for {} chips as {} of {}, each inside one pod; the pods of a "
                   "cluster that it may use hold {} at most: ask for fewer chips, or for other "
                   "slices (<plan slices=\"N\">)",
                   log, job.name, chips,
                   job.slices == 1 ? "one slice" : fmt::format("{} slices", job.slices),
                   base::format_count(static_cast<double>(job.slice_chips)), job.fitting);
  }
}

// Phases of services that nothing they may use can run.
void check_phases(const engine::Simulation& simulation, base::Diagnostics& problems) {
  for (const engine::InfeasiblePhase& found : simulation.infeasible_phases()) {
    problems.error(found.where,
                   "{} of service '{}' fits no replica where it may run: {}; change its "
                   "chips-per-replica, its vendors or the target",
                   found.phase == serving::Phase::kPrefill ? "prefill" : "decode", found.service,
                   found.reason);
  }
}

// Sizes that the input names and the step model finds no plan for.
void check_elastic_sizes(const model::Scenario& scenario, const engine::Simulation& simulation,
                         const std::vector<model::Job>& jobs, base::Diagnostics& problems) {
  for (const auto& [index, chips] : simulation.unfit_sizes(jobs)) {
    const model::TrainingStream& stream = scenario.workload.streams[{index}];
    if (chips > 0) {
      problems.error(stream.elastic->where,
                     "stream '{}' cannot run on {} chips: the step model finds no plan for '{}' on "
                     "any cluster that it may use; leave that size out",
                     stream.name, chips, scenario.workload.models[stream.model].name);
    } else {
      problems.error(
          stream.elastic->where,
          "stream '{}' is elastic, but the step model finds no plan for any size from {} "
          "to {} chips but the one that its jobs ask for; widen the bounds",
          stream.name, stream.elastic->least, stream.elastic->most);
    }
  }
}

void print_plan(const model::Scenario& scenario, const std::vector<model::Job>& jobs,
                size_t links) {
  fmt::print("scenario  {}\nstart     {}\nhorizon   {}\n", scenario.name,
             base::format_date(scenario.start_unix_s),
             scenario.horizon ? base::format_duration(*scenario.horizon) : "until idle");
  fmt::print("policy    {} / {} / {}\n", scenario.queue_policy.name, scenario.placement.name,
             scenario.broker.name);
  fmt::print(
      "sites     {}\nclusters  {}\nlinks     {}\njobs      {}\nservices  {}\nhash      {:016x}\n",
      scenario.platform.sites.size(), scenario.platform.clusters.size(), links,
      base::format_count(static_cast<double>(jobs.size())), scenario.workload.services.size(),
      scenario.hash);
}

// What asking a policy in a library took.
void note_calls(const scheduling::PluginProcess& plugin, record::TraceWriter& trace) {
  const auto& latency = plugin.latency();
  trace.set_summary("policy_calls", latency.calls);
  trace.set_wall_summary(
      "policy_call_mean_s",
      latency.total_s / static_cast<double>(std::max<std::int64_t>(latency.calls, 1)));
  trace.set_wall_summary("policy_call_max_s", latency.most_s);
  trace.set_wall_summary("policy_call_total_s", latency.total_s);
}

size_t longest_name(const std::vector<model::Job>& jobs) {
  size_t longest = 1;
  for (const model::Job& job : jobs) longest = std::max(longest, job.name.size());
  return longest;
}

}  // namespace

int run(const RunOptions& options) {
  Registries registries;
  base::Diagnostics problems;
  auto loaded = load(options.choice, registries, problems);
  if (!loaded) return report(problems);
  const model::Scenario* scenario = &loaded->scenario;
  std::vector<model::Job>& jobs = loaded->jobs;
  const scheduling::PluginProcess* plugin = loaded->plugin.get();

  const engine::Behaviours behaviours = registries.make(*scenario);
  const size_t name_width = longest_name(jobs);
  engine::Simulation simulation(*scenario, behaviours, jobs);
  check_sizes(*scenario, simulation, jobs, problems);
  check_phases(simulation, problems);
  check_elastic_sizes(*scenario, simulation, jobs, problems);
  if (problems.has_errors()) return report(problems);
  problems.print(std::cerr);  // warnings
  if (options.dry_run) {
    print_plan(*scenario, jobs, simulation.links().size());
    return kOk;
  }
  jobs = {};

  std::string output = options.output;
  if (output.empty()) {
    std::filesystem::create_directories("runs");
    output = fmt::format("runs/{}.h5", scenario->name);
  }
  const record::Provenance provenance{BUSBAR_VERSION,
                                      BUSBAR_GIT_SHA,
                                      options.command_line,
                                      engine::Simulation::simgrid_version(),
                                      engine::Simulation::simgrid_config(),
                                      plugin != nullptr ? plugin->library() : "",
                                      plugin != nullptr ? plugin->sha256() : ""};
  record::TraceWriter trace(*scenario, provenance,
                            {.path = output,
                             .overwrite = options.force,
                             .longest_job_name = name_width,
                             .links = simulation.links()});
  std::signal(SIGINT, on_interrupt);
  simulation.interrupt_when(interrupted);
  if (options.audit) simulation.audit();
  engine::Outcome outcome;
  {
    ProgressLine line(options.progress, scenario->start_unix_s);
    if (line.on()) simulation.on_progress([&](const engine::Progress& p) { line.show(p); });
    try {
      outcome = simulation.run(trace);
    } catch (const scheduling::PolicyFailure&) {
      if (plugin != nullptr) note_calls(*plugin, trace);
      throw;
    }
  }
  if (plugin != nullptr) note_calls(*plugin, trace);
  trace.finish(outcome.interrupted ? record::Status::kInterrupted : record::Status::kComplete,
               outcome.fingerprint);
  const int shown = show({output, options.json});
  return outcome.interrupted ? kInterrupted : shown;
}

}  // namespace busbar::cli
