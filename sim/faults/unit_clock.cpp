#include "sim/faults/unit_clock.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"

namespace busbar::faults {

UnitPicker::UnitPicker(std::int64_t units, double lemon_share, double lemon_factor)
    : units_(units), lemons_(std::llround(lemon_share * static_cast<double>(units))) {
  const double weight = lemon_factor * static_cast<double>(lemons_);
  const double others = static_cast<double>(units_ - lemons_);
  lemon_mass_ = weight + others > 0.0 ? weight / (weight + others) : 0.0;
}

bool UnitPicker::is_lemon(std::int64_t unit) const {
  if (lemons_ == 0) return false;
  const std::int64_t near = std::clamp<std::int64_t>(unit * lemons_ / units_, 0, lemons_ - 1);
  for (std::int64_t i = std::max<std::int64_t>(near - 1, 0); i <= near; ++i) {
    if (lemon_at(i) == unit) return true;
  }
  return false;
}

std::int64_t UnitPicker::pick(double u) const {
  base::ensure(units_ > 0, "a failure among no units");
  const auto place = [](double share, std::int64_t count) {
    return std::min(static_cast<std::int64_t>(share * static_cast<double>(count)), count - 1);
  };
  if (lemons_ > 0 && u < lemon_mass_) return lemon_at(place(u / lemon_mass_, lemons_));
  const std::int64_t other = place((u - lemon_mass_) / (1.0 - lemon_mass_), units_ - lemons_);
  // The other-th unit that is no lemon: as many lemons stand before it as have no more than
  // `other` ordinary units before them.
  std::int64_t low = 0, high = lemons_;
  while (low < high) {
    const std::int64_t middle = (low + high) / 2;
    (lemon_at(middle) - middle <= other ? low = middle + 1 : high = middle);
  }
  return other + low;
}

AgeingUnits::AgeingUnits(base::Hertz rate, double shape, base::RandomStream draws)
    : shape_(shape), scale_s_(1.0 / (rate.value * std::tgamma(1.0 + 1.0 / shape))), draws_(draws) {}

std::int64_t AgeingUnits::Cohort::unit_at(std::int64_t place) const {
  const auto found = moved.find(place);
  return found == moved.end() ? place : found->second;
}

void AgeingUnits::Cohort::drop(std::int64_t place) {
  --count;
  if (place != count) moved[place] = unit_at(count);
  moved.erase(count);
}

double AgeingUnits::draw_next(const Cohort& cohort, double now_s) {
  const double age = (now_s - cohort.born_s) / scale_s_;
  const double hazard =
      std::pow(age, shape_) + draws_.exponential(1.0) / static_cast<double>(cohort.count);
  // Never before now, which rounding could give after long lives.
  return std::max(now_s, cohort.born_s + scale_s_ * std::pow(hazard, 1.0 / shape_));
}

void AgeingUnits::schedule(Cohort cohort, double now_s) {
  if (cohort.count == 0) return;
  const double next = draw_next(cohort, now_s);
  by_next_.emplace(next, std::move(cohort));
}

void AgeingUnits::add(std::int64_t units, double born_s, double now_s) {
  base::ensure(born_s <= now_s, "units added before they are born");
  schedule({born_s, units_, units, {}}, now_s);
  units_ += units;
}

void AgeingUnits::keep(std::int64_t units, double now_s) {
  std::multimap<double, Cohort> all;
  all.swap(by_next_);
  for (auto& [next_s, cohort] : all) {
    const std::int64_t before = cohort.count;
    for (std::int64_t place = before - 1; place >= 0; --place) {
      if (cohort.first + cohort.unit_at(place) >= units) cohort.drop(place);
    }
    if (cohort.count == before) {
      by_next_.emplace(next_s, std::move(cohort));
    } else {
      schedule(std::move(cohort), now_s);
    }
  }
  units_ = std::min(units_, units);
}

double AgeingUnits::next_s() const {
  return by_next_.empty() ? std::numeric_limits<double>::infinity() : by_next_.begin()->first;
}

std::int64_t AgeingUnits::pop() {
  base::ensure(!by_next_.empty(), "a failure among no units");
  auto node = by_next_.extract(by_next_.begin());
  const double now_s = node.key();
  Cohort& cohort = node.mapped();
  // Any of the cohort's units, each equally likely.
  const auto place =
      std::min(static_cast<std::int64_t>(draws_.uniform() * static_cast<double>(cohort.count)),
               cohort.count - 1);
  const std::int64_t unit = cohort.first + cohort.unit_at(place);
  cohort.drop(place);
  schedule(std::move(cohort), now_s);
  schedule({now_s, unit, 1, {}}, now_s);
  return unit;
}

}  // namespace busbar::faults
