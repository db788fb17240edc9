#include <fmt/format.h>

#include <fstream>

#include "sim/base/error.h"
#include "sim/base/json.h"
#include "sim/base/units.h"
#include "sim/cli/commands.h"
#include "sim/cli/report.h"
#include "sim/faults/log_fit.h"
#include "sim/validation/failures_file.h"
#include "sim/validation/reliability.h"

namespace busbar::cli {
namespace {

using validation::Band;

// What replicates of the fitted model give over the span of the log.
struct Regenerated {
  Band faults, unavailable, gap_variation;
};

Regenerated regenerate(const faults::LogFit& fit, const FailureLogOptions& options,
                       base::Seconds span) {
  std::vector<double> faults, unavailable, variation;
  for (int r = 0; r < options.replicates; ++r) {
    const base::RandomStreams streams(options.seed, static_cast<std::uint64_t>(r));
    const auto made = faults::regenerate(fit.failures, options.servers, span, streams);
    faults.push_back(static_cast<double>(made.size()));
    unavailable.push_back(faults::replay(made, options.servers, span).unavailable);
    variation.push_back(faults::arrivals_of(made, span, {}).gap_variation);
  }
  return {validation::band_of(faults), validation::band_of(unavailable),
          validation::band_of(variation)};
}

base::Json json_of(const Band& band) {
  return base::Json::Object{{"mean", band.mean}, {"low", band.low}, {"high", band.high}};
}

base::Json json_of(const faults::LogFit& fit) {
  base::Json::Array modes, windows;
  for (const model::FailureMode& m : fit.failures.modes) {
    modes.push_back(
        base::Json::Object{{"cause", m.name},
                           {"per_thousand_node_days", m.rate.value * base::kDay * 1000.0},
                           {"repair_median_h", m.repair.median.value / base::kHour},
                           {"repair_mean_h", m.repair.mean().value / base::kHour}});
  }
  for (const auto& [days, logged] : fit.logged.dispersion) {
    windows.push_back(base::Json::Object{
        {"days", days}, {"logged", logged}, {"fitted", fit.fitted_dispersion.at(days)}});
  }
  const model::FailureMode& first = fit.failures.modes.front();
  return base::Json::Object{{"causes", modes},
                            {"dispersion", windows},
                            {"burst_size", fit.failures.bursts.mean_size},
                            {"burst_together", fit.failures.bursts.together},
                            {"burst_spread_h", fit.failures.bursts.spread.value / base::kHour},
                            {"drift_variation", fit.failures.drift.variation},
                            {"lemon_share", first.lemon_share},
                            {"lemon_factor", first.lemon_factor},
                            {"repair_p90_logged_h", fit.repair_p90_logged_s / base::kHour},
                            {"repair_p90_fitted_h", fit.repair_p90_fitted_s / base::kHour},
                            {"servers_without_fault_logged", fit.servers_without_fault_logged},
                            {"servers_without_fault_fitted", fit.servers_without_fault_fitted},
                            {"servers_without_fault_if_equal", fit.servers_without_fault_if_equal}};
}

void write(const std::string& path, const std::string& text, bool force) {
  if (!force && std::ifstream(path)) {
    throw base::IoError(fmt::format("'{}' exists; overwrite it with --force", path));
  }
  std::ofstream out(path);
  out << text;
  if (!out.flush()) throw base::IoError(fmt::format("cannot write '{}'", path));
}

void print(const faults::FaultLog& log, const faults::Outage& outage, const faults::LogFit& fit,
           const Regenerated& made) {
  fmt::print("{} faults of {} servers in {:.1f} d ({} rows were out of order, {} overlap)\n",
             log.faults.size(), log.servers_named, log.span_s / base::kDay, log.unsorted,
             log.overlapping);
  std::vector<std::vector<std::string>> rows{
      {"", "log", "model", "from", "to"},
      {"faults", std::to_string(log.faults.size()), fmt::format("{:.0f}", made.faults.mean),
       fmt::format("{:.0f}", made.faults.low), fmt::format("{:.0f}", made.faults.high)}};
  const auto percent = [](double x) { return fmt::format("{:.2f} %", 100.0 * x); };
  const Band &u = made.unavailable, &g = made.gap_variation;
  rows.push_back({"unavailable server time", percent(outage.unavailable), percent(u.mean),
                  percent(u.low), percent(u.high)});
  rows.push_back({"CV of gaps between faults", fmt::format("{:.2f}", fit.logged.gap_variation),
                  fmt::format("{:.2f}", g.mean), fmt::format("{:.2f}", g.low),
                  fmt::format("{:.2f}", g.high)});
  print_table(rows, {1, 2, 3, 4});
  fmt::print(
      "fitted: bursts of {:.2f}, {:.0f} % at one instant, others within {:.1f} h; rates vary "
      "by {:.0f} % from month to month; {:.1f} % of servers fail {:.1f} times as often\n",
      fit.failures.bursts.mean_size, 100.0 * fit.failures.bursts.together,
      fit.failures.bursts.spread.value / base::kHour, 100.0 * fit.failures.drift.variation,
      100.0 * fit.failures.modes.front().lemon_share, fit.failures.modes.front().lemon_factor);
  std::vector<std::vector<std::string>> causes{
      {"cause", "per 1,000 server days", "median repair", "mean repair"}};
  for (const model::FailureMode& m : fit.failures.modes) {
    causes.push_back({m.name, fmt::format("{:.3f}", m.rate.value * base::kDay * 1000.0),
                      fmt::format("{:.1f} h", m.repair.median.value / base::kHour),
                      fmt::format("{:.1f} h", m.repair.mean().value / base::kHour)});
  }
  print_table(causes, {1, 2, 3});
}

}  // namespace

int validate_failures(const FailureLogOptions& options) {
  base::Diagnostics problems;
  const faults::FaultLog log = faults::read_fault_log(options.table, problems);
  if (problems.has_errors()) return report(problems);
  if (log.faults.empty() || log.span_s <= 0.0) {
    problems.error({options.table}, "a log without faults: there is nothing to replay or fit");
    return report(problems);
  }
  for (const faults::LoggedFault& f : log.faults) {
    if (f.server < options.servers) continue;
    problems.error({options.table}, "server {} of the log is beyond the {} of --servers", f.server,
                   options.servers);
    return report(problems);
  }
  const base::Seconds span{log.span_s};
  const faults::Outage outage = faults::replay(log.faults, options.servers, span);
  const faults::LogFit fit = faults::fit(log, options.servers);
  const Regenerated made = regenerate(fit, options, span);
  if (!options.output.empty()) {
    write(options.output, validation::failures_xml(options.id, fit, options.source), options.force);
  }
  if (!options.json) {
    print(log, outage, fit, made);
    return kOk;
  }
  const base::Json all = base::Json::Object{
      {"faults", static_cast<std::int64_t>(log.faults.size())},
      {"servers", options.servers},
      {"servers_named", log.servers_named},
      {"span_d", log.span_s / base::kDay},
      {"unsorted", log.unsorted},
      {"overlapping", log.overlapping},
      {"per_thousand_node_days", 1000.0 * base::kDay * static_cast<double>(log.faults.size()) /
                                     (options.servers * log.span_s)},
      {"unavailable", outage.unavailable},
      {"most_down", outage.most_down},
      {"gap_variation", fit.logged.gap_variation},
      {"fit", json_of(fit)},
      {"regenerated", base::Json::Object{{"faults", json_of(made.faults)},
                                         {"unavailable", json_of(made.unavailable)},
                                         {"gap_variation", json_of(made.gap_variation)}}}};
  fmt::print("{}\n", all.dump());
  return kOk;
}

}  // namespace busbar::cli
