#include <algorithm>
#include <cmath>

#include "workloads/generator/generator.h"

namespace busbar::generator {

double quantile(const model::Distribution& d, double u) {
  using model::DistributionKind;
  double value = d.location;
  switch (d.kind) {
    case DistributionKind::kConstant:
      break;
    case DistributionKind::kExponential:
      value = -d.location * std::log1p(-u);
      break;
    case DistributionKind::kLogNormal:
      value = d.location * std::exp(d.spread * base::normal_quantile(u));
      break;
    case DistributionKind::kUniform:
      value = d.location + u * (d.spread - d.location);
      break;
    case DistributionKind::kChoice: {
      double sum = 0.0;
      for (const double weight : d.weights) sum += weight;
      double left = u * sum;
      for (size_t i = 0; i < d.values.size(); ++i) {
        value = d.values[i];
        left -= d.weights[i];
        if (left < 0.0) break;
      }
      break;
    }
  }
  value = std::max(value, d.least);
  return d.most > 0.0 ? std::min(value, d.most) : value;
}

}  // namespace busbar::generator
