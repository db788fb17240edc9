/// Brokers: to which pool, and so to which site and vendor, a new job goes.
///
/// All break ties the same way: of options equal within a billionth the one where the job is done
/// first, and of those the first in the order of the world file.
#pragma once

#include <string>
#include <vector>

#include "sim/base/quantity.h"
#include "sim/scheduling/policy.h"

namespace busbar::scheduling {

/// Sends a job where it is expected to be done first: wait and run time there.
class Fastest : public Broker {
 public:
  size_t choose(std::span<const PoolOption> options) const override;
};

/// Sends a job to the pool nearest to its home, by one-way latency over the WAN.
class Local : public Broker {
 public:
  size_t choose(std::span<const PoolOption> options) const override;
};

/// Sends a job where it emits least over its expected run.
class Greenest : public Broker {
 public:
  size_t choose(std::span<const PoolOption> options) const override;
};

/// Sends a job where it costs least: its chips at list price, its energy, and the chips that stand
/// idle while it waits.
class Cheapest : public Broker {
 public:
  /// @param idle_price  of one chip, for the time that the job waits.
  explicit Cheapest(base::UsdPerSecond idle_price) : idle_price_(idle_price) {}
  size_t choose(std::span<const PoolOption> options) const override;

 private:
  base::UsdPerSecond idle_price_;
};

/// Sends a job where the weighted sum of its cost, carbon, latency to its data and share of the
/// site's power is least, each in multiples of what its best option would give without waiting.
class Weighted : public Broker {
 public:
  explicit Weighted(const base::Params& params);
  /// All weights 0, as a clause for a message; empty: none broken.
  static std::string broken_rule(const base::Params& params);

  size_t choose(std::span<const PoolOption> options) const override;
  bool sees_batches() const override { return true; }
  /// Assigns the jobs to what is free at once as a generalised assignment, weighed by their chips.
  /// A job costs its sum without a wait where it is put; if it is left over, its least sum with a
  /// wait, the free chips of all pools being taken by jobs as long as it is. What is left over
  /// chooses one after the other then, behind the ones before.
  BatchChoice choose_together(std::span<const std::vector<PoolOption>> jobs) const override;
  /// The sums, by option. @param waits  whether waiting counts.
  std::vector<double> sums(std::span<const PoolOption> options, bool waits) const;

 private:
  double cost_, carbon_, latency_, power_;  // weights
  base::UsdPerSecond idle_price_;
};

}  // namespace busbar::scheduling
