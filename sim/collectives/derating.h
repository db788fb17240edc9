/// From public specifications to what a chip's library reaches: the same slow-down in both
/// fidelities. See sim/doc/models/collectives.md.
#pragma once

#include <optional>
#include <string>

#include "sim/collectives/algorithm.h"

namespace busbar::collectives {

/// What a plan loses on real chips.
struct Derating {
  double startup_s = 0.0;  // of the library, before the first byte
  double sums_s = 0.0;     // of adding up in the chips' memory, where no timing contains it
  double copies = 0.0;     // seconds of copying through the host's memory, by seconds on the NICs
  double links = 1.0;      // share of the scale-up links' bandwidth
  double nics = 1.0;       // of the NICs'
  bool hops = true;        // whether hops inside a group add latency; else the startup has them
  std::string from;        // the chip whose measurements these are; empty: nothing is measured
};

/// Slows a plan down.
void apply(const Derating& derating, Plan& plan);

/// What a chip is measured to lose.
class MeasuredDeratings {
 public:
  MeasuredDeratings(const model::Platform& platform, const Algorithms& algorithms)
      : platform_(platform), algorithms_(algorithms) {}

  /// The plan of a task on chips of a domain as they run it, with what it lost: that of the named
  /// algorithm, or of the one that the chips' library would take. That is the fastest, but for
  /// switches that add up: their trees do not go beyond two groups (NCCL issue 1221: no gain).
  std::optional<Plan> plan(const Task& task, const model::Domain& domain, const std::string& name,
                           const std::string& numbers, Derating& derating,
                           base::Diagnostics& problems) const;

  /// What a task on chips of a domain loses with an algorithm and numbers of a type (`int8`, or
  /// empty). Uses the chip's own timings; without any, or with those of fewer ranks alone, those of
  /// the vendor's chip with the most similar links and domain, with `from` naming it.
  Derating of(const Task& task, const model::Domain& domain, const std::string& algorithm,
              const std::string& numbers) const;

 private:
  struct Source {
    const model::Efficiency* efficiency = nullptr;
    const model::Domain* domain = nullptr;
  };
  std::optional<Source> source_of(const model::Domain& domain, int ranks) const;
  double reference_s(const Source& source, Operation operation, base::Bytes size, int ranks,
                     bool in_network) const;

  const model::Platform& platform_;
  const Algorithms& algorithms_;
};

/// Seconds of a measured collective among its own number of ranks; its fastest line.
base::Seconds timing_of(const model::CollectiveTiming& timing, base::Bytes size);

/// The timing for a number of ranks: its own, else that of the next larger, else of the largest
/// with its startups longer by the further steps of a ring. Nothing where the operation has none.
std::optional<model::CollectiveTiming> timing_for(const model::Efficiency& efficiency,
                                                  std::string_view operation, int ranks,
                                                  const std::string& numbers);

}  // namespace busbar::collectives
