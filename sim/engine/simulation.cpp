#include "sim/engine/simulation.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>

#include "sim/engine/clock.h"
#include "sim/engine/fault_desk.h"
#include "sim/engine/fleet.h"
#include "sim/engine/job_desk.h"
#include "sim/engine/journal.h"
#include "sim/engine/network.h"
#include "sim/engine/reporter.h"
#include "sim/engine/serving_desk.h"
#include "sim/engine/simgrid_rate_solver.h"
#include "sim/engine/simgrid_world.h"
#include "sim/engine/traffic_desk.h"
#include "sim/engine/utility_desk.h"

namespace busbar::engine {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kBookEvery_s = base::kDay;
// How long a run without horizon may look ahead for the least favourable weather.
constexpr double kLookAhead_s = 366.0 * base::kDay;

}  // namespace

class Simulation::Impl {
 public:
  Impl(const model::Scenario& scenario, const Behaviours& behaviours, std::vector<model::Job> jobs)
      : scenario_(scenario),
        behaviours_(behaviours),
        jobs_(std::move(jobs)),
        horizon_s_(scenario.horizon ? scenario.horizon->value : kNever),
        fleet_(scenario, std::isinf(horizon_s_) ? kLookAhead_s : horizon_s_),
        network_(scenario, fleet_),
        world_(network_.links()),
        solver_(world_, clock_),
        traffic_(clock_, solver_, network_.links()) {}

  std::vector<record::LinkInfo> links() const {
    std::vector<record::LinkInfo> all;
    for (const Link& link : network_.links()) all.push_back({link.name, link.capacity_Bps});
    return all;
  }

  Outcome run(record::TraceWriter& trace);
  WorkModel works() const { return {scenario_, fleet_, *behaviours_.step_model}; }
  std::vector<Oversized> oversized(const std::vector<model::Job>& jobs) const;
  std::vector<InfeasiblePhase> infeasible_phases() const {
    return engine::infeasible_phases(scenario_, fleet_, *behaviours_.serving_model);
  }

  std::function<void(const Progress&)> listener;
  const std::atomic<bool>* interrupt = nullptr;

 private:
  // The desks of a run, alive while it goes.
  struct Desks {
    Journal& journal;
    ServingDesk& serving;
    JobDesk& jobs;
    Reporter& reporter;
    FaultDesk& faults;
    UtilityDesk& utilities;
  };
  void schedule_capacity();
  void schedule_shocks();
  void cut(size_t shock, bool begins);
  void routes_changed();
  double link_changed(base::Id<model::WanLink> wan);
  void outage(size_t shock, bool begins);
  void power_changed(std::int32_t site, bool begins);
  UtilityDesk::Hooks utility_hooks();
  void deliver(base::Id<model::Cluster> cluster, int building, std::int64_t domains);
  void limits_changed(std::int32_t site);
  void energise();
  void hour();
  void sample();
  void report_progress();
  bool nothing_left() const;

  const model::Scenario& scenario_;
  const Behaviours& behaviours_;
  std::vector<model::Job> jobs_;
  double horizon_s_;
  Fleet fleet_;
  Network network_;
  SimgridWorld world_;
  Clock clock_;
  SimgridRateSolver solver_;
  TrafficDesk traffic_;
  Desks* desks_ = nullptr;
  std::map<std::int32_t, int> broken_fibres_;  // by WAN link: failures that are not repaired
  std::int64_t capacity_events_left_ = 0;
  std::int64_t jobs_total_ = 0;
  double next_booking_s_ = kBookEvery_s;
  bool interrupted_ = false;
};

// ── Capacity ─────────────────────────────────────────────────────────────────────────────────────

