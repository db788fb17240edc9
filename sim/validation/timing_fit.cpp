#include "sim/validation/timing_fit.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "sim/collectives/curve.h"
#include "sim/collectives/derating.h"
#include "sim/validation/least_squares.h"
#include "sim/validation/table_fields.h"

namespace busbar::validation {
namespace {

constexpr int kMostLines = 3;
constexpr double kNoise = 0.05;  // errors beyond this count linearly

std::string operation_of(std::string text) {
  std::replace(text.begin(), text.end(), '_', '-');
  if (text == "alltoall") return "all-to-all";
  static const std::set<std::string> kKnown = {"all-reduce", "all-gather", "reduce-scatter",
                                               "all-to-all", "broadcast"};
  return kKnown.contains(text) ? text : std::string{};
}

// Bytes that a rank sends.
double wire(const TimingPoint& p) {
  return (p.operation == "all-reduce" ? 2.0 : 1.0) * collectives::wire_bytes(p.bytes, p.ranks);
}

struct Candidate {
  std::vector<double> at;  // log startup, log bandwidth of each line
  double cost = 0.0;
};

double time_of(const std::vector<double>& at, double x) {
  double best = std::exp(at[0]) + x / std::exp(at[1]);
  for (size_t i = 2; i < at.size(); i += 2) {
    best = std::min(best, std::exp(at[i]) + x / std::exp(at[i + 1]));
  }
  return best;
}

Candidate solve(const std::vector<TimingPoint>& points, const std::vector<double>& start) {
  const size_t count = points.size() + start.size();
  const Residuals residuals = [&](const std::vector<double>& at, std::vector<double>& out) {
    for (size_t i = 0; i < points.size(); ++i) {
      const double e = std::log(time_of(at, wire(points[i])) / points[i].time_s) / kNoise;
      out[i] = std::copysign(std::sqrt(2.0 * (std::sqrt(1.0 + e * e) - 1.0)), e);
    }
    // A weak tie keeps lines that no point asks for where they started.
    for (size_t i = 0; i < start.size(); ++i) out[points.size() + i] = 0.05 * (at[i] - start[i]);
  };
  Candidate c{least_squares(residuals, count, start), 0.0};
  c.cost = sum_of_squares(residuals, count, c.at);
  return c;
}

// Lines that are fastest somewhere between the sizes, by rising startup.
std::vector<model::ProtocolLine> envelope(const std::vector<double>& at, double least,
                                          double most) {
  std::set<size_t> used;
  for (int i = 0; i <= 400; ++i) {
    const double x = least * std::pow(most / least, i / 400.0);
    size_t best = 0;
    for (size_t l = 0; l < at.size(); l += 2) {
      if (std::exp(at[l]) + x / std::exp(at[l + 1]) <
          std::exp(at[best]) + x / std::exp(at[best + 1])) {
        best = l;
      }
    }
    used.insert(best);
  }
  std::vector<model::ProtocolLine> lines;
  for (const size_t l : used) {
    lines.push_back({base::Seconds{std::exp(at[l])}, base::BytesPerSecond{std::exp(at[l + 1])}});
  }
  std::sort(lines.begin(), lines.end(),
            [](const auto& a, const auto& b) { return a.startup < b.startup; });
  return lines;
}

}  // namespace

std::vector<TimingPoint> read_timings(const std::string& path, base::Diagnostics& problems) {
  std::vector<TimingPoint> points;
  base::CsvReader csv(path);
  for (const char* name : {"system", "op_name", "num_gpus", "bytes", "latency_us"}) {
    if (csv.column(name) < 0) problems.error({path, 1, 1}, "no column '{}'", name);
  }
  if (problems.has_errors()) return points;
  const Fields row(csv);
  while (csv.next(problems)) {
    TimingPoint p;
    p.system = row.text("system");
    p.operation = operation_of(row.text("op_name"));
    p.numbers = row.text("dtype");
    p.ranks = row.count("num_gpus");
    p.bytes = row.number("bytes");
    p.time_s = row.number("latency_us") * 1e-6;
    if (p.ranks < 2 || p.bytes <= 0.0 || p.time_s <= 0.0) p.operation.clear();
    points.push_back(std::move(p));
  }
  return points;
}

Fitted<model::CollectiveTiming> fit_timing(const std::vector<TimingPoint>& points) {
  std::set<double> sizes;
  double fastest_s = points[0].time_s, rate = 0.0, least = wire(points[0]), most = least;
  for (const TimingPoint& p : points) {
    sizes.insert(p.bytes);
    fastest_s = std::min(fastest_s, p.time_s);
    rate = std::max(rate, wire(p) / p.time_s);
    least = std::min(least, wire(p));
    most = std::max(most, wire(p));
  }
  const int lines = std::clamp(static_cast<int>(sizes.size()) / 4, 1, kMostLines);
  Candidate best;
  for (const double low : {0.05, 0.2}) {
    for (const double middle : {0.3, 0.6}) {
      std::vector<double> start = {std::log(fastest_s), std::log(rate)};
      if (lines > 1)
        start = {std::log(fastest_s), std::log(rate * low), std::log(5.0 * fastest_s),
                 std::log(rate)};
      if (lines > 2) {
        start.insert(start.begin() + 2, {std::log(2.0 * fastest_s), std::log(rate * middle)});
      }
      Candidate c = solve(points, start);
      if (best.at.empty() || c.cost < best.cost) best = std::move(c);
    }
  }
  Fitted<model::CollectiveTiming> fitted;
  fitted.curve.operation = points[0].operation;
  fitted.curve.ranks = points[0].ranks;
  fitted.curve.lines = envelope(best.at, least, most);
  fitted.points = static_cast<int>(points.size());
  for (const TimingPoint& p : points) {
    const double time = collectives::timing_of(fitted.curve, base::Bytes{p.bytes}).value;
    fitted.error += std::abs(time / p.time_s - 1.0) / static_cast<double>(points.size());
  }
  return fitted;
}

void fit_timings(const std::vector<TimingPoint>& points, const model::Platform& platform,
                 KernelTable& table) {
  std::map<std::tuple<std::string, std::string, int, std::string>, std::vector<TimingPoint>> groups;
  for (const TimingPoint& p : points) {
    if (p.operation.empty() || p.operation == "broadcast") continue;
    const bool adds = p.operation == "all-reduce" || p.operation == "reduce-scatter";
    const std::string numbers = adds && p.numbers == "int8" ? p.numbers : "";
    groups[{p.system, p.operation, p.ranks, numbers}].push_back(p);
  }
  for (const auto& [key, group] : groups) {
    const auto chip = chip_named(std::get<0>(key), platform);
    if (!chip) continue;
    auto fitted = fit_timing(group);
    fitted.curve.numbers = std::get<3>(key);
    table[platform.accelerators[chip].name].timings.push_back(std::move(fitted));
  }
}

std::vector<TimingPoint> read_torus_gathers(const std::string& path, base::Diagnostics& problems) {
  constexpr int kChips = 4, kDevices = 2;
  std::vector<TimingPoint> points;
  base::CsvReader csv(path);
  for (const char* name : {"system", "test", "x", "value"}) {
    if (csv.column(name) < 0) problems.error({path, 1, 1}, "no column '{}'", name);
  }
  if (problems.has_errors()) return points;
  const Fields row(csv);
  while (csv.next(problems)) {
    if (row.text("test") != "all_gather_f32") continue;
    TimingPoint p;
    p.system = row.text("system").substr(0, row.text("system").find(' '));
    p.operation = "all-gather";
    p.ranks = kChips;
    p.bytes = row.number("x") * 4.0 * kChips * kDevices;
    p.time_s = collectives::wire_bytes(p.bytes, kChips) / (row.number("value") * 1e9);
    points.push_back(std::move(p));
  }
  return points;
}

}  // namespace busbar::validation
