#include "sim/validation/step_validation.h"

#include <functional>
#include <map>

namespace busbar::validation {
namespace {

using Key = std::function<std::string(const TrainingRow&)>;

StepPrediction with(const TrainingRow& row, const model::StepConstants& constants) {
  StepPrediction p;
  p.row = &row;
  const training::StepWork work = training::step_work(row.task, row.slice);
  p.time = training::step_time(work, constants);
  p.predicted_s = predicted_s(row, work, constants);
  p.null_s = constants.null_mfu > 0.0 ? null_s(row, work, constants.null_mfu) : 0.0;
  return p;
}

std::vector<const TrainingRow*> expressible(const std::vector<TrainingRow>& rows) {
  std::vector<const TrainingRow*> some;
  for (const TrainingRow& row : rows) {
    if (row.expressible()) some.push_back(&row);
  }
  return some;
}

}  // namespace

std::vector<StepPrediction> predict(const std::vector<TrainingRow>& rows, Constants constants) {
  Key key;  // rows of one value are predicted without each other
  if (constants == Constants::kWithoutModel) {
    key = [](const TrainingRow& row) { return row.model->name; };
  } else if (constants == Constants::kWithoutChip) {
    key = [](const TrainingRow& row) { return row.slice.accelerator->name; };
  } else if (constants == Constants::kWithoutStack) {
    key = [](const TrainingRow& row) { return row.stack; };
  } else {
    key = [](const TrainingRow&) { return std::string{}; };
  }
  const std::vector<const TrainingRow*> all = expressible(rows);
  std::map<std::string, Calibration> calibrations;
  std::vector<StepPrediction> predictions;
  for (const TrainingRow& row : rows) {
    if (!row.expressible()) {
      predictions.push_back({.row = &row});
      continue;
    }
    if (constants == Constants::kShipped) {
      predictions.push_back(with(row, row.slice.constants));
      continue;
    }
    const std::string mine = key(row);
    auto found = calibrations.find(mine);
    if (found == calibrations.end()) {
      std::vector<const TrainingRow*> others;
      for (const TrainingRow* other : all) {
        if (constants == Constants::kRefit || key(*other) != mine) others.push_back(other);
      }
      found = calibrations.emplace(mine, calibrate(others)).first;
    }
    const model::StepConstants* fitted = found->second.find(row);
    predictions.push_back(with(row, fitted != nullptr ? *fitted : row.slice.constants));
  }
  return predictions;
}

std::vector<ErrorLine> error_lines(const std::vector<StepPrediction>& predictions) {
  std::vector<ErrorLine> lines;
  const auto add = [&](const std::string& name, const std::function<bool(const TrainingRow&)>& in) {
    std::vector<double> measured, predicted, null;
    for (const StepPrediction& p : predictions) {
      if (!p.row->expressible() || !in(*p.row)) continue;
      measured.push_back(p.row->measured_s);
      predicted.push_back(p.predicted_s);
      null.push_back(p.null_s);
    }
    if (measured.empty()) return;
    lines.push_back({name, errors_of(predicted, measured), errors_of(null, measured)});
  };
  std::map<std::string, int> families;
  for (const StepPrediction& p : predictions) {
    if (p.row->expressible()) ++families[p.row->family()];
  }
  add("all", [](const TrainingRow&) { return true; });
  for (const auto kind :
       {model::ModelKind::kDense, model::ModelKind::kExperts, model::ModelKind::kHybrid}) {
    for (const bool xla : {false, true}) {
      const std::string name = std::string("all ") +
                               std::string(model::kModelKindNames[static_cast<size_t>(kind)]) +
                               (xla ? " on TPU" : " elsewhere");
      add(name, [&](const TrainingRow& row) {
        const bool is =
            row.slice.stack != nullptr && row.slice.stack->style == model::StackStyle::kXla;
        return row.model->kind() == kind && is == xla;
      });
    }
  }
  for (const auto& family : families) {
    add(family.first, [&](const TrainingRow& row) { return row.family() == family.first; });
  }
  return lines;
}

}  // namespace busbar::validation
