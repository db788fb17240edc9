/// Reads tables of measured training steps into questions for the step model.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/model/platform.h"
#include "sim/model/workload.h"
#include "sim/training/step_work.h"

namespace busbar::validation {

/// One measured run. A row that cannot be expressed says why and has no task.
struct TrainingRow {
  int index = 0;  // from 0, in the order of the file
  std::string id, model_name, stack, release;
  std::string reason;                 // why it is not expressible; empty: it is
  std::vector<std::string> inferred;  // what was blank and how it was filled
  std::shared_ptr<const model::LanguageModel> model;
  training::Task task;  // its plan is complete
  training::Slice slice;
  double measured_s = 0.0;
  double evaluation_share = 0.0;  // forward-only sequences per trained sequence, inside the time
  bool expressible() const { return reason.empty(); }
  /// `gb300 megatron-bridge`: chip and stack, with the kind of model.
  std::string family() const;
};

/// The hardware and models that names in tables refer to.
struct Catalogue {
  const model::Platform* platform = nullptr;
  std::vector<model::LanguageModel> models;
};

/// Reads a table in the format of `sim/doc/formats/training-rows.md`.
std::vector<TrainingRow> read_training_rows(const std::string& path, const Catalogue& catalogue,
                                            base::Diagnostics& problems);

/// Reads a table in the format of vTrain's measurements on A100.
std::vector<TrainingRow> read_vtrain_rows(const std::string& path, const Catalogue& catalogue,
                                          base::Diagnostics& problems);

/// Predicted time of a row, with given constants.
double predicted_s(const TrainingRow& row, const training::StepWork& work,
                   const model::StepConstants& constants);

/// Time that the null model predicts: a share of peak and the bubble of one forward, one backward;
/// a third more where all is recomputed.
double null_s(const TrainingRow& row, const training::StepWork& work, double share_of_peak);

}  // namespace busbar::validation
