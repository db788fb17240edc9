/// Published logs of faults of servers, read and replayed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/base/quantity.h"
#include "sim/model/failures.h"

namespace busbar::faults {

using model::LoggedFault;

/// A log of faults, sorted by start, then by server.
struct FaultLog {
  std::vector<LoggedFault> faults;
  double span_s = 0.0;    // the latest end
  int servers_named = 0;  // distinct ones with a fault
  int unsorted = 0;       // rows that began before the row above
  int overlapping = 0;    // faults that began while their server was out already
};

/// Reads a CSV with the columns `node`, `start_day`, `end_day` and `class`: numbers of servers,
/// and days since the beginning of the log. Rows need not be sorted; faults of one server may
/// overlap. A malformed row is reported with its place and its rule, and skipped.
/// @throws IoError if the file cannot be read.
FaultLog read_fault_log(const std::string& path, base::Diagnostics& problems);

/// Availability of servers under a list of faults.
struct Outage {
  double down_server_s = 0.0;  // a server that is out for two reasons is out once
  int most_down = 0;           // at a time
  double unavailable = 0.0;    // share of server time
};

/// Replays faults on some servers over a span: each server is out for the union of its faults.
Outage replay(const std::vector<LoggedFault>& faults, int servers, base::Seconds span);

/// How failures come in time: figures of a sorted list of starts.
struct Arrivals {
  double gap_variation = 0.0;           // coefficient of variation of the gaps between starts
  double same_instant = 0.0;            // share of gaps that are zero
  std::map<double, double> dispersion;  // window in days -> variance over mean of counts
};
Arrivals arrivals_of(const std::vector<LoggedFault>& faults, base::Seconds span,
                     const std::vector<double>& windows_days);

}  // namespace busbar::faults
