/// Which published runs share constants, and what is usual for them.
#pragma once

#include <string>
#include <vector>

#include "sim/validation/training_rows.h"

namespace busbar::validation {

/// One constant of a family: its usual value, how far all may stray from it together, and how far
/// each chip's and each window's from that (of its logarithm; 0: none has its own).
struct Knob {
  model::Term term;
  double usual, stray, chip_stray = 0.0, window_stray = 0.0;
};
/// The factor of a precision that shares another's curve.
struct PrecisionKnob {
  const char* precision;
  double usual, stray;
};

/// Runs that share constants: stacks of one ancestry on one kind of model.
struct Family {
  std::vector<std::string> stacks;
  model::ModelKind models;
  std::vector<Knob> knobs;
  std::vector<PrecisionKnob> precisions;
  // The family whose products' constants, chip by chip, are the usual ones here; -1: none. Chips
  // that it lacks take the median of those that it has.
  int gemm_from = -1;
  // First releases of the windows in which constants are apart; chips of older kernels have fewer.
  std::vector<std::string> windows = {""};
};

/// All families; one may take the constants of those before it as its usual ones.
const std::vector<Family>& families();

/// The family of a row; null: none.
const Family* family_of(const TrainingRow& row);

/// The first release of the window of a row.
std::string window_of(const TrainingRow& row);

}  // namespace busbar::validation
