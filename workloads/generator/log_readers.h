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
class Swf : public LogReader {
 public:
  bool recognises(const std::string& path) const override;
  std::vector<model::Job> read(const std::string& path, base::Diagnostics& problems) const override;
};

/// CSV with the columns timestamp, duration, num_gpus (and others): the Philly log as published.
/// Submission times count from the first one. Jobs of no GPU or no duration are left out and
/// counted in a warning.
class Philly : public LogReader {
 public:
  bool recognises(const std::string& path) const override;
  std::vector<model::Job> read(const std::string& path, base::Diagnostics& problems) const override;
};

}  // namespace busbar::generator
