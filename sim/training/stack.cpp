#include <fmt/format.h>

#include <algorithm>

#include "sim/training/step_model.h"

namespace busbar::training {

using model::Efficiency;
using model::StepConstants;

namespace {

// The constants in force at a release for a kind of model: the last that are not younger, or the
// first there are; null if this kind was never fitted.
const StepConstants* at_release(const Efficiency& stack, std::string_view release,
                                model::ModelKind models) {
  const StepConstants* best = nullptr;
  for (const StepConstants& step : stack.steps) {
    if (step.models != models) continue;
    if (best == nullptr || release.empty() || step.release <= release) best = &step;
  }
  return best;
}

const Efficiency* kernels_of(const model::Platform& platform, const std::string& chip) {
  for (const Efficiency& e : platform.efficiencies) {
    if (e.accelerator == chip && e.stack.empty()) return &e;
  }
  return nullptr;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

StepConstants medians(const std::vector<const StepConstants*>& fits) {
  StepConstants result;
  result.models = fits.front()->models;
  const auto median_of = [&](auto&& field) {
    std::vector<double> values;
    values.reserve(fits.size());
    for (const StepConstants* fit : fits) values.push_back(field(*fit));
    return median(values);
  };
  result.null_mfu = median_of([](const StepConstants& c) { return c.null_mfu; });
  for (size_t i = 0; i < model::kTerms; ++i) {
    result.value[i] = median_of([&](const StepConstants& c) { return c.value[i]; });
  }
  std::map<std::string, std::vector<double>> factors;
  for (const StepConstants* fit : fits) {
    for (const auto& [name, factor] : fit->precision_factor) factors[name].push_back(factor);
    result.precisions.insert(fit->precisions.begin(), fit->precisions.end());
  }
  for (const auto& [name, values] : factors) result.precision_factor[name] = median(values);
  return result;
}

void use_stack(const model::Platform& platform, std::string_view stack, std::string_view release,
               model::ModelKind models, std::string_view precision, Slice& slice) {
  const model::Accelerator& chip = *slice.accelerator;
  slice.kernels = kernels_of(platform, chip.name);
  slice.stack = nullptr;
  slice.caution.clear();
  slice.constants = {};
  // How the stack runs a step: as named on this chip, on another chip, or as the first
  // that the catalogue lists for this chip.
  const auto vendor_of = [&](const Efficiency& e) {
    const auto other = platform.accelerators.find(e.accelerator);
    return other ? platform.accelerators[other].vendor : std::string{};
  };
  int nearest = 0;
  for (const Efficiency& e : platform.efficiencies) {
    if (e.stack.empty()) continue;
    const int near = (e.stack == stack ? 4 : 0) + (e.accelerator == chip.name ? 2 : 0) +
                     (vendor_of(e) == chip.vendor ? 1 : 0);
    if (near <= nearest) continue;
    nearest = near;
    slice.stack = &e;
  }
  const bool measured = nearest >= (stack.empty() ? 3 : 7);
  if (measured) {
    if (const StepConstants* fit = at_release(*slice.stack, release, models)) {
      slice.constants = *fit;
      return;
    }
  }
  std::vector<const StepConstants*> relatives;
  int most = -1;
  for (const Efficiency& e : platform.efficiencies) {
    const StepConstants* fit = e.stack.empty() ? nullptr : at_release(e, release, models);
    if (fit == nullptr) continue;
    const Likeness like{.stack = e.stack == stack,
                        .chip = e.accelerator == chip.name,
                        .vendor = vendor_of(e) == chip.vendor,
                        .precision = fit->precisions.contains(precision),
                        .style = slice.stack == nullptr || e.style == slice.stack->style};
    if (like.nearness() < most) continue;
    if (like.nearness() > most) relatives.clear();
    most = like.nearness();
    relatives.push_back(fit);
  }
  if (relatives.empty()) {
    slice.caution = "no fitted constants: kernels at their usual share of peak";
    return;
  }
  slice.constants = medians(relatives);
  slice.caution =
      fmt::format("'{}' was not measured with {} on {} models: constants are medians of {} fits",
                  chip.name, stack.empty() ? "any stack" : stack,
                  model::kModelKindNames[static_cast<size_t>(models)], relatives.size());
}

}  // namespace busbar::training
