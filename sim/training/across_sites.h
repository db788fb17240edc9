/// Training over several sites: what they exchange, how long it takes, how they share a batch.
#pragma once

#include <span>
#include <vector>

#include "sim/model/workload.h"

namespace busbar::training {

/// Bytes of gradients, or of changed weights, that one replica exchanges between sites.
double outer_bytes(const model::LanguageModel& model, const model::AcrossSites& across);

/// Bytes over each edge of a ring of `sites`, in one direction, for each exchange: 2 (n-1)/n of
/// what is reduced.
double ring_bytes(double sites, double bytes);

/// Latency of one exchange around a ring whose slowest edge takes `edge_s` one way: 2 (n-1) hops.
/// Chunks follow each other, so it is paid once.
double exchange_latency_s(double sites, double edge_s);

/// Seconds of a step with its mean part of an exchange: `bytes` of one exchange over each edge at
/// `rate_Bps`, latency `latency_s`.
double step_with_exchange(double compute_s, double bytes, double rate_Bps, double latency_s,
                          const model::AcrossSites& across);

/// How sites of different speed share one batch.
struct SharedBatch {
  double compute_s = 0.0;     // of a step: all sites finish together
  std::vector<double> share;  // of the batch, by site
};
/// @param tokens_per_s  of each site alone.
SharedBatch share_batch(double batch_tokens, std::span<const double> tokens_per_s);

/// Bytes that a checkpoint holds, and that a site needs to join a run: 16-bit weights, their 32-bit
/// copy and two 32-bit moments.
double state_bytes(const model::LanguageModel& model);

}  // namespace busbar::training
