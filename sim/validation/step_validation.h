/// Predictions of measured training steps, with the shipped constants or refitted ones.
#pragma once

#include <optional>

#include "sim/validation/calibration.h"
#include "sim/validation/error_table.h"

namespace busbar::validation {

/// One row with what the step model and the null model say; unset where it is not expressible.
struct StepPrediction {
  const TrainingRow* row = nullptr;
  training::StepTime time;
  double predicted_s = 0.0, null_s = 0.0;
};

/// What constants a validation uses.
enum class Constants {
  kShipped,       // those of the efficiency files
  kRefit,         // fitted on all rows of the table
  kWithoutModel,  // for each row, fitted on the rows of other models
  kWithoutChip,   // …of other chips
  kWithoutStack,  // …of other stacks: other hands and sites
};

/// Predicts all rows, in their order. A row whose family is never fitted keeps the shipped
/// constants.
std::vector<StepPrediction> predict(const std::vector<TrainingRow>& rows, Constants constants);

/// One line of a table of errors.
struct ErrorLine {
  std::string name;
  Errors model, null;
};

/// Errors over all predictions, by kind of model, and by family, where there are any.
std::vector<ErrorLine> error_lines(const std::vector<StepPrediction>& predictions);

}  // namespace busbar::validation
