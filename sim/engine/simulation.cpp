#include "sim/engine/simulation.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>

#include "sim/engine/audit.h"
#include "sim/engine/capacity_desk.h"
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
#include "sim/engine/window_desk.h"

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
  bool audits = false;

 private:
  // The desks of a run, alive while it goes.
  struct Desks {
    Journal& journal;
    ServingDesk& serving;
    JobDesk& jobs;
    Reporter& reporter;
    FaultDesk& faults;
    CapacityDesk& capacity;
    WindowDesk& windows;
    UtilityDesk& utilities;
  };
  UtilityDesk::Hooks utility_hooks();
  void hour();
  void review();
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
  std::int64_t jobs_total_ = 0;
  double next_booking_s_ = kBookEvery_s;
  bool interrupted_ = false;
  bool reviewed_in_vain_ = false;  // nothing ran, and the broker moved nothing
};

// A failure of a site's power or of a fibre is the same as a shock that lasts until its repair.
UtilityDesk::Hooks Simulation::Impl::utility_hooks() {
  const auto hits = [this](auto change) {
    const JobCounts& counts = desks_->jobs.books().counts;
    const std::int64_t before = counts.interrupted;
    change();
    return static_cast<std::int32_t>(counts.interrupted - before);
  };
  return {[this, hits](base::Id<model::Site> site, bool begins) {
            return hits([&] { desks_->capacity.power_failed(site, begins); });
          },
          [this, hits](base::Id<model::Site> site, size_t supply, bool begins) {
            return hits([&] { desks_->capacity.supply_failed(site, supply, begins); });
          },
          [this, hits](base::Id<model::WanLink> wan, bool begins) {
            return hits([&] { desks_->capacity.fibre_failed(wan, begins); });
          },
          [this](auto site, const model::FailureMode& mode, base::Seconds repair, auto share,
                 auto shares) { desks_->faults.share_failed(site, mode, repair, share, shares); }};
}

// ── The hour ─────────────────────────────────────────────────────────────────────────────────────

bool Simulation::Impl::nothing_left() const {
  const bool reviewed = reviewed_in_vain_ || behaviours_.broker->terms().review.value <= 0.0;
  return desks_->jobs.idle() ||
         (desks_->jobs.stuck() && !desks_->capacity.more_to_come() &&
          !desks_->windows.more_to_come() && desks_->faults.under_repair() == 0 && reviewed);
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
    desks_->windows.stop();
    desks_->utilities.stop();
    return desks_->faults.stop();
  }
  const double next_s = now + base::kHour;
  if (next_s < horizon_s_) clock_.at(next_s, Phase::kChange, 0, [this] { hour(); });
}

// After the decisions of its instant, so that room is what they leave.
void Simulation::Impl::review() {
  const double every_s = behaviours_.broker->terms().review.value;
  if (every_s <= 0.0) return;
  if (clock_.now() > 0.0) {
    reviewed_in_vain_ = desks_->jobs.review() == 0 && desks_->jobs.stuck();
    if (std::isinf(horizon_s_) && nothing_left()) return;
  }
  clock_.at(clock_.now() + every_s, Phase::kDecision, fleet_.pools.size(), [this] { review(); });
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
    Oversized why{job.name, job.trace, job.chips};
    bool fits = false;
    for (const std::int32_t pool : works.pools_for(job)) {
      const double most = capacity[static_cast<size_t>(pool)];
      why.largest = std::max(why.largest, most);
      if (job.chips > most) continue;
      const topology::SliceOffer offer =
          works.offer(job, pool, static_cast<std::int64_t>(job.chips));
      const std::int64_t fitting = fleet_.most_slices(pool, offer.slice_chips);
      // A job that the policy sizes takes fewer; one slice over several places is one in each.
      const bool elastic =
          job.stream >= 0 && scenario_.workload.streams[{job.stream}].elastic.has_value();
      const bool flexible =
          elastic || (offer.slices == 1 && works.span_of(job) > model::Span::kCluster);
      fits = fits || flexible || fitting >= offer.slices;
      if (fits) break;
      why.slices = offer.slices;
      why.slice_chips = offer.slice_chips;
      why.fitting = std::max(why.fitting, fitting);
    }
    if (fits) continue;
    found.push_back(why);
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
                   {[&] { reporter.integrate_capacity(clock_.now()); },
                    [this] { desks_->capacity.energise(); }});
  CapacityDesk capacity({scenario_, clock_, fleet_, network_, traffic_, journal, serving, jobs,
                         reporter, faults, horizon_s_});
  WindowDesk windows({scenario_, clock_, fleet_, journal, jobs, capacity, horizon_s_});
  UtilityDesk utilities(scenario_, clock_, journal, utility_hooks());
  Desks desks{journal, serving, jobs, reporter, faults, capacity, windows, utilities};
  desks_ = &desks;

  // Capacity first, then the first hour's services, then jobs.
  capacity.schedule();
  windows.schedule();
  clock_.at(0.0, Phase::kArrival, 0, [this] { hour(); });
  clock_.at(0.0, Phase::kSample, 0, [this] { sample(); });
  jobs.before_decision([&](std::int32_t pool) {
    capacity.let_leave(pool);
    serving.claim(pool);
  });
  jobs.open();
  review();
  Audit audit(scenario_, clock_, fleet_, jobs, serving);
  if (audits) clock_.after_each_date([&audit] { audit.check(); });
  // What a policy that fails has led to until then is written like any end of a run.
  std::exception_ptr failure;
  try {
    clock_.run(horizon_s_);
  } catch (const scheduling::PolicyFailure&) {
    failure = std::current_exception();
  }

  const double end_s = clock_.now();
  for (SiteMeter& site : fleet_.sites) site.advance(end_s);
  if (audits && !failure) audit.close();
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
void Simulation::audit() { impl_->audits = true; }
void Simulation::interrupt_when(const std::atomic<bool>& flag) { impl_->interrupt = &flag; }
Outcome Simulation::run(record::TraceWriter& trace) { return impl_->run(trace); }

}  // namespace busbar::engine
