/// To which pod the domains of a part belong that come, fail, serve and leave.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/scheduling/pool_state.h"

namespace busbar::engine {

/// Books of the pods of one part; what jobs hold stands in their allocations. Without pods all of
/// it does nothing. Every call changes `counts.pods` by as many domains as its caller changes
/// `counts.free_domains`, so that both always agree.
class PodBooks {
 public:
  /// What is in one pod, in domains.
  struct Pod {
    std::int64_t powered = 0, serving = 0, out = 0, spare = 0;
  };
  PodBooks() = default;
  PodBooks(std::int32_t pods, std::int64_t domains)
      : domains_(domains), pods_(static_cast<size_t>(pods)) {}
  const std::vector<Pod>& pods() const { return pods_; }

  /// Domains that get power fill the first pods.
  void power_on(scheduling::Part& counts, std::int64_t domains);
  /// Domains that leave for good: free ones of the last pods, then those of the last pods once they
  /// become free.
  void remove(scheduling::Part& counts, std::int64_t domains);
  /// Services take domains of the pods with fewest free ones, and leave (negative) those with most;
  /// or of one pod.
  void serve(scheduling::Part& counts, std::int64_t domains, std::int32_t pod = -1);
  /// Free domains of the last pods are held back as hot spares.
  void hold(scheduling::Part& counts, std::int64_t domains);
  /// A hot spare of a pod (-1: of the first that has one) is free again. False: there is none.
  bool release(scheduling::Part& counts, std::int32_t pod);
  /// A free domain of a pod fails.
  void take_out(scheduling::Part& counts, std::int32_t pod);
  /// It is repaired and waits for power.
  void bring_back(std::int32_t pod);
  /// All free domains lose their power. Returns how many there are.
  std::int64_t power_off(scheduling::Part& counts);
  /// Pod of the n-th free domain, or of the n-th that serves; -1: there is none.
  static std::int32_t of_free(const scheduling::Part& counts, std::int64_t n);
  std::int32_t of_serving(std::int64_t n) const;
  std::int32_t of_spare(std::int64_t n) const;
  /// The part's pods as they are when no job runs.
  scheduling::PodCounts without_jobs(const scheduling::Part& counts) const;
  /// From which pod a domain may take the place of one of a pod: the same, and where gangs may
  /// stand in several groups another; those with hot spares, or with free domains. -1: from none.
  std::int32_t spare_for(const scheduling::Part& counts, std::int32_t pod) const;
  static std::int32_t free_for(const scheduling::Part& counts, std::int32_t pod);
  /// Free domains of pods in which something else is in use.
  std::int64_t free_in_used(const scheduling::Part& counts) const;

 private:
  std::int32_t nth(std::int64_t n, std::int64_t Pod::*domains) const;
  Pod& at(std::int32_t pod) { return pods_[static_cast<size_t>(pod)]; }
  std::int32_t size() const { return static_cast<std::int32_t>(pods_.size()); }

  std::int64_t domains_ = 0;  // of a whole pod
  std::vector<Pod> pods_;
};

}  // namespace busbar::engine
