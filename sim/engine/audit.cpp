#include "sim/engine/audit.h"

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"

namespace busbar::engine {

namespace {

constexpr double kRounding = 1e-9;
constexpr double kWatt = 1e-3;  // of rounding in sums of millions

bool agree(double a, double b, double absolute) {
  return std::abs(a - b) <= kRounding * std::max(std::abs(a), std::abs(b)) + absolute;
}

}  // namespace

Audit::Audit(const model::Scenario& scenario, const Clock& clock, const Fleet& fleet,
             const JobDesk& jobs, const ServingDesk& serving)
    : scenario_(scenario),
      clock_(clock),
      fleet_(fleet),
      jobs_(jobs),
      serving_(serving),
      site_w_(fleet.sites.size(), 0.0),
      site_j_(fleet.sites.size(), 0.0) {}

void Audit::fail(const std::string& what) const {
  throw base::InternalError(
      fmt::format("internal error: audit at {:.6f} s: {}", clock_.now(), what));
}

const std::string& Audit::name_of(const PartInfo& part) const {
  return scenario_.platform.clusters[part.cluster].name;
}

void Audit::check() {
  const Held held = count();
  check_domains(held);
  check_use(held);
  check_power(held);
}

void Audit::close() {
  for (size_t i = 0; i < site_j_.size(); ++i) {
    site_j_[i] += site_w_[i] * (clock_.now() - since_s_);
    const double metered_j = fleet_.sites[i].it_energy_j();
    expect(agree(metered_j, site_j_[i], kWatt), "site '{}' used {} J of IT energy, its edges {} J",
           scenario_.platform.sites[{static_cast<std::int32_t>(i)}].name, metered_j, site_j_[i]);
  }
}

Audit::Held Audit::count() const {
  Held held;
  for (const Pool& pool : fleet_.pools) {
    held.whole.emplace_back(pool.parts.size(), 0);
    held.shared.emplace_back(pool.parts.size(), 0);
  }
  held.chips.assign(scenario_.platform.clusters.size(), 0.0);
  held.watts.assign(scenario_.platform.clusters.size(), 0.0);
  held.held_up_w.assign(fleet_.sites.size(), 0.0);
  held.by_tenant.assign(jobs_.tenants().rows().size(), 0.0);
  for (const ActiveJob* active : jobs_.running().in_order()) {
    check_job(*active);
    held.by_tenant[static_cast<size_t>(active->tenant)] += active->chips;
    const auto index = static_cast<size_t>(active->pool);
    const Pool& pool = fleet_.pools[index];
    for (const scheduling::Share& share : active->allocation.shares) {
      const auto part = static_cast<size_t>(share.part);
      const scheduling::Part& counts = pool.state.parts[part];
      held.whole[index][part] += share.whole_domains;
      held.shared[index][part] += share.shared_chips;
      const auto chips =
          static_cast<double>(share.whole_domains * counts.chips_per_domain + share.shared_chips);
      const auto waits =
          static_cast<double>(active->idle_domains(share.part) * counts.chips_per_domain);
      held.chips[static_cast<size_t>(counts.cluster)] += chips;
      const double on = active->on(counts.site) ? chips - waits : 0.0;
      const double watts = on * active->busy_w_per_chip();
      held.watts[static_cast<size_t>(counts.cluster)] += watts;
      held.held_up_w[static_cast<size_t>(counts.site)] += chips * active->most_w_per_chip() - watts;
    }
  }
  return held;
}

// Work is neither made nor lost between edges, and no checkpoint holds more than was done.
void Audit::check_job(const ActiveJob& active) const {
  const double all = active.work.steps, tolerance = kRounding * all;
  expect(active.steps_left >= 0.0 && active.steps_left <= all + tolerance,
         "job {} has {} of {} steps left", active.job, active.steps_left, all);
  expect(active.safe(false).steps_left >= active.steps_left - tolerance,
         "job {} has {} steps left, its checkpoint {}", active.job, active.steps_left,
         active.safe(false).steps_left);
  expect(active.batch_share > 0.0 && active.batch_share <= 1.0 + kRounding,
         "job {} does {} of its batch", active.job, active.batch_share);
  expect(active.step_s >= active.compute_s() * (1.0 - kRounding),
         "job {} takes {} s for steps of {} s", active.job, active.step_s, active.compute_s());
}

// Every domain with power is free, held back, a service's or a job's.
void Audit::check_domains(const Held& held) const {
  for (size_t p = 0; p < fleet_.pools.size(); ++p) {
    const Pool& pool = fleet_.pools[p];
    for (size_t i = 0; i < pool.parts.size(); ++i) {
      const PartInfo& part = pool.parts[i];
      const scheduling::Part& counts = pool.state.parts[i];
      std::int64_t opened = 0, shared_free = 0;
      for (const std::int32_t free : counts.shared) {
        if (free < 0) continue;
        ++opened;
        shared_free += free;
      }
      const std::int64_t whole = held.whole[p][i], shared = held.shared[p][i];
      expect(part.powered == counts.free_domains + part.spare + part.serving + opened + whole,
             "{} domains of '{}' have power: {} free, {} spare, {} serve, {} shared and {} whole "
             "ones held by jobs",
             part.powered, name_of(part), counts.free_domains, part.spare, part.serving, opened,
             whole);
      expect(opened * counts.chips_per_domain == shared_free + shared &&
                 shared_free == counts.shared_free_chips,
             "{} shared domains of '{}': {} chips free, {} counted, {} held by jobs", opened,
             name_of(part), shared_free, counts.shared_free_chips, shared);
      expect(std::min({counts.free_domains, part.spare, part.serving, part.unpowered, part.out,
                       part.leaving}) >= 0 &&
                 part.leaving <= part.powered + part.unpowered + part.out,
             "'{}' has {} domains free, {} spare, {} serving, {} dark, {} failed, {} to leave",
             name_of(part), counts.free_domains, part.spare, part.serving, part.unpowered, part.out,
             part.leaving);
      expect(part.closings == 0 || part.powered == 0, "'{}' is closed, and {} domains have power",
             name_of(part), part.powered);
      if (counts.pods.empty()) continue;
      std::int64_t free = 0, powered = 0;
      for (std::int32_t pod = 0; pod < counts.pods.size(); ++pod) free += counts.pods.free(pod);
      for (const PodBooks::Pod& pod : part.pods.pods()) powered += pod.powered;
      expect(free == counts.free_domains && powered == part.powered,
             "the pods of '{}' have {} free domains of {}, with power {} of {}", name_of(part),
             free, counts.free_domains, powered, part.powered);
    }
  }
}

void Audit::check_use(const Held& held) const {
  const auto& use = jobs_.books().use();
  for (size_t i = 0; i < use.size(); ++i) {
    const std::string& name = scenario_.platform.clusters[{static_cast<std::int32_t>(i)}].name;
    expect(use[i].chips == held.chips[i], "jobs hold {} chips of '{}', the books say {}",
           held.chips[i], name, use[i].chips);
    expect(agree(use[i].watts, held.watts[i], kWatt), "jobs draw {} W at '{}', the books say {} W",
           held.watts[i], name, use[i].watts);
  }
  const auto& tenants = jobs_.tenants().rows();
  for (size_t i = 0; i < tenants.size(); ++i) {
    expect(agree(tenants[i].held_chips, held.by_tenant[i], kRounding),
           "jobs of organisation {} hold {} chips, the books say {}", i, held.by_tenant[i],
           tenants[i].held_chips);
  }
}

// What idles, computes and serves is what the sites' meters show.
void Audit::check_power(const Held& held) {
  std::vector<double> now_w(site_w_.size(), 0.0);
  for (size_t p = 0; p < fleet_.pools.size(); ++p) {
    const Pool& pool = fleet_.pools[p];
    for (size_t i = 0; i < pool.parts.size(); ++i) {
      now_w[static_cast<size_t>(pool.state.parts[i].site)] +=
          static_cast<double>(pool.parts[i].powered) * fleet_.domain_power[p].idle_w;
    }
  }
  for (const auto id : scenario_.platform.clusters.ids()) {
    const auto c = static_cast<size_t>(id.index);
    now_w[static_cast<size_t>(scenario_.platform.clusters[id].site.index)] +=
        held.watts[c] + serving_.watts()[c];
  }
  for (size_t i = 0; i < now_w.size(); ++i) {
    site_j_[i] += site_w_[i] * (clock_.now() - since_s_);
    expect(agree(fleet_.sites[i].it_power_w(), now_w[i], kWatt),
           "site '{}' draws {} W, what stands there {} W",
           scenario_.platform.sites[{static_cast<std::int32_t>(i)}].name,
           fleet_.sites[i].it_power_w(), now_w[i]);
    expect(agree(fleet_.sites[i].held_up_w(), held.held_up_w[i], kWatt),
           "jobs at site {} are held up by {} W, the books say {} W", i, held.held_up_w[i],
           fleet_.sites[i].held_up_w());
  }
  site_w_ = std::move(now_w);
  since_s_ = clock_.now();
}

}  // namespace busbar::engine
