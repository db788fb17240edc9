/// A complete, checked experiment: platform, workload, policies, horizon, shocks and branches.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/registry.h"
#include "sim/model/platform.h"
#include "sim/model/workload.h"

namespace busbar::model {

/// A shock at a time: `site-outage`, `grid-curtailment`, `supplier-halt`, ….
struct Shock {
  double at_s = 0.0;
  std::string kind;
  std::string site, cluster, vendor, organisation, link, stream;  // scope, as the kind needs
  double duration_s = 0.0;                                        // 0: until the end
  std::optional<double> limit_w;
  double factor = 1.0;
  std::vector<std::string> stops;
  std::string jurisdiction;
  int domains = 0;     // that leave; 0: all
  bool drains = true;  // those with jobs leave when these end; else the jobs are stopped
  base::Location where;
  /// Whether a supplier-halt stops `what`.
  bool stops_what(std::string_view what) const;
  /// Whether it goes on at a time.
  bool holds_at(double time_s) const {
    return time_s >= at_s && (duration_s <= 0.0 || time_s < at_s + duration_s);
  }
  /// Whether a cluster is in its scope: its cluster, site, vendor and jurisdiction, as far as said.
  bool covers(const Platform& platform, const Cluster& cluster) const;
};

/// Chips of a cluster that only one organisation's jobs get in a window.
struct Reservation {
  Id<Cluster> cluster;
  Id<Organisation> organisation;
  double from_s = 0.0, to_s = 0.0;
  std::int64_t chips = 0;
  base::Location where;
};

/// Windows in which clusters are out for maintenance.
struct Maintenance {
  std::vector<Id<Cluster>> clusters;
  double from_s = 0.0;
  double every_s = 0.0;  // from one begin to the next; 0: once
  double duration_s = 0.0;
  bool drains = true;  // no job starts that is requested to go on into a window
  base::Location where;
};

/// A fork of the run at a time with overrides.
struct Branch {
  std::string name;
  double at_s = 0.0;
  std::vector<std::string> overrides;
  base::Location where;
};

/// Clusters that share one queue, so that one job may span them.
struct CoSchedule {
  std::string name;
  std::vector<Id<Cluster>> clusters;
};

/// How failures happen in a run.
struct FailureChoice {
  double rates = 1.0;    // times those of the catalogue
  std::string log_path;  // faults of servers, replayed from the start; empty: none
  base::Location log_where;
  Id<Cluster> log_cluster;          // whose nodes are its servers
  std::vector<LoggedFault> logged;  // what it says, sorted by start
};

struct Recording {
  base::Seconds sample_interval{3600.0};
  bool segments = true;
  bool events = true;
};

struct Scenario {
  std::string name;
  std::string title;
  double start_unix_s = 0.0;
  std::optional<base::Seconds> horizon;  // none: until idle
  std::uint64_t seed = 1;
  std::uint64_t replicate = 0;
  Platform platform;
  Workload workload;
  base::BehaviourChoice queue_policy, placement, broker;
  std::string jobs_path;  // an exported log whose jobs replace those of the mix; empty: none
  base::Location jobs_where;
  std::vector<CoSchedule> co_schedules;
  std::vector<Shock> shocks;
  std::vector<Reservation> reservations;
  std::vector<Maintenance> maintenance;
  std::optional<FailureChoice> failures;  // none: nothing fails by chance
  std::vector<Branch> branches;
  Recording recording;
  std::vector<InputText> inputs;  // every file read, and the overrides
  std::vector<std::string> overrides;
  std::uint64_t hash = 0;  // of the canonical form
  std::vector<Unused> unused;
};

}  // namespace busbar::model
