/// Named, counter-based random streams (Philox 4x32-10).
///
/// A stream is keyed by seed, replicate, purpose and entity name, so adding a rack or a stream
/// shifts nobody else's draws and what-ifs are paired by construction. One uniform per variate
/// (inverse CDF). Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11.
#pragma once

#include <cstdint>
#include <string_view>

namespace busbar::base {

/// Quantile function of the standard normal at u in (0, 1).
double normal_quantile(double u);

/// Quantile function of the gamma distribution with mean 1 and a coefficient of variation, at u in
/// (0, 1).
double gamma_quantile(double cv, double u);

/// One stream of uniforms. Copyable: a copy continues from the same place.
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t key) : key_(key) {}
  /// The next uniform in (0, 1), never 0 or 1. 53 bits.
  double uniform();
  /// Exponential with the given mean.
  double exponential(double mean);
  /// Standard normal, by the inverse CDF.
  double normal();
  /// How many uniforms were drawn.
  std::uint64_t drawn() const { return counter_; }

 private:
  std::uint64_t key_;
  std::uint64_t counter_ = 0;
};

/// The family of streams of one run.
class RandomStreams {
 public:
  RandomStreams(std::uint64_t seed, std::uint64_t replicate) : seed_(seed), replicate_(replicate) {}
  /// The stream for a purpose and an entity, from its start: `get("faults/repair", rack.name)`.
  RandomStream get(std::string_view purpose, std::string_view entity) const;

 private:
  std::uint64_t seed_;
  std::uint64_t replicate_;
};

}  // namespace busbar::base
