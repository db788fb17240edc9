#include "sim/validation/least_squares.h"

#include <Eigen/Core>
#include <unsupported/Eigen/NonLinearOptimization>
#include <unsupported/Eigen/NumericalDiff>

namespace busbar::validation {
namespace {

struct Functor {
  using Scalar = double;
  using InputType = Eigen::VectorXd;
  using ValueType = Eigen::VectorXd;
  using JacobianType = Eigen::MatrixXd;
  enum { InputsAtCompileTime = Eigen::Dynamic, ValuesAtCompileTime = Eigen::Dynamic };

  const Residuals& residuals;
  int unknowns, count;
  mutable std::vector<double> at, out;

  int inputs() const { return unknowns; }
  int values() const { return count; }
  int operator()(const Eigen::VectorXd& x, Eigen::VectorXd& r) const {
    at.assign(x.data(), x.data() + x.size());
    out.assign(static_cast<size_t>(count), 0.0);
    residuals(at, out);
    for (int i = 0; i < count; ++i) r[i] = out[static_cast<size_t>(i)];
    return 0;
  }
};

}  // namespace

std::vector<double> least_squares(const Residuals& residuals, size_t count,
                                  std::vector<double> start) {
  const int unknowns = static_cast<int>(start.size());
  if (unknowns == 0) return start;
  Functor functor{residuals, unknowns, static_cast<int>(count), {}, {}};
  // A step of the differences well above rounding: residuals are logarithms of times.
  Eigen::NumericalDiff<Functor> differences(functor, 1e-10);
  Eigen::LevenbergMarquardt<Eigen::NumericalDiff<Functor>> solver(differences);
  solver.parameters.maxfev = 4000;
  Eigen::VectorXd x = Eigen::Map<Eigen::VectorXd>(start.data(), unknowns);
  solver.minimize(x);
  return {x.data(), x.data() + x.size()};
}

double sum_of_squares(const Residuals& residuals, size_t count, const std::vector<double>& at) {
  std::vector<double> out(count, 0.0);
  residuals(at, out);
  double sum = 0.0;
  for (const double r : out) sum += r * r;
  return sum;
}

}  // namespace busbar::validation