// What was delivered before the start stands at once; the rest comes on its date.
void Simulation::Impl::schedule_capacity() {
  const model::Platform& platform = scenario_.platform;
  for (const auto id : platform.clusters.ids()) {
    const model::Cluster& cluster = platform.clusters[id];
    for (const model::Delivery& delivery : cluster.deliveries) {
      const double burn_in_s = delivery.domains > 0 ? cluster.burn_in.value : 0.0;
      const double at_s = std::max(0.0, delivery.date_unix_s + burn_in_s - scenario_.start_unix_s);
      if (at_s > horizon_s_) continue;
      const int building = delivery.building >= 0 ? delivery.building : cluster.building;
      ++capacity_events_left_;
      clock_.at(at_s, Phase::kChange, static_cast<std::uint64_t>(id.index),
                [this, id, building, domains = delivery.domains] {
                  --capacity_events_left_;
                  deliver(id, building, domains);
                });
    }
  }
  for (const auto id : platform.sites.ids()) {
    const model::Site& site = platform.sites[id];
    for (const auto* steps : {&site.it_limit_w, &site.grid_limit_w}) {
      for (const model::DatedValue& step : *steps) {
        const double at_s = step.from_unix_s - scenario_.start_unix_s;
        if (at_s <= 0.0 || at_s > horizon_s_) continue;
        ++capacity_events_left_;
        clock_.at(at_s, Phase::kChange,
                  platform.clusters.size() + static_cast<std::uint64_t>(id.index), [this, id] {
                    --capacity_events_left_;
                    limits_changed(id.index);
                  });
      }
    }
  }
}

void Simulation::Impl::deliver(base::Id<model::Cluster> cluster, int building,
                               std::int64_t domains) {
  desks_->reporter.integrate_capacity(clock_.now());
  fleet_.deliver(clock_.now(), cluster, building, domains);
  desks_->journal.note(record::EventKind::kDelivery, cluster.index, static_cast<double>(domains));
  energise();
  desks_->jobs.capacity_changed(fleet_.pool_of(cluster));
}

void Simulation::Impl::limits_changed(std::int32_t site) {
  const SiteMeter& meter = fleet_.sites[static_cast<size_t>(site)];
  desks_->journal.note(record::EventKind::kLimit, site,
                       std::min(meter.it_limit_w(clock_.now()), meter.grid_limit_w(clock_.now())));
  desks_->reporter.integrate_capacity(clock_.now());
  energise();
  for (const std::int32_t pool : fleet_.pools_at({site})) desks_->jobs.capacity_changed(pool);
}

void Simulation::Impl::energise() {
  for (const auto& [pool, domains] : fleet_.energise(clock_.now())) {
    desks_->journal.note(record::EventKind::kInstalled,
                         fleet_.pools[static_cast<size_t>(pool)].clusters.front().index,
                         static_cast<double>(domains));
    desks_->jobs.capacity_changed(pool);
  }
  desks_->faults.capacity_changed();
}

// ── Shocks
// ─────────────────────────────────────────────────────────────────────────────────────────

void Simulation::Impl::schedule_shocks() {
  for (size_t i = 0; i < scenario_.shocks.size(); ++i) {
    const model::Shock& shock = scenario_.shocks[i];
    if (shock.kind != "fibre-cut" && shock.kind != "site-outage") continue;
    const auto apply = shock.kind == "fibre-cut" ? &Impl::cut : &Impl::outage;
    const auto order = static_cast<std::uint64_t>(i);
    clock_.at(shock.at_s, Phase::kChange, order, [this, apply, i] { (this->*apply)(i, true); });
    if (shock.duration_s <= 0.0) continue;
    if (shock.kind == "site-outage") ++capacity_events_left_;
    clock_.at(shock.at_s + shock.duration_s, Phase::kChange, order,
              [this, apply, i] { (this->*apply)(i, false); });
  }
}

void Simulation::Impl::cut(size_t index, bool begins) {
  const auto wan = scenario_.platform.wan_links.find(scenario_.shocks[index].link);
  desks_->journal.note(begins ? record::EventKind::kShockBegin : record::EventKind::kShockEnd,
                       static_cast<std::int32_t>(index), link_changed(wan));
  routes_changed();
}

void Simulation::Impl::routes_changed() {
  desks_->jobs.routes_changed();
  desks_->serving.routes_changed();
}

