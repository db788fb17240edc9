#include "sim/engine/site_meter.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/power/site_power.h"

namespace busbar::engine {
namespace {

constexpr double kHour_s = base::kHour;
constexpr double kNoLimit = std::numeric_limits<double>::infinity();

}  // namespace

SiteMeter::SiteMeter(const model::Site& site, double start_unix_s, double horizon_s)
    : site_(site), start_unix_s_(start_unix_s) {
  // A year shows every hour that matters.
  const double span_s = std::min(horizon_s, 366.0 * base::kDay);
  for (int hour = 0; hour * kHour_s <= span_s; ++hour) {
    worst_pue_ = std::max(worst_pue_, power::pue_at(site, start_unix_s + (hour + 0.5) * kHour_s));
  }
}

void SiteMeter::begin_hour(double now_s) {
  advance(now_s);
  PerWatt sum = until_hour_.empty() ? PerWatt{} : until_hour_.back();
  if (!until_hour_.empty()) {
    sum.carbon_g += pue_ * carbon_ * kHour_s;
    sum.electricity_usd += pue_ * price_ * kHour_s;
  }
  until_hour_.push_back(sum);
  const double middle_unix_s = start_unix_s_ + now_s + kHour_s / 2;
  pue_ = power::pue_at(site_, middle_unix_s);
  price_ = site_.price.at(middle_unix_s);
  carbon_ = site_.carbon.at(middle_unix_s);
  note_peak();
}

void SiteMeter::advance(double now_s) {
  const double it_j = it_power_w_ * (now_s - now_s_);
  const double facility_j = it_j * pue_;
  it_energy_j_ += it_j;
  energy_j_ += facility_j;
  carbon_total_g_ += facility_j * carbon_;
  electricity_total_usd_ += facility_j * price_;
  now_s_ = now_s;
}

void SiteMeter::add_it_power(double now_s, double delta_w) {
  advance(now_s);
  it_power_w_ += delta_w;
  note_peak();
}

// At one instant ends come before starts, so no power is noted as a peak that does not last.
void SiteMeter::note_peak() {
  it_peak_w_ = std::max(it_peak_w_, it_power_w_);
  facility_peak_w_ = std::max(facility_peak_w_, facility_power_w());
}

double SiteMeter::it_limit_w(double now_s) const {
  return site_.it_limit_w.empty() ? kNoLimit
                                  : model::value_at(site_.it_limit_w, start_unix_s_ + now_s, 0.0);
}

double SiteMeter::grid_limit_w(double now_s) const {
  return site_.grid_limit_w.empty()
             ? kNoLimit
             : model::value_at(site_.grid_limit_w, start_unix_s_ + now_s, 0.0);
}

scheduling::Headroom SiteMeter::headroom(double now_s) const {
  const double spoken_for_w = it_power_w_ + reserve_w_ + held_up_w_;
  return {it_limit_w(now_s) - spoken_for_w, grid_limit_w(now_s) / worst_pue_ - spoken_for_w};
}

double SiteMeter::power_share(double now_s, double added_w) const {
  const double it_w = it_power_w_ + reserve_w_ + held_up_w_ + added_w;
  const auto share = [](double power_w, double limit_w) {
    if (std::isinf(limit_w)) return 0.0;
    return limit_w > 0.0 ? power_w / limit_w : kNoLimit;
  };
  return std::max(share(it_w, it_limit_w(now_s)), share(it_w * worst_pue_, grid_limit_w(now_s)));
}

SiteMeter::PerWatt SiteMeter::per_watt_until(double time_s) const {
  if (until_hour_.empty()) return {};
  const auto hour =
      std::min(static_cast<size_t>(std::max(time_s, 0.0) / kHour_s), until_hour_.size() - 1);
  const double into_s = time_s - static_cast<double>(hour) * kHour_s;
  PerWatt sum = until_hour_[hour];
  if (hour + 1 < until_hour_.size()) {
    const double share = into_s / kHour_s;
    const PerWatt& next = until_hour_[hour + 1];
    sum.carbon_g += share * (next.carbon_g - sum.carbon_g);
    sum.electricity_usd += share * (next.electricity_usd - sum.electricity_usd);
  } else {
    sum.carbon_g += pue_ * carbon_ * into_s;
    sum.electricity_usd += pue_ * price_ * into_s;
  }
  return sum;
}

}  // namespace busbar::engine
