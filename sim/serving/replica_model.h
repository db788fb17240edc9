/// What one replica of an inference service can do, and how a service fares in an hour.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "sim/base/registry.h"
#include "sim/model/platform.h"
#include "sim/model/workload.h"

namespace busbar::serving {

/// What a replica does with a request: all of it, or one phase of a disaggregated service.
enum class Phase : std::int8_t { kBoth, kPrefill, kDecode };

/// A replica at its largest sustainable batch.
struct ReplicaEstimate {
  bool feasible = false;
  std::string reason;  // why not
  double chips = 0.0;
  double weight_bytes = 0.0;                                 // that it loads when it starts
  double requests_per_s = 0.0;                               // capacity
  double batch = 0.0;                                        // concurrent requests at capacity
  double slots = 1.0;                                        // servers that it is to those who wait
  double prefill_s = 0.0;                                    // of one prompt, alone
  double tpot_s = 0.0;                                       // at capacity
  double tpot_alone_s = 0.0;                                 // at batch 1
  double compute_fraction = 0.0;                             // of peak power use at capacity
  double cache_bytes = 0.0;                                  // of one prompt when it has been read
  double nic_Bps = std::numeric_limits<double>::infinity();  // of its NICs; infinity: not stated
};

/// One hour of one service at one place.
struct ServiceHour {
  double served_per_s = 0.0;
  double utilisation = 0.0;
  double ttft_p50_s = 0.0, ttft_p99_s = 0.0, tpot_p50_s = 0.0, tpot_p99_s = 0.0;
  double itl_p99_s = 0.0;  // from one token to the next, prompts read in between included
  double compute_fraction = 0.0, communication_fraction = 0.0;  // for power
};

/// Estimates replicas. Pure.
class ServingModel {
 public:
  virtual ~ServingModel() = default;
  virtual ReplicaEstimate estimate(const model::Service& service, const model::LanguageModel& model,
                                   const model::Platform& platform, base::Id<model::Domain> domain,
                                   Phase phase) const = 0;
};

/// Steady state of `replicas` replicas under `requests_per_s` and as many `batch_per_s` as wait for
/// no one: these fill what the others leave, so they count for power and token times alone: served
/// up to capacity, the wait for a free slot by the M/M/c queue (Erlang C) over the replicas, the
/// token time between alone and full. The time to first token of a phase is its part of it.
ServiceHour steady_state(const ReplicaEstimate& replica, double requests_per_s, double replicas,
                         double batch_per_s = 0.0);

void add_builtin(base::Registry<ServingModel>& models);

}  // namespace busbar::serving
