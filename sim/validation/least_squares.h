/// Nonlinear least squares.
#pragma once

#include <functional>
#include <vector>

namespace busbar::validation {

/// Residuals of a point; the same number for each point, at least as many as unknowns.
using Residuals =
    std::function<void(const std::vector<double>& at, std::vector<double>& residuals)>;

/// The point with the least sum of squared residuals, by Levenberg and Marquardt from `start` with
/// forward differences.
std::vector<double> least_squares(const Residuals& residuals, size_t count,
                                  std::vector<double> start);

/// Sum of squares at a point.
double sum_of_squares(const Residuals& residuals, size_t count, const std::vector<double>& at);

}  // namespace busbar::validation
