#include "sim/engine/tenant_books.h"

#include <cmath>
#include <numbers>

namespace busbar::engine {

TenantBooks::TenantBooks(const model::Scenario& scenario, base::Seconds half_life)
    : half_life_s_(half_life.value) {
  const auto& organisations = scenario.platform.organisations;
  for (const model::Organisation& organisation : organisations) {
    tenants_.push_back({.quota_chips = organisation.quota_chips});
  }
  const auto index_of = [&](const std::string& name) {
    const auto id = organisations.find(name);
    return id ? id.index : static_cast<std::int32_t>(tenants_.size());
  };
  for (const auto& stream : scenario.workload.streams) {
    of_stream_.push_back(index_of(stream.organisation));
  }
  for (const auto& trace : scenario.workload.traces) {
    of_trace_.push_back(index_of(trace.organisation));
  }
  tenants_.emplace_back();
}

std::int32_t TenantBooks::tenant_of(const model::Job& job) const {
  return job.stream >= 0 ? of_stream_[static_cast<size_t>(job.stream)]
                         : of_trace_[static_cast<size_t>(job.trace)];
}

void TenantBooks::hold(std::int32_t tenant, double chips, double now_s) {
  at(now_s);
  tenants_[static_cast<size_t>(tenant)].held_chips += chips;
}

const std::vector<scheduling::Tenant>& TenantBooks::at(double now_s) {
  const double seconds = now_s - now_s_;
  if (seconds <= 0.0) return tenants_;
  now_s_ = now_s;
  const double kept = std::isinf(half_life_s_) ? 1.0 : std::exp2(-seconds / half_life_s_);
  const double counted_s =
      std::isinf(half_life_s_) ? seconds : half_life_s_ / std::numbers::ln2 * (1.0 - kept);
  for (scheduling::Tenant& tenant : tenants_) {
    tenant.used_chip_s = tenant.used_chip_s * kept + tenant.held_chips * counted_s;
  }
  return tenants_;
}

}  // namespace busbar::engine
