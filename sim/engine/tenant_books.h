/// What organisations hold and have used, as a fair share counts it.
#pragma once

#include <vector>

#include "sim/model/job.h"
#include "sim/model/scenario.h"
#include "sim/scheduling/policy.h"

namespace busbar::engine {

/// Held chips of each organisation over all pools, and their integral over time in which a
/// chip-second counts half after a half-life T: with `held` constant over Δ,
/// used(t + Δ) = used(t) 2^(-Δ/T) + held T/ln 2 (1 - 2^(-Δ/T)).
class TenantBooks {
 public:
  TenantBooks(const model::Scenario& scenario, base::Seconds half_life);

  /// Index of a job's organisation; jobs without one share the last row.
  std::int32_t tenant_of(const model::Job& job) const;
  /// The organisation holds so many chips more, or less, from now on.
  void hold(std::int32_t tenant, double chips, double now_s);
  /// All organisations at `now_s`, in the order of the world file, then those without one.
  const std::vector<scheduling::Tenant>& at(double now_s);
  /// The same as of the last change.
  const std::vector<scheduling::Tenant>& rows() const { return tenants_; }

 private:
  double half_life_s_;
  double now_s_ = 0.0;
  std::vector<scheduling::Tenant> tenants_;
  std::vector<std::int32_t> of_stream_, of_trace_;
};

}  // namespace busbar::engine
