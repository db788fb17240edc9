/// Power, energy, carbon and money of one site, integrated exactly between changes.
#pragma once

#include <functional>
#include <vector>

#include "sim/model/platform.h"
#include "sim/scheduling/pool_state.h"

namespace busbar::engine {

/// Meters one site. IT power changes at any time; PUE, price and carbon intensity are constant
/// within an hour, so every integral is exact.
class SiteMeter {
 public:
  /// @param horizon_s  the time over which the least favourable PUE is looked up; it bounds the
  ///                   facility power of a start for as long as the job may run.
  SiteMeter(const model::Site& site, double start_unix_s, double horizon_s);

  /// Sets the rates of the hour that begins now. Hours are consecutive from 0.
  void begin_hour(double now_s);
  /// Adds to the IT power from now on.
  void add_it_power(double now_s, double delta_w);
  /// Sets power aside that may be drawn later without asking (services at their full load).
  void add_reserve(double delta_w) { reserve_w_ += delta_w; }
  /// The same for what running jobs draw less than they could: while they wait for links, for
  /// stragglers, or for replicas and sites that do not take part.
  void add_held_up(double delta_w) { held_up_w_ += delta_w; }
  double held_up_w() const { return held_up_w_; }
  /// Integrates up to now.
  void advance(double now_s);

  double it_power_w() const { return it_power_w_; }
  double facility_power_w() const { return it_power_w_ * pue_; }
  double pue() const { return pue_; }
  double price_usd_per_j() const { return price_; }
  double carbon_g_per_j() const { return carbon_; }
  /// Limits in force; infinity when there is none.
  double it_limit_w(double now_s) const;
  double grid_limit_w(double now_s) const;
  /// What IT power may still be added under each limit.
  scheduling::Headroom headroom(double now_s) const;
  /// Part of the tightest limit that is spoken for if IT power is added; 0 without limits.
  double power_share(double now_s, double added_w) const;

  /// Integrals from 0 to a time not after the last advance(), per watt of IT power.
  struct PerWatt {
    double carbon_g = 0.0;
    double electricity_usd = 0.0;
  };
  PerWatt per_watt_until(double time_s) const;

  /// Totals of the facility so far.
  double energy_j() const { return energy_j_; }
  double it_energy_j() const { return it_energy_j_; }
  double carbon_g() const { return carbon_total_g_; }
  double electricity_usd() const { return electricity_total_usd_; }
  double it_peak_w() const { return it_peak_w_; }
  double facility_peak_w() const { return facility_peak_w_; }

 private:
  void note_peak();

  const model::Site& site_;
  double start_unix_s_;
  double worst_pue_ = 1.0;
  double now_s_ = 0.0;
  double reserve_w_ = 0.0, held_up_w_ = 0.0;
  double it_power_w_ = 0.0, pue_ = 1.0, price_ = 0.0, carbon_ = 0.0;
  double it_energy_j_ = 0.0, energy_j_ = 0.0, carbon_total_g_ = 0.0, electricity_total_usd_ = 0.0;
  double it_peak_w_ = 0.0, facility_peak_w_ = 0.0;
  std::vector<PerWatt> until_hour_;  // integrals per IT watt up to the begin of each hour
};

}  // namespace busbar::engine
