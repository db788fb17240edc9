/// What a run tells while it goes and when it is over: samples, ledger, summary, claims.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/engine/clock.h"
#include "sim/engine/fleet.h"
#include "sim/engine/job_desk.h"
#include "sim/engine/serving_desk.h"
#include "sim/engine/traffic_desk.h"

namespace busbar::engine {

/// Reads the state of a run; changes nothing but the trace.
class Reporter {
 public:
  /// What is said of links.
  struct Links {
    const RateSolver& solver;
    const TrafficDesk& traffic;
    const std::vector<Link>& all;
  };
  Reporter(const model::Scenario& scenario, const Fleet& fleet, const JobDesk& jobs,
           const ServingDesk& serving, Links links, record::TraceWriter& trace);

  /// Writes one row of each time series.
  void sample(double now_s);
  /// Adds up what pools had powered on since the last call.
  void integrate_capacity(double now_s);
  /// Books electricity and chip-hours since the last booking.
  void book(double now_s);
  /// Writes the tables and attributes of `/summary`.
  void summarise(double now_s, std::uint64_t events);

 private:
  void summarise_sites(double now_s);
  void summarise_vendors();
  void summarise_links(double now_s);
  void summarise_claims(double now_s);
  double simulated(const model::Claim& claim, double now_s) const;

  const model::Scenario& scenario_;
  const Fleet& fleet_;
  const JobDesk& jobs_;
  const ServingDesk& serving_;
  Links links_;
  record::TraceWriter& trace_;
  std::vector<double> booked_usd_, booked_chip_s_;
  std::vector<double> powered_chip_s_;  // by cluster
  double integrated_s_ = 0.0;
};

}  // namespace busbar::engine
