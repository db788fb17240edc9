/// Writes the trace of one run to HDF5: `run.h5.part` while it grows, renamed when complete.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sim/model/scenario.h"
#include "sim/record/rows.h"

namespace busbar::record {

/// How the run came to be; stored under `/provenance`. Wall-clock fields are fixed when
/// SOURCE_DATE_EPOCH is set, so that equal runs are equal bytes.
struct Provenance {
  std::string version, git_sha, command_line, simgrid_version;
  std::map<std::string, std::string> simgrid_config;
  std::string policy_library, policy_library_sha256;  // empty: the policy is a built-in one
};

/// A link whose throughput is sampled, for `/platform/links` and `/series/link`.
struct LinkInfo {
  std::string name;
  double bandwidth_Bps = 0.0;
};

enum class Status { kComplete, kInterrupted, kFailed };

/// Appends rows; columns are written in whole chunks.
///
/// All functions throw base::IoError with the path and the system's reason when the file cannot be
/// written. That includes a full disk: the `.part` then keeps what was committed, further calls
/// throw again, and the destructor does no more writing. A process killed at any moment leaves a
/// `.part` that any HDF5 reader opens (see `ordered_file.h`).
class TraceWriter {
 public:
  struct Options {
    std::string path;             // final name; `.part` is added while it grows
    bool overwrite = false;       // else an existing file is an IoError
    size_t longest_job_name = 1;  // bytes; width of `/jobs/name`
    std::vector<LinkInfo> links;
  };
  /// Creates `<path>.part` with provenance, inputs and `/platform`. The `.part` of a killed run is
  /// replaced; one that another run is writing is an IoError.
  TraceWriter(const model::Scenario& scenario, const Provenance& provenance, Options options);
  /// When finish() was not called: saves the rows so far and leaves the `.part` behind, `failed`.
  ~TraceWriter();
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;

  void add(const JobRow& row);
  void add(const SegmentRow& row);
  void add(const EventRow& row);
  void add(const FaultRow& row);
  void add(const LossRow& row);
  void add(const ServingRow& row);
  void add(const LedgerRow& row);
  void add(const SiteSummaryRow& row);
  void add(const VendorSummaryRow& row);
  void add(const StageSummaryRow& row);
  void add(const LinkSummaryRow& row);
  void add(const ClaimRow& row);
  /// One row of each of `/series/site`, `/series/cluster`, `/series/link`; spans have one element
  /// per site, cluster and link of the platform.
  void add_sample(double time_s, std::span<const SiteSample> sites,
                  std::span<const ClusterSample> clusters, std::span<const double> link_Bps);

  using SummaryValue = std::variant<double, std::int64_t, std::string>;
  /// Sets one attribute of `/summary`.
  void set_summary(const std::string& name, const SummaryValue& value);
  /// The same with seconds of wall-clock time: 0 when SOURCE_DATE_EPOCH is set.
  void set_wall_summary(const std::string& name, double seconds);

  /// Writes what is buffered, sets `@status`, the fingerprint and the run's cost, closes the file
  /// and renames it to its final name (complete and interrupted runs; a failed run keeps `.part`).
  void finish(Status status, std::uint64_t fingerprint);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::record
