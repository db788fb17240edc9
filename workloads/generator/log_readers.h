/// Readers of published job logs, plain or gzipped.
#pragma once

#include "workloads/generator/generator.h"

namespace busbar::generator {

/// CSV with the columns id, submit, nodes, runtime, walltime (seconds): jobs on whole nodes with a
/// run time and a requested time. Times are kept as they are.
class RigidCsv : public LogReader {
 public:
  bool recognises(const std::string& path) const override;
  std::vector<model::Job> read(const std::string& path, base::Diagnostics& problems) const override;
};

/// Standard Workload Format 2.2: 18 numbers a line, comments after `;`. Uses submit (2), run time
/// (4), processors allocated (5) or else requested (8), requested time (9). Jobs without run time
/// or processors never ran: they are left out and counted in a warning.
/// On demand, jobs follow the preceding one (17) after their think time (18; unknown: none). One
/// that names no job above it, or one left out, is submitted as logged, and counted in a warning.
class Swf : public LogReader {
 public:
  bool recognises(const std::string& path) const override;
  std::vector<model::Job> read(const std::string& path, base::Diagnostics& problems) const override;
  bool honour_dependencies() override { return dependencies_ = true; }

 private:
  bool dependencies_ = false;
};

/// Which column of a published CSV says what.
struct GpuLogFormat {
  std::string name, summary;
  std::string submit, chips;
  std::string begin, end;  // run time is their difference; `begin` empty: `end` is the run time
  std::string state;       // how the job ended; empty: not said
  std::vector<std::string> also;  // other columns that tell the format
  bool dates = false;             // submissions are dates; they count from the first one
};

/// Published logs of GPU clusters, a row a job: Philly; Acme and Helios; openb; Tiresias. Jobs of
/// no GPU or no run time are left out and counted in a warning; a part of a GPU counts as one.
const std::vector<GpuLogFormat>& gpu_log_formats();

/// Reads one of those formats.
class GpuLog : public LogReader {
 public:
  explicit GpuLog(GpuLogFormat format) : format_(std::move(format)) {}
  bool recognises(const std::string& path) const override;
  std::vector<model::Job> read(const std::string& path, base::Diagnostics& problems) const override;

 private:
  GpuLogFormat format_;
};

}  // namespace busbar::generator
