#include "sim/training/across_sites.h"

#include <algorithm>
#include <numeric>

namespace busbar::training {

namespace {

constexpr double kWeight = 2.0, kMaster = 4.0, kMoments = 8.0;  // bytes a weight

}  // namespace

double outer_bytes(const model::LanguageModel& model, const model::AcrossSites& across) {
  return model.parameters() * across.bytes_per_number();
}

double ring_bytes(double sites, double bytes) { return 2.0 * (sites - 1.0) / sites * bytes; }

double exchange_latency_s(double sites, double edge_s) { return 2.0 * (sites - 1.0) * edge_s; }

double step_with_exchange(double compute_s, double bytes, double rate_Bps, double latency_s,
                          const model::AcrossSites& across) {
  const double every = across.sync_every;
  const double sending_s = bytes / rate_Bps / every;
  if (!across.overlapped) return compute_s + sending_s + latency_s / every;
  // The last bucket of a synchronous step cannot hide.
  if (across.sync_every == 1) return std::max(compute_s, sending_s) + latency_s;
  return std::max(compute_s, sending_s + across.fragments * latency_s / every);
}

SharedBatch share_batch(double batch_tokens, std::span<const double> tokens_per_s) {
  const double all = std::accumulate(tokens_per_s.begin(), tokens_per_s.end(), 0.0);
  SharedBatch shared;
  shared.compute_s = batch_tokens / all;
  for (const double speed : tokens_per_s) shared.share.push_back(speed / all);
  return shared;
}

double state_bytes(const model::LanguageModel& model) {
  return (kWeight + kMaster + kMoments) * model.parameters();
}

}  // namespace busbar::training