// Several cuts of one link multiply; a link that keeps nothing carries no routes. Returns what it
// carries now.
double Simulation::Impl::link_changed(base::Id<model::WanLink> wan) {
  const std::string& name = scenario_.platform.wan_links[wan].name;
  const double now = clock_.now();
  double kept = broken_fibres_[wan.index] > 0 ? 0.0 : 1.0;
  for (const model::Shock& shock : scenario_.shocks) {
    if (shock.kind != "fibre-cut" || shock.link != name || shock.at_s > now) continue;
    const bool over = shock.duration_s > 0.0 && shock.at_s + shock.duration_s <= now;
    if (!over) kept *= shock.factor;
  }
  const std::int32_t link = network_.link_of(wan);
  const double capacity = kept * network_.links()[static_cast<size_t>(link)].capacity_Bps;
  if (capacity > 0.0) traffic_.set_capacity(link, capacity);
  network_.set_cut(wan, capacity <= 0.0);
  return capacity;
}

void Simulation::Impl::outage(size_t index, bool begins) {
  const std::int32_t site = scenario_.platform.sites.find(scenario_.shocks[index].site).index;
  desks_->reporter.integrate_capacity(clock_.now());
  if (!begins) --capacity_events_left_;
  desks_->journal.note(begins ? record::EventKind::kShockBegin : record::EventKind::kShockEnd,
                       static_cast<std::int32_t>(index), desks_->faults.chips_at(site, begins));
  power_changed(site, begins);
}

void Simulation::Impl::power_changed(std::int32_t site, bool begins) {
  desks_->reporter.integrate_capacity(clock_.now());
  if (begins) {
    desks_->faults.begin_outage(site);
  } else {
    fleet_.end_outage(site);
  }
  energise();
}

// A failure of a site's power or of a fibre is the same as a shock that lasts until its repair.
UtilityDesk::Hooks Simulation::Impl::utility_hooks() {
  const auto hits = [this](auto change) {
    const JobCounts& counts = desks_->jobs.books().counts;
    const std::int64_t before = counts.interrupted;
    change();
    return static_cast<std::int32_t>(counts.interrupted - before);
  };
  return {[this, hits](base::Id<model::Site> site, bool begins) {
            capacity_events_left_ += begins ? 1 : -1;
            return hits([&] { power_changed(site.index, begins); });
          },
          [this, hits](base::Id<model::WanLink> wan, bool begins) {
            broken_fibres_[wan.index] += begins ? 1 : -1;
            return hits([&] {
              link_changed(wan);
              routes_changed();
            });
          }};
}

// ── The hour ─────────────────────────────────────────────────────────────────────────────────────

bool Simulation::Impl::nothing_left() const {
  return desks_->jobs.idle() ||
         (desks_->jobs.stuck() && capacity_events_left_ == 0 && desks_->faults.under_repair() == 0);
}

// PUE, price, carbon and demand change with the hour.
void Simulation::Impl::hour() {
  const double now = clock_.now();
  for (SiteMeter& site : fleet_.sites) site.begin_hour(now);
  for (const std::int32_t pool : desks_->serving.begin_hour(now)) {
    desks_->jobs.request_decision(pool);
  }
  if (now >= next_booking_s_) {
    desks_->reporter.book(now);
    next_booking_s_ += kBookEvery_s;
  }
  report_progress();
  if (interrupt != nullptr && interrupt->load()) {
    interrupted_ = true;
    clock_.stop();
    return;
  }
  if (std::isinf(horizon_s_) && now > 0.0 && nothing_left()) {
    desks_->utilities.stop();
    return desks_->faults.stop();
  }
  const double next_s = now + base::kHour;
  if (next_s < horizon_s_) clock_.at(next_s, Phase::kChange, 0, [this] { hour(); });
}

void Simulation::Impl::sample() {
  desks_->reporter.sample(clock_.now());
  if (std::isinf(horizon_s_) && clock_.now() > 0.0 && nothing_left()) return;
  const double next_s = clock_.now() + scenario_.recording.sample_interval.value;
  if (next_s <= horizon_s_) clock_.at(next_s, Phase::kSample, 0, [this] { sample(); });
}

void Simulation::Impl::report_progress() {
  if (!listener) return;
  const JobCounts& counts = desks_->jobs.books().counts;
  listener({clock_.now(), horizon_s_, clock_.events(),
            counts.completed + counts.killed + counts.failed + counts.cancelled + counts.rejected,
            jobs_total_});
}

