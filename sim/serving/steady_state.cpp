#include "sim/serving/steady_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/collectives/ring.h"
#include "sim/compute/roofline.h"
#include "sim/serving/replica_model.h"

namespace busbar::serving {
namespace {

constexpr double kWeightShare = 0.6;        // of memory at most for weights when chips are chosen
constexpr double kMemoryShare = 0.9;        // of memory for weights and cache
constexpr double kLayerOverhead_s = 50e-6;  // launches and small kernels of one layer and iteration
constexpr double kPrefillShare = 0.5;       // of a replica's time left to prompts

// Probability of waiting in an M/M/c queue (Erlang C), in logarithms so that large c is fine.
double erlang_c(double servers, double load) {
  if (load >= servers) return 1.0;
  double inverse_b = 1.0;  // Erlang B by its recursion
  for (double n = 1.0; n <= servers; n += 1.0) {
    inverse_b = 1.0 + n / load * inverse_b;
    if (inverse_b > 1e15) return 0.0;
  }
  const double b = 1.0 / inverse_b;
  return b / (1.0 - load / servers * (1.0 - b));
}

}  // namespace

ReplicaEstimate SteadyState::estimate(const model::Service& service, const model::LanguageModel& m,
                                      const model::Platform& platform,
                                      base::Id<model::Domain> domain_id) const {
  ReplicaEstimate r;
  const model::Domain& domain = platform.domains[domain_id];
  const model::Accelerator& chip = platform.accelerators[platform.nodes[domain.node].accelerator];
  const double peak = compute::peak(chip, service.precision).value;
  if (peak <= 0.0 || chip.memory_bandwidth.value <= 0.0) {
    r.reason = fmt::format("'{}' has no peak rate or memory", chip.name);
    return r;
  }
  const double bytes = compute::bytes_per_number(service.precision);
  const double weights = m.parameters() * bytes;
  r.weight_bytes = weights;
  r.chips = service.chips_per_replica;
  if (r.chips <= 0.0) {
    r.chips = 1.0;
    while (r.chips * chip.memory.value * kWeightShare < weights) r.chips *= 2.0;
  }
  if (r.chips > domain.chips_used) {
    r.reason = fmt::format("a replica of '{}' needs {:.0f} chips, a '{}' has {}", m.name, r.chips,
                           domain.name, domain.chips_used);
    return r;
  }
  const double context = service.input_tokens + service.output_tokens / 2.0;
  const double cache = m.cache_bytes_per_token(bytes) * context;  // mean over a request's life
  const double room = r.chips * chip.memory.value * kMemoryShare - weights;
  const double bandwidth = r.chips * chip.memory_bandwidth.value * compute::kMemoryEfficiency;
  const double rate = r.chips * peak * compute::kMatmulEfficiency;
  const double flops = m.forward_flops_per_token(context);
  // One iteration reads all weights that the batch touches and every request's cache.
  const double active = m.active_parameters() * bytes;
  const double layers_s = kLayerOverhead_s * m.layer_count();
  const auto iteration_s = [&](double batch) {
    // Experts: more tokens touch more of the weights, at most all of them.
    const double touched = std::min(weights, active * batch);
    const double memory_s = (std::max(active, touched) + batch * cache) / bandwidth;
    return std::max(memory_s, batch * flops / rate) + layers_s;
  };
  // The largest batch that fits and meets the target per token; token times grow with the batch.
  const double most = std::floor(room / std::max(cache, 1.0));
  if (most < 1.0) {
    r.reason = fmt::format("{:.0f} chips hold the weights of '{}' but no request", r.chips, m.name);
    return r;
  }
  double low = 1.0, high = std::min(most, 4096.0);
  if (iteration_s(low) > service.tpot_slo.value) {
    r.reason = fmt::format("one token takes {:.3g} s, more than the target of {:.3g} s",
                           iteration_s(low), service.tpot_slo.value);
    return r;
  }
  while (high - low > 0.5) {
    const double middle = (low + high) / 2.0;
    (iteration_s(middle) <= service.tpot_slo.value ? low : high) = middle;
  }
  r.batch = std::floor(low);
  r.tpot_s = iteration_s(r.batch);
  r.tpot_alone_s = iteration_s(1.0);
  r.prefill_s =
      service.input_tokens * m.forward_flops_per_token(service.input_tokens) / rate + layers_s;
  const double by_decode = r.batch / (service.output_tokens * r.tpot_s);
  const double by_prefill = kPrefillShare / r.prefill_s;
  // Prompts take time from tokens: shares of one replica's time add up to 1.
  r.requests_per_s = 1.0 / (1.0 / by_decode + 1.0 / (by_prefill / kPrefillShare));
  r.requests_per_s = std::min(r.requests_per_s, by_prefill);
  const double work =
      r.requests_per_s * (service.output_tokens * flops +
                          service.input_tokens * m.forward_flops_per_token(service.input_tokens));
  // Memory-bound decoding draws most of the power of compute: half is floor, half follows FLOPs.
  r.compute_fraction = std::clamp(0.5 + 0.5 * work / rate, 0.0, 1.0);
  r.feasible = true;
  return r;
}

ServiceHour steady_state(const ReplicaEstimate& replica, double requests_per_s, double replicas,
                         double batch_per_s) {
  ServiceHour hour;
  const double capacity = replicas * replica.requests_per_s;
  if (replicas < 1.0 || capacity <= 0.0) return hour;
  hour.served_per_s = std::min(requests_per_s, capacity);
  hour.utilisation = hour.served_per_s / capacity;
  const double busy = std::min(1.0, (hour.served_per_s + batch_per_s) / capacity);
  hour.compute_fraction = replica.compute_fraction * busy;
  // Replicas are the servers; each is busy for the reciprocal of its capacity with one request.
  const double load = std::min(hour.utilisation, 0.999) * replicas;
  const double servers = std::floor(replicas);
  const double waiting = erlang_c(servers, load);
  const double drain_per_s = (servers - load) * replica.requests_per_s;
  const auto wait_s = [&](double quantile) {
    // P(wait > t) = C exp(-drain t).
    return waiting <= 1.0 - quantile ? 0.0 : std::log(waiting / (1.0 - quantile)) / drain_per_s;
  };
  hour.ttft_p50_s = replica.prefill_s + replica.tpot_s + wait_s(0.5);
  hour.ttft_p99_s = replica.prefill_s + replica.tpot_s + wait_s(0.99);
  const double span_s = replica.tpot_s - replica.tpot_alone_s;
  hour.tpot_p50_s = replica.tpot_alone_s + span_s * busy;
  hour.tpot_p99_s = replica.tpot_s;
  return hour;
}

}  // namespace busbar::serving
