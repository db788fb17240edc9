#include "sim/serving/steady_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/collectives/ring.h"
#include "sim/compute/roofline.h"
#include "sim/serving/replica_model.h"
#include "sim/serving/waiting.h"

namespace busbar::serving {
namespace {

constexpr double kWeightShare = 0.6;        // of memory at most for weights when chips are chosen
constexpr double kMemoryShare = 0.9;        // of memory for weights and cache
constexpr double kLayerOverhead_s = 50e-6;  // launches and small kernels of one layer and iteration
constexpr double kPrefillShare = 0.5;       // of a replica's time left to prompts

// The chips of a replica as the model finds them.
struct Machine {
  double bytes = 0.0;  // of a number
  double peak = 0.0;
  double weights = 0.0, room = 0.0;    // bytes, of memory
  double bandwidth = 0.0, rate = 0.0;  // byte/s, FLOP/s
  double layers_s = 0.0;               // overhead of an iteration
  double context = 0.0, flops = 0.0;   // tokens, and FLOPs of one, halfway through its answer
};

int chips_asked_for(const model::Service& service, Phase phase) {
  if (!service.disaggregated || phase == Phase::kBoth) return service.chips_per_replica;
  const model::Disaggregation& split = *service.disaggregated;
  return (phase == Phase::kPrefill ? split.prefill : split.decode).chips_per_replica;
}

// Chooses the chips of a replica. False: the domain cannot hold it, and why.
bool set_up(const model::Service& service, const model::LanguageModel& m,
            const model::Platform& platform, const model::Domain& domain, Phase phase,
            Machine& machine, ReplicaEstimate& r) {
  const model::Node& node = platform.nodes[domain.node];
  const model::Accelerator& chip = platform.accelerators[node.accelerator];
  machine.peak = compute::peak(chip, service.precision).value;
  if (machine.peak <= 0.0 || chip.memory_bandwidth.value <= 0.0) {
    r.reason = fmt::format("'{}' has no peak rate or memory", chip.name);
    return false;
  }
  machine.bytes = compute::bytes_per_number(service.precision);
  machine.weights = m.parameters() * machine.bytes;
  r.weight_bytes = machine.weights;
  r.chips = chips_asked_for(service, phase);
  if (r.chips <= 0.0) {
    r.chips = 1.0;
    while (r.chips * chip.memory.value * kWeightShare < machine.weights) r.chips *= 2.0;
  }
  if (r.chips > domain.chips_used) {
    r.reason = fmt::format("a replica of '{}' needs {:.0f} chips, a '{}' has {}", m.name, r.chips,
                           domain.name, domain.chips_used);
    return false;
  }
  machine.room = r.chips * chip.memory.value * kMemoryShare - machine.weights;
  machine.bandwidth = r.chips * chip.memory_bandwidth.value * compute::kMemoryEfficiency;
  machine.rate = r.chips * machine.peak * compute::kMatmulEfficiency;
  machine.layers_s = kLayerOverhead_s * m.layer_count();
  machine.context = service.input_tokens + service.output_tokens / 2.0;
  machine.flops = m.forward_flops_per_token(machine.context);
  r.cache_bytes = m.cache_bytes(service.input_tokens, machine.bytes);
  if (node.nic && node.accelerators > 0) {
    r.nic_Bps = r.chips * node.nics / node.accelerators * platform.nics[node.nic].bandwidth.value;
  }
  return true;
}

double prompt_s(const model::Service& service, const model::LanguageModel& m,
                const Machine& machine) {
  return service.input_tokens * m.forward_flops_per_token(service.input_tokens) / machine.rate +
         machine.layers_s;
}

// The largest batch that fits and meets the target per token; token times grow with the batch.
// @param cache  bytes of one request, mean over its life.
bool size_batch(const model::Service& service, const model::LanguageModel& m,
                const Machine& machine, double cache, ReplicaEstimate& r) {
  const double weights = machine.weights;
  // One iteration reads all weights that the batch touches and every request's cache.
  const double active = m.active_parameters() * machine.bytes;
  const auto iteration_s = [&](double batch) {
    // Experts: more tokens touch more of the weights, at most all of them.
    const double touched = std::min(weights, active * batch);
    const double memory_s = (std::max(active, touched) + batch * cache) / machine.bandwidth;
    return std::max(memory_s, batch * machine.flops / machine.rate) + machine.layers_s;
  };
  const double most = std::floor(machine.room / std::max(cache, 1.0));
  if (most < 1.0) {
    r.reason = fmt::format("{:.0f} chips hold the weights of '{}' but no request", r.chips, m.name);
    return false;
  }
  double low = 1.0, high = std::min(most, 4096.0);
  if (iteration_s(low) > service.tpot_slo.value) {
    r.reason = fmt::format("one token takes {:.3g} s, more than the target of {:.3g} s",
                           iteration_s(low), service.tpot_slo.value);
    return false;
  }
  while (high - low > 0.5) {
    const double middle = (low + high) / 2.0;
    (iteration_s(middle) <= service.tpot_slo.value ? low : high) = middle;
  }
  r.batch = std::floor(low);
  r.tpot_s = iteration_s(r.batch);
  r.tpot_alone_s = iteration_s(1.0);
  return true;
}

// Memory-bound decoding draws most of the power of compute: half is floor, half follows FLOPs.
double compute_fraction(double flops_per_s, const Machine& machine) {
  return std::clamp(0.5 + 0.5 * flops_per_s / machine.rate, 0.0, 1.0);
}

// Prompts one after the other.
ReplicaEstimate prefill_replica(const model::Service& service, const model::LanguageModel& m,
                                const Machine& machine, ReplicaEstimate r) {
  r.prefill_s = prompt_s(service, m, machine);
  if (machine.room < r.cache_bytes) {
    r.reason = fmt::format("{:.0f} chips hold the weights of '{}' but no prompt", r.chips, m.name);
    return r;
  }
  if (r.prefill_s > service.ttft_slo.value) {
    r.reason = fmt::format("one prompt takes {:.3g} s, more than the target of {:.3g} s",
                           r.prefill_s, service.ttft_slo.value);
    return r;
  }
  r.batch = 1.0;
  r.requests_per_s = 1.0 / r.prefill_s;
  r.compute_fraction = compute_fraction(
      r.requests_per_s * service.input_tokens * m.forward_flops_per_token(service.input_tokens),
      machine);
  r.feasible = true;
  return r;
}

// A batch of tokens that nothing interrupts. Who waits, waits for one of its places.
ReplicaEstimate decode_replica(const model::Service& service, const model::LanguageModel& m,
                               const Machine& machine, ReplicaEstimate r) {
  if (!size_batch(service, m, machine, m.cache_bytes(machine.context, machine.bytes), r)) return r;
  r.slots = r.batch;
  r.requests_per_s = r.batch / (service.output_tokens * r.tpot_s);
  r.compute_fraction =
      compute_fraction(r.requests_per_s * service.output_tokens * machine.flops, machine);
  r.feasible = true;
  return r;
}

// Prompts between tokens.
ReplicaEstimate whole_replica(const model::Service& service, const model::LanguageModel& m,
                              const Machine& machine, ReplicaEstimate r) {
  const double cache = m.cache_bytes_per_token(machine.bytes) * machine.context;
  if (!size_batch(service, m, machine, cache, r)) return r;
  r.prefill_s = prompt_s(service, m, machine);
  const double by_decode = r.batch / (service.output_tokens * r.tpot_s);
  const double by_prefill = kPrefillShare / r.prefill_s;
  // Prompts take time from tokens: shares of one replica's time add up to 1.
  r.requests_per_s = 1.0 / (1.0 / by_decode + 1.0 / (by_prefill / kPrefillShare));
  r.requests_per_s = std::min(r.requests_per_s, by_prefill);
  const double work =
      r.requests_per_s * (service.output_tokens * machine.flops +
                          service.input_tokens * m.forward_flops_per_token(service.input_tokens));
  r.compute_fraction = compute_fraction(work, machine);
  r.feasible = true;
  return r;
}

// From one token to the next, 99th percentile: prompts that came during an iteration are all read
// before the next one. They come at random (Poisson), so many in the mean time between tokens.
double inter_token_s(const ReplicaEstimate& replica, double requests_per_s) {
  const double reading = std::min(requests_per_s * replica.prefill_s, 0.999);
  const double mean = requests_per_s * replica.tpot_s / (1.0 - reading);
  double prompts = 0.0, term = std::exp(-mean), sum = term;
  while (sum < 0.99 && term > 0.0) {
    prompts += 1.0;
    term *= mean / prompts;
    sum += term;
  }
  return replica.tpot_s + prompts * replica.prefill_s;
}

}  // namespace

ReplicaEstimate SteadyState::estimate(const model::Service& service, const model::LanguageModel& m,
                                      const model::Platform& platform,
                                      base::Id<model::Domain> domain, Phase phase) const {
  ReplicaEstimate r;
  Machine machine;
  if (!set_up(service, m, platform, platform.domains[domain], phase, machine, r)) return r;
  switch (phase) {
    case Phase::kPrefill:
      return prefill_replica(service, m, machine, r);
    case Phase::kDecode:
      return decode_replica(service, m, machine, r);
    case Phase::kBoth:
      break;
  }
  return whole_replica(service, m, machine, r);
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
  // Replicas are the servers, or the places of their batches; each is busy for the reciprocal of
  // its capacity with one request.
  const double load = std::min(hour.utilisation, 0.999) * replicas * replica.slots;
  const Waiting waiting(std::floor(replicas) * replica.slots, load,
                        replica.requests_per_s / replica.slots);
  hour.ttft_p50_s = replica.prefill_s + replica.tpot_s + waiting.seconds(0.5);
  hour.ttft_p99_s = replica.prefill_s + replica.tpot_s + waiting.seconds(0.99);
  const double span_s = replica.tpot_s - replica.tpot_alone_s;
  hour.tpot_p50_s = replica.tpot_alone_s + span_s * busy;
  hour.tpot_p99_s = replica.tpot_s;
  if (replica.tpot_s > 0.0) {
    hour.itl_p99_s = inter_token_s(replica, busy * replica.requests_per_s);
  }
  return hour;
}

}  // namespace busbar::serving
