/// Errors of predictions beside those of a null model.
#pragma once

#include <string>
#include <vector>

namespace busbar::validation {

/// Relative errors of a set of predictions, as fractions.
struct Errors {
  int count = 0;
  double mean_absolute = 0.0, median_absolute = 0.0, p90_absolute = 0.0, most_absolute = 0.0;
  double bias = 0.0;      // mean of predicted / measured - 1
  double spearman = 0.0;  // rank correlation of predicted with measured; 0 for fewer than three
};

Errors errors_of(const std::vector<double>& predicted, const std::vector<double>& measured);

/// Rank correlation; equal values share their mean rank.
double spearman(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace busbar::validation