std::vector<Oversized> Simulation::Impl::oversized(const std::vector<model::Job>& jobs) const {
  constexpr size_t kMost = 10;
  const WorkModel works(scenario_, fleet_, *behaviours_.step_model);
  const double until_s = std::isinf(horizon_s_) ? 100.0 * kLookAhead_s : horizon_s_;
  std::vector<double> capacity;
  for (size_t pool = 0; pool < fleet_.pools.size(); ++pool) {
    capacity.push_back(fleet_.largest_capacity(static_cast<std::int32_t>(pool), until_s));
  }
  std::vector<Oversized> found;
  for (const model::Job& job : jobs) {
    double largest = 0.0;
    for (const std::int32_t pool : works.pools_for(job)) {
      largest = std::max(largest, capacity[static_cast<size_t>(pool)]);
    }
    if (job.chips <= largest) continue;
    found.push_back({job.name, job.trace, job.chips, largest});
    if (found.size() == kMost) break;
  }
  return found;
}

// ── The run ──────────────────────────────────────────────────────────────────────────────────────

Outcome Simulation::Impl::run(record::TraceWriter& trace) {
  jobs_total_ = static_cast<std::int64_t>(jobs_.size());
  Journal journal(clock_, trace, scenario_.recording.events);
  ServingDesk serving(scenario_, behaviours_, clock_, {fleet_, network_, traffic_}, journal);
  JobDesk jobs({scenario_, behaviours_, clock_, fleet_, network_, traffic_, journal},
               std::move(jobs_));
  Reporter reporter(scenario_, fleet_, jobs, serving, {solver_, traffic_, network_.links()}, trace);
  FaultDesk faults({scenario_, clock_, fleet_, jobs, serving, journal},
                   {[&] { reporter.integrate_capacity(clock_.now()); }, [this] { energise(); }});
  UtilityDesk utilities(scenario_, clock_, journal, utility_hooks());
  Desks desks{journal, serving, jobs, reporter, faults, utilities};
  desks_ = &desks;

  // Capacity first, then the first hour's services, then jobs.
  schedule_capacity();
  schedule_shocks();
  clock_.at(0.0, Phase::kArrival, 0, [this] { hour(); });
  clock_.at(0.0, Phase::kSample, 0, [this] { sample(); });
  jobs.before_decision([&](std::int32_t pool) { serving.claim(pool); });
  jobs.open();
  // What a policy that fails has led to until then is written like any end of a run.
  std::exception_ptr failure;
  try {
    clock_.run(horizon_s_);
  } catch (const scheduling::PolicyFailure&) {
    failure = std::current_exception();
  }

  const double end_s = clock_.now();
  for (SiteMeter& site : fleet_.sites) site.advance(end_s);
  reporter.integrate_capacity(end_s);
  serving.close(end_s);
  reporter.book(end_s);
  jobs.close();
  faults.close(trace);
  utilities.close();
  reporter.summarise(end_s, clock_.events());
  report_progress();
  desks_ = nullptr;
  if (failure) std::rethrow_exception(failure);
  return {interrupted_, journal.fingerprint(), clock_.events()};
}

Simulation::Simulation(const model::Scenario& scenario, const Behaviours& behaviours,
                       std::vector<model::Job> jobs)
    : impl_(std::make_unique<Impl>(scenario, behaviours, std::move(jobs))) {}
Simulation::~Simulation() = default;

std::vector<record::LinkInfo> Simulation::links() const { return impl_->links(); }
std::map<std::string, std::string> Simulation::simgrid_config() { return SimgridWorld::config(); }
std::string Simulation::simgrid_version() { return SimgridWorld::version(); }
std::vector<Oversized> Simulation::oversized(const std::vector<model::Job>& jobs) const {
  return impl_->oversized(jobs);
}
std::vector<InfeasiblePhase> Simulation::infeasible_phases() const {
  return impl_->infeasible_phases();
}
std::vector<WorkModel::Unfit> Simulation::unfit_sizes(const std::vector<model::Job>& jobs) const {
  return impl_->works().unfit_sizes(jobs);
}
void Simulation::on_progress(std::function<void(const Progress&)> listener) {
  impl_->listener = std::move(listener);
}
void Simulation::interrupt_when(const std::atomic<bool>& flag) { impl_->interrupt = &flag; }
Outcome Simulation::run(record::TraceWriter& trace) { return impl_->run(trace); }

}  // namespace busbar::engine
