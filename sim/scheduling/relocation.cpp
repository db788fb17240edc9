#include "sim/scheduling/relocation.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "sim/scheduling/brokers.h"

namespace busbar::scheduling {

namespace {

constexpr double kEqual = 1e-9;  // relative; what saves less saves nothing

}  // namespace

std::optional<size_t> choose_move(const Broker& broker, const Choices& choices) {
  // All together, for some units are relative to the best option.
  std::vector<PoolOption> options{choices.stay};
  const auto add = [&](const std::vector<PoolOption>& more) {
    options.insert(options.end(), more.begin(), more.end());
    return options.size();
  };
  add(choices.go);
  const size_t now_end = add(choices.pause), later_end = add(choices.later);
  add(choices.pause_later);
  if (now_end == 1) return {};
  const std::vector<double> values = broker.values(options);
  if (values.empty()) return {};
  const auto at = [&](size_t i) { return values.begin() + static_cast<std::ptrdiff_t>(i); };
  const size_t best = least(std::span(options).subspan(1, now_end - 1), {at(1), at(now_end)});
  const PoolOption& chosen = options[1 + best];
  const double going = values[1 + best], staying = values.front();
  if (!std::isfinite(going)) return {};
  if (std::isfinite(staying)) {
    const double least_saving = std::max(broker.terms().gain, kEqual) * std::abs(staying);
    if (staying - going <= least_saving) return {};
  }
  const bool pauses = best >= choices.go.size();
  for (size_t i = now_end; i < options.size(); ++i) {
    const bool ties = pauses && i >= later_end && values[i] <= going + kEqual * std::abs(going) &&
                      options[i].done_after_s() < chosen.done_after_s();
    if (ties || values[i] < going - kEqual * std::abs(going)) return {};
  }
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
