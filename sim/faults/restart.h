/// How long a job stands still after a failure.
#pragma once

#include "sim/base/quantity.h"

namespace busbar::faults {

/// What a restart is made of. Defaults: see sim/doc/models/faults.md.
struct RestartModel {
  base::Seconds replacement{120.0};  // choosing healthy nodes and starting processes there
  /// Initialisation of processes and communicators of `init_chips` chips; it grows with their
  /// number to the power `init_exponent`. Source of the exponent: arXiv 2602.00277, 12 times the
  /// time for 6 times the GPUs, ln 12 / ln 6.
  base::Seconds init{480.0};
  double init_chips = 98'304.0;
  double init_exponent = 1.3868528072345416;
};

/// The parts of one restart.
struct Restart {
  base::Seconds detection, replacement, load, init;
  base::Seconds total() const { return detection + replacement + load + init; }
};

/// A restart of a job of some chips: detection + replacement + load + init (chips / ref)^exponent.
/// `load` is the reading of the checkpoint at the bandwidth that the job gets; a site that comes
/// back starts everything at once, and the caller shares it out.
Restart restart_of(const RestartModel& model, double chips, base::Seconds detection,
                   base::Seconds load);

/// Going on without what failed: the unit is a data-parallel replica or a slice.
struct ElasticModel {
  int units = 1;              // of equal size in the job
  base::Seconds reconfigure;  // all stand still when one drops out
  base::Seconds rejoin;       // … and when it is back
  base::Seconds absence;      // mean time that a unit is out
  double failed_share = 0.0;  // of failures that elasticity does not help: a full restart
};

/// Throughput of a job with some units out, relative to all: what is left works on at its speed
/// with a smaller batch.
double degraded_throughput(const ElasticModel& model, int units_out);

}  // namespace busbar::faults
