#include "sim/faults/fault_log.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "sim/base/rows.h"
#include "sim/base/text.h"

namespace busbar::faults {
namespace {

// Columns of the log by name; reports those that are missing.
struct Columns {
  int node = -1, start = -1, end = -1, cause = -1;
};

std::optional<Columns> columns_of(const base::CsvReader& rows, base::Diagnostics& problems) {
  Columns c{rows.column("node"), rows.column("start_day"), rows.column("end_day"),
            rows.column("class")};
  const std::pair<int, const char*> wanted[] = {
      {c.node, "node"}, {c.start, "start_day"}, {c.end, "end_day"}, {c.cause, "class"}};
  bool complete = true;
  for (const auto& [at, name] : wanted) {
    if (at >= 0) continue;
    problems.error(rows.where(), "no column '{}' in a log of faults;{}", name,
                   base::suggestion(name, rows.header()));
    complete = false;
  }
  if (!complete) return std::nullopt;
  return c;
}

std::optional<LoggedFault> fault_of(const base::CsvReader& rows, const Columns& c,
                                    base::Diagnostics& problems) {
  const auto& fields = rows.fields();
  const auto number = [&](int column, const char* name) {
    const std::string& text = fields[static_cast<size_t>(column)];
    const auto value = base::parse_number(text);
    if (!value) {
      problems.error(rows.where(), "{}: '{}' is not a number; a truncated row?", name, text);
    } else if (*value < 0.0) {
      problems.error(rows.where(), "{}: {} is negative; days count from the beginning of the log",
                     name, text);
    }
    return value && *value >= 0.0 ? value : std::nullopt;
  };
  const auto node = number(c.node, "node"), start = number(c.start, "start_day"),
             end = number(c.end, "end_day");
  if (!node || !start || !end) return std::nullopt;
  if (*node != std::floor(*node) || *node > 2e9) {
    problems.error(rows.where(), "node: '{}' is not the number of a server",
                   fields[static_cast<size_t>(c.node)]);
    return std::nullopt;
  }
  if (*end < *start) {
    problems.error(rows.where(), "server {} is back on day {} before it fails on day {}", *node,
                   *end, *start);
    return std::nullopt;
  }
  return LoggedFault{static_cast<int>(*node), *start * base::kDay, *end * base::kDay,
                     fields[static_cast<size_t>(c.cause)]};
}

// Server -> its time out, as a union of intervals.
std::map<int, std::vector<std::pair<double, double>>> outages_of(
    const std::vector<LoggedFault>& faults, double span_s) {
  std::map<int, std::vector<std::pair<double, double>>> all;
  for (const LoggedFault& f : faults) {
    if (f.start_s >= span_s) continue;
    all[f.server].emplace_back(f.start_s, std::min(f.end_s, span_s));
  }
  for (auto& [server, intervals] : all) {
    std::sort(intervals.begin(), intervals.end());
    std::vector<std::pair<double, double>> merged;
    for (const auto& next : intervals) {
      if (!merged.empty() && next.first <= merged.back().second) {
        merged.back().second = std::max(merged.back().second, next.second);
      } else {
        merged.push_back(next);
      }
    }
    intervals = std::move(merged);
  }
  return all;
}

}  // namespace

FaultLog read_fault_log(const std::string& path, base::Diagnostics& problems) {
  base::CsvReader rows(path);
  FaultLog log;
  const auto columns = columns_of(rows, problems);
  if (!columns) return log;
  double above_s = 0.0;
  while (rows.next(problems)) {
    const auto fault = fault_of(rows, *columns, problems);
    if (!fault) continue;
    log.unsorted += fault->start_s < above_s ? 1 : 0;
    above_s = fault->start_s;
    log.faults.push_back(*fault);
  }
  std::stable_sort(log.faults.begin(), log.faults.end(), [](const auto& a, const auto& b) {
    return std::tie(a.start_s, a.server) < std::tie(b.start_s, b.server);
  });
  std::map<int, double> out_until;
  for (const LoggedFault& f : log.faults) {
    log.span_s = std::max(log.span_s, f.end_s);
    const auto [known, is_new] = out_until.emplace(f.server, f.end_s);
    if (is_new) continue;
    log.overlapping += f.start_s < known->second ? 1 : 0;
    known->second = std::max(known->second, f.end_s);
  }
  log.servers_named = static_cast<int>(out_until.size());
  return log;
}

Outage replay(const std::vector<LoggedFault>& faults, int servers, base::Seconds span) {
  Outage outage;
  std::vector<std::pair<double, int>> edges;
  for (const auto& [server, intervals] : outages_of(faults, span.value)) {
    for (const auto& [start_s, end_s] : intervals) {
      outage.down_server_s += end_s - start_s;
      edges.emplace_back(start_s, 1);
      edges.emplace_back(end_s, -1);
    }
  }
  std::sort(edges.begin(), edges.end());  // returns before failures at one instant
  int down = 0;
  for (const auto& [at_s, change] : edges) {
    down += change;
    outage.most_down = std::max(outage.most_down, down);
  }
  outage.unavailable = outage.down_server_s / (servers * span.value);
  return outage;
}

Arrivals arrivals_of(const std::vector<LoggedFault>& faults, base::Seconds span,
                     const std::vector<double>& windows_days) {
  Arrivals a;
  const double gaps = static_cast<double>(faults.size()) - 1.0;
  if (gaps < 2.0) return a;
  double sum = 0.0, squares = 0.0, zeros = 0.0;
  for (size_t i = 1; i < faults.size(); ++i) {
    const double gap = faults[i].start_s - faults[i - 1].start_s;
    sum += gap;
    squares += gap * gap;
    zeros += gap == 0.0 ? 1.0 : 0.0;
  }
  const double mean = sum / gaps;
  a.gap_variation = std::sqrt((squares - gaps * mean * mean) / (gaps - 1.0)) / mean;
  a.same_instant = zeros / gaps;
  for (const double window : windows_days) {
    const double window_s = window * base::kDay;
    const auto bins = static_cast<size_t>(span.value / window_s);  // whole windows only
    if (bins < 2) continue;
    std::vector<double> counts(bins, 0.0);
    double total = 0.0;
    for (const LoggedFault& f : faults) {
      const auto bin = static_cast<size_t>(f.start_s / window_s);
      if (bin >= bins) continue;
      counts[bin] += 1.0;
      total += 1.0;
    }
    const double each = total / static_cast<double>(bins);
    double spread = 0.0;
    for (const double n : counts) spread += (n - each) * (n - each);
    if (each > 0.0) a.dispersion[window] = spread / (static_cast<double>(bins) - 1.0) / each;
  }
  return a;
}

}  // namespace busbar::faults
