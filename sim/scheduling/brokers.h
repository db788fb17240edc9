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

/// The option of least value; ties as above.
size_t least(std::span<const PoolOption> options, const std::vector<double>& values);

/// Sends a job where its value is least.
class ByValue : public Broker {
 public:
  explicit ByValue(Terms terms) : terms_(terms) {}
  Terms terms() const override { return terms_; }
  size_t choose(std::span<const PoolOption> options) const override {
    return least(options, values(options));
  }

 private:
  Terms terms_;
};

/// Sends a job where it is expected to be done first: wait and run time there, in seconds.
class Fastest : public ByValue {
 public:
  explicit Fastest(Terms terms = {}) : ByValue(terms) {}
  std::vector<double> values(std::span<const PoolOption> options) const override;
};

/// Sends a job to the pool nearest to its home, by one-way latency over the WAN.
class Local : public Broker {
 public:
  size_t choose(std::span<const PoolOption> options) const override;
};

/// Sends a job where it emits least over its expected run, in grams.
class Greenest : public ByValue {
 public:
  explicit Greenest(Terms terms = {}) : ByValue(terms) {}
  std::vector<double> values(std::span<const PoolOption> options) const override;
};

/// Sends a job where it costs least, in USD: its chips at list price, its energy, what it sends
/// over the WAN, and the chips that stand idle while it waits.
class Cheapest : public ByValue {
 public:
  /// @param idle_price  of one chip, for the time that the job waits and nobody else has it.
  explicit Cheapest(base::UsdPerSecond idle_price, Terms terms = {})
      : ByValue(terms), idle_price_(idle_price) {}
  std::vector<double> values(std::span<const PoolOption> options) const override;

 private:
  base::UsdPerSecond idle_price_;
};

/// Sends a job where the weighted sum of its cost, carbon, latency to its data and share of the
/// site's power is least, each in multiples of what its best option would give without waiting.
class Weighted : public ByValue {
 public:
  explicit Weighted(const base::Params& params, Terms terms = {});
  /// All weights 0, as a clause for a message; empty: none broken.
  static std::string broken_rule(const base::Params& params);

  std::vector<double> values(std::span<const PoolOption> options) const override {
    return sums(options, true);
  }
  /// One that holds jobs back looks at each by itself.
  bool sees_batches() const override { return terms().delay.value <= 0.0; }
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

/// Divides the fleet's time among its jobs round by round, by a rule of its own.
class Divider : public Broker {
 public:
  using Rule = Shares (*)(const ShareProblem&);
  Divider(Rule rule, base::Seconds round) : rule_(rule), round_(round) {}
  Terms terms() const override { return {round_, 0.0, {}, {}}; }
  /// Never asked: jobs get their pools in rounds.
  size_t choose(std::span<const PoolOption>) const override { return 0; }
  bool divides() const override { return true; }
  Shares divide(const ShareProblem& problem) const override { return rule_(problem); }

 private:
  Rule rule_;
  base::Seconds round_;
};

}  // namespace busbar::scheduling
