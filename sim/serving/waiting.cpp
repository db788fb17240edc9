#include "sim/serving/waiting.h"

#include <cmath>

namespace busbar::serving {
namespace {

// Spare servers, in standard deviations of the busy ones, beyond which nobody waits: a million of
// servers need not be gone through.
constexpr double kPlenty = 8.0;

// Probability of waiting. The inverse of Erlang B grows with the servers, so large numbers are
// fine.
double erlang_c(double servers, double load) {
  if (load >= servers) return 1.0;
  if (servers - load > kPlenty * std::sqrt(servers)) return 0.0;
  double inverse_b = 1.0;  // Erlang B by its recursion
  for (double n = 1.0; n <= servers; n += 1.0) {
    inverse_b = 1.0 + n / load * inverse_b;
    if (inverse_b > 1e15) return 0.0;
  }
  const double b = 1.0 / inverse_b;
  return b / (1.0 - load / servers * (1.0 - b));
}

}  // namespace

Waiting::Waiting(double servers, double load, double rate_per_s)
    : waiting_(erlang_c(servers, load)), drain_per_s_((servers - load) * rate_per_s) {}

double Waiting::seconds(double share) const {
  return waiting_ <= 1.0 - share ? 0.0 : std::log(waiting_ / (1.0 - share)) / drain_per_s_;
}

}  // namespace busbar::serving
