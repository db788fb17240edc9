#include "sim/validation/error_table.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace busbar::validation {
namespace {

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> rank(values.size());
  for (size_t i = 0; i < order.size();) {
    size_t end = i;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    for (size_t k = i; k < end; ++k) rank[order[k]] = 0.5 * static_cast<double>(i + end - 1);
    i = end;
  }
  return rank;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Linear between order statistics.
double quantile(const std::vector<double>& sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<size_t>(at);
  const size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

}  // namespace

double spearman(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() < 3) return 0.0;
  const std::vector<double> ra = ranks(a), rb = ranks(b);
  const double ma = mean(ra), mb = mean(rb);
  double ab = 0.0, aa = 0.0, bb = 0.0;
  for (size_t i = 0; i < ra.size(); ++i) {
    ab += (ra[i] - ma) * (rb[i] - mb);
    aa += (ra[i] - ma) * (ra[i] - ma);
    bb += (rb[i] - mb) * (rb[i] - mb);
  }
  return aa > 0.0 && bb > 0.0 ? ab / std::sqrt(aa * bb) : 0.0;
}

Errors errors_of(const std::vector<double>& predicted, const std::vector<double>& measured) {
  Errors e;
  e.count = static_cast<int>(measured.size());
  if (measured.empty()) return e;
  std::vector<double> absolute;
  for (size_t i = 0; i < measured.size(); ++i) {
    const double relative = predicted[i] / measured[i] - 1.0;
    e.bias += relative / static_cast<double>(measured.size());
    absolute.push_back(std::abs(relative));
  }
  e.mean_absolute = mean(absolute);
  std::sort(absolute.begin(), absolute.end());
  e.median_absolute = quantile(absolute, 0.5);
  e.p90_absolute = quantile(absolute, 0.9);
  e.most_absolute = absolute.back();
  e.spearman = spearman(predicted, measured);
  return e;
}

}  // namespace busbar::validation
