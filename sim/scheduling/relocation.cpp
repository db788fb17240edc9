#include "sim/scheduling/relocation.h"

#include <algorithm>
#include <cmath>

#include "sim/scheduling/brokers.h"

namespace busbar::scheduling {

namespace {

constexpr double kEqual = 1e-9;  // relative; what saves less saves nothing

}  // namespace

std::optional<size_t> choose_move(const Broker& broker, const Choices& choices) {
  if (choices.go.empty()) return {};
  // All together, for some units are relative to the best option.
  std::vector<PoolOption> options{choices.stay};
  options.insert(options.end(), choices.go.begin(), choices.go.end());
  options.insert(options.end(), choices.later.begin(), choices.later.end());
  const std::vector<double> values = broker.values(options);
  if (values.empty()) return {};
  const auto first_later = values.begin() + 1 + static_cast<std::ptrdiff_t>(choices.go.size());
  const size_t best = least(choices.go, {values.begin() + 1, first_later});
  const double going = values[1 + best], staying = values.front();
  if (!std::isfinite(going)) return {};
  if (std::isfinite(staying)) {
    const double least_saving = std::max(broker.terms().gain, kEqual) * std::abs(staying);
    if (staying - going <= least_saving) return {};
  }
  const auto later = std::min_element(first_later, values.end());
  if (later != values.end() && *later < going - kEqual * std::abs(going)) return {};
  return best;
}

PoolOption in_turn(const PoolOption& first, const PoolOption& then) {
  PoolOption both = then;
  both.run_time_s += first.run_time_s;
  both.price_usd_per_s =
      (first.price_usd_per_s * first.run_time_s + then.price_usd_per_s * then.run_time_s) /
      both.run_time_s;
  both.energy_j += first.energy_j;
  both.energy_usd += first.energy_usd;
  both.carbon_g += first.carbon_g;
  both.wan_usd += first.wan_usd;
  return both;
}

bool saves_first(base::Seconds unsaved, base::Seconds write) { return write < unsaved; }

}  // namespace busbar::scheduling
