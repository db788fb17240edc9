/// Fits the constants of training steps on measured runs. See sim/doc/models/training.md.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "sim/validation/training_rows.h"

namespace busbar::validation {

/// What constants are fitted for.
struct ConstantsKey {
  std::string accelerator, stack;
  model::ModelKind models = model::ModelKind::kDense;
  std::string release;  // the first of its window
  friend bool operator<(const ConstantsKey& a, const ConstantsKey& b) {
    return std::tie(a.accelerator, a.stack, a.models, a.release) <
           std::tie(b.accelerator, b.stack, b.models, b.release);
  }
};

/// Constants by what they are for.
class Calibration {
 public:
  /// The constants of a row: its own, else medians of the nearest fits of its kind of model (see
  /// `training::Likeness`); null if no kind alike was fitted.
  const model::StepConstants* find(const TrainingRow& row) const;
  std::map<ConstantsKey, model::StepConstants> fits;
  std::map<std::string, std::string> vendors;  // of the chips in `fits`

 private:
  mutable std::map<std::pair<ConstantsKey, std::string>, model::StepConstants> stand_ins_;
};

/// Fits all families of the expressible rows, oldest knowledge first: a family may take what an
/// earlier one found as its prior. Rows of no known family are left out.
Calibration calibrate(const std::vector<const TrainingRow*>& rows);

}  // namespace busbar::validation
