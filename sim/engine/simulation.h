/// A scenario and its behaviours, run on SimGrid into a trace.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/engine/behaviours.h"
#include "sim/engine/service_places.h"
#include "sim/engine/work_model.h"
#include "sim/model/job.h"
#include "sim/model/scenario.h"
#include "sim/record/trace_writer.h"

namespace busbar::engine {

/// Where a run stands, for a progress line.
struct Progress {
  double now_s = 0.0;
  double horizon_s = 0.0;  // infinity when until idle
  std::uint64_t events = 0;
  std::int64_t jobs_done = 0, jobs_total = 0;
};

/// How a run ended.
struct Outcome {
  bool interrupted = false;
  std::uint64_t fingerprint = 0;
  std::uint64_t events = 0;
};

/// A job that no cluster it may use can ever hold: its chips, or its slices in their pods.
struct Oversized {
  std::string name;
  std::int32_t trace = -1;  // index of its replayed trace; -1: generated
  double chips = 0.0, largest = 0.0;
  int slices = 0;  // of those that it needs at once; 0: it has too many chips
  std::int64_t slice_chips = 0, fitting = 0;
};

/// Runs one scenario. One per process: SimGrid keeps the clock of its first engine.
class Simulation {
 public:
  /// Builds the fleet and its links on SimGrid.
  Simulation(const model::Scenario& scenario, const Behaviours& behaviours,
             std::vector<model::Job> jobs);
  ~Simulation();

  /// Links whose throughput is sampled, in the order of `/platform/links`.
  std::vector<record::LinkInfo> links() const;
  /// What SimGrid was told and which it is, for the provenance.
  static std::map<std::string, std::string> simgrid_config();
  static std::string simgrid_version();

  /// Jobs that no cluster they may use ever holds within the horizon; at most ten.
  std::vector<Oversized> oversized(const std::vector<model::Job>& jobs) const;

  /// Phases of disaggregated services that no place they may use can run.
  std::vector<InfeasiblePhase> infeasible_phases() const;

  /// Sizes of elastic streams at which no cluster can run their jobs; see WorkModel.
  std::vector<WorkModel::Unfit> unfit_sizes(const std::vector<model::Job>& jobs) const;

  void on_progress(std::function<void(const Progress&)> listener);
  /// Recounts chips, power and work after every instant; see Audit.
  void audit();
  /// Looked at once per simulated hour; when it becomes true the run ends as interrupted.
  void interrupt_when(const std::atomic<bool>& flag);

  /// Runs to the horizon or until nothing is left to do, writing all tables but the status.
  /// @throws scheduling::PolicyFailure  when the queue policy failed; the tables tell all till
  /// then.
  /// @throws base::InternalError  when an audit finds the books wrong.
  Outcome run(record::TraceWriter& trace);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::engine
