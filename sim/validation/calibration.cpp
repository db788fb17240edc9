#include "sim/validation/calibration.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "sim/validation/families.h"
#include "sim/validation/least_squares.h"

namespace busbar::validation {

using model::ModelKind;
using model::StepConstants;
using model::Term;

namespace {

constexpr double kNoise = 0.03;  // of a published step time; larger errors count linearly

double median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

// A chip in one window of releases.
using Cell = std::pair<std::string, std::string>;

Cell cell_of(const TrainingRow& row) { return {row.slice.accelerator->name, window_of(row)}; }

// A family being fitted. Unknowns are logarithms of factors on the usual constants, each of some
// cells.
class Fit {
 public:
  Fit(const Family& family, std::vector<const TrainingRow*> rows,
      const std::map<std::string, double>& usual_gemm)
      : family_(family), rows_(std::move(rows)) {
    std::set<Cell> cells;
    for (const TrainingRow* row : rows_) cells.insert(cell_of(*row));
    std::vector<double> known;
    known.reserve(usual_gemm.size());
    for (const auto& [chip, gemm] : usual_gemm) known.push_back(gemm);
    for (const Cell& cell : cells) {
      const auto own = usual_gemm.find(cell.first);
      usual_[cell] = usual(own != usual_gemm.end() ? own->second
                           : known.empty()         ? 1.0
                                                   : median(known));
    }
    constants_ = usual_;
    std::set<std::string> chips, windows;
    for (const auto& [chip, window] : cells) {
      chips.insert(chip);
      windows.insert(window);
    }
    const auto some = [&](const std::function<bool(const Cell&)>& in) {
      std::vector<StepConstants*> constants;
      for (auto& [cell, c] : constants_) {
        if (in(cell)) constants.push_back(&c);
      }
      return constants;
    };
    const auto all = [](const Cell&) { return true; };
    for (const Knob& knob : family.knobs) {
      unknowns_.push_back({knob.stray, some(all), knob.term, {}});
      if (knob.chip_stray > 0.0 && chips.size() > 1) {
        for (const std::string& chip : chips) {
          unknowns_.push_back({knob.chip_stray,
                               some([&](const Cell& c) { return c.first == chip; }),
                               knob.term,
                               {}});
        }
      }
      if (knob.window_stray > 0.0 && windows.size() > 1) {
        for (const std::string& window : windows) {
          unknowns_.push_back({knob.window_stray,
                               some([&](const Cell& c) { return c.second == window; }),
                               knob.term,
                               {}});
        }
      }
    }
    for (const PrecisionKnob& knob : family.precisions) {
      unknowns_.push_back({knob.stray, some(all), Term::kGemm, knob.precision});
    }
    for (const TrainingRow* row : rows_) {
      works_.push_back(training::step_work(row->task, row->slice));
      of_row_.push_back(&constants_.find(cell_of(*row))->second);
    }
  }
  Fit(const Fit&) = delete;
  Fit& operator=(const Fit&) = delete;

  std::map<Cell, StepConstants> solve() {
    const size_t count = rows_.size() + unknowns_.size();
    const Residuals residuals = [&](const std::vector<double>& at, std::vector<double>& out) {
      set(at);
      for (size_t i = 0; i < rows_.size(); ++i) {
        const double time = predicted_s(*rows_[i], works_[i], *of_row_[i]);
        const double error = std::log(time / rows_[i]->measured_s) / kNoise;
        // Pseudo-Huber: quadratic within the noise, linear beyond.
        const double size = std::sqrt(2.0 * (std::sqrt(1.0 + error * error) - 1.0));
        out[i] = std::copysign(size, error);
      }
      for (size_t i = 0; i < unknowns_.size(); ++i) {
        out[rows_.size() + i] = at[i] / unknowns_[i].stray;
      }
    };
    // Host launches do not show until they bind: also start from where they do, and where not.
    std::vector<double> best;
    double least = 0.0;
    for (const double shift : {0.0, -2.0, 1.0}) {
      std::vector<double> start(unknowns_.size(), 0.0);
      bool shifted = false;
      for (size_t i = 0; i < unknowns_.size(); ++i) {
        const Unknown& u = unknowns_[i];
        if (!u.precision.empty() || u.term < Term::kLayerLaunch) continue;
        if (u.constants.size() < constants_.size()) continue;
        start[i] = shift;
        shifted = true;
      }
      if (shift != 0.0 && !shifted) continue;
      std::vector<double> end = least_squares(residuals, count, start);
      const double sum = sum_of_squares(residuals, count, end);
      if (best.empty() || sum < least) {
        best = std::move(end);
        least = sum;
      }
    }
    set(best);
    return constants_;
  }

 private:
  struct Unknown {
    double stray;
    std::vector<StepConstants*> constants;
    Term term;
    std::string precision;
  };

  // Routed experts run through the same units as other products.
  StepConstants usual(double gemm) const {
    StepConstants c;
    for (const Knob& knob : family_.knobs) {
      c[knob.term] = knob.usual;
      if (knob.term == Term::kGemm || knob.term == Term::kExperts) c[knob.term] *= gemm;
    }
    for (const PrecisionKnob& knob : family_.precisions) {
      c.precision_factor[knob.precision] = knob.usual;
    }
    return c;
  }

  void set(const std::vector<double>& at) {
    for (auto& [cell, c] : constants_) c = usual_[cell];
    for (size_t i = 0; i < unknowns_.size(); ++i) {
      const Unknown& u = unknowns_[i];
      const double factor = std::exp(at[i]);
      for (StepConstants* c : u.constants) {
        if (u.precision.empty()) {
          (*c)[u.term] *= factor;
        } else {
          c->precision_factor[u.precision] *= factor;
        }
      }
    }
  }

  const Family& family_;
  std::vector<const TrainingRow*> rows_;
  std::vector<training::StepWork> works_;
  std::vector<StepConstants*> of_row_;
  std::vector<Unknown> unknowns_;
  std::map<Cell, StepConstants> constants_, usual_;
};

// Constants with what they were fitted on: rows, error, and the null model's share of peak.
StepConstants described(StepConstants c, ModelKind models, const std::string& window,
                        const std::vector<const TrainingRow*>& rows) {
  c.models = models;
  c.release = window;
  c.rows = static_cast<int>(rows.size());
  std::vector<double> shares;
  for (const TrainingRow* row : rows) {
    const auto work = training::step_work(row->task, row->slice);
    c.error += std::abs(predicted_s(*row, work, c) / row->measured_s - 1.0) / c.rows;
    shares.push_back(null_s(*row, work, 1.0) / row->measured_s);
    c.chips = std::max(c.chips, row->slice.chips);
    c.precisions.insert(row->task.precision);
  }
  c.null_mfu = median(shares);
  return c;
}

}  // namespace

Calibration calibrate(const std::vector<const TrainingRow*>& rows) {
  Calibration calibration;
  std::vector<std::map<std::string, double>> gemm(families().size());
  for (size_t f = 0; f < families().size(); ++f) {
    const Family& family = families()[f];
    std::vector<const TrainingRow*> members;
    for (const TrainingRow* row : rows) {
      if (family_of(*row) == &family) members.push_back(row);
    }
    if (members.empty()) continue;
    static const std::map<std::string, double> kNone;
    const auto& usual = family.gemm_from >= 0 ? gemm[static_cast<size_t>(family.gemm_from)] : kNone;
    const auto fitted = Fit(family, members, usual).solve();
    for (const auto& [cell, constants] : fitted) {
      gemm[f][cell.first] = constants[Term::kGemm];
      std::map<std::string, std::vector<const TrainingRow*>> by_stack;
      for (const TrainingRow* row : members) {
        if (cell_of(*row) == cell) by_stack[row->stack].push_back(row);
      }
      for (const auto& [stack, own] : by_stack) {
        calibration.fits[{cell.first, stack, family.models, cell.second}] =
            described(constants, family.models, cell.second, own);
        calibration.vendors[cell.first] = own.front()->slice.accelerator->vendor;
      }
    }
  }
  return calibration;
}

const StepConstants* Calibration::find(const TrainingRow& row) const {
  const model::Accelerator& chip = *row.slice.accelerator;
  const ConstantsKey key{chip.name, row.stack, row.model->kind(), window_of(row)};
  if (const auto own = fits.find(key); own != fits.end()) return &own->second;
  const auto question = std::pair(key, row.task.precision);
  if (const auto known = stand_ins_.find(question); known != stand_ins_.end()) {
    return &known->second;
  }
  std::vector<const StepConstants*> near;
  int most = -1;
  for (const auto& [other, constants] : fits) {
    if (other.models != key.models) continue;
    const training::Likeness like{.stack = other.stack == key.stack,
                                  .window = other.release == key.release,
                                  .chip = other.accelerator == key.accelerator,
                                  .vendor = vendors.at(other.accelerator) == chip.vendor,
                                  .precision = constants.precisions.contains(row.task.precision)};
    if (like.nearness() < most) continue;
    if (like.nearness() > most) near.clear();
    most = like.nearness();
    near.push_back(&constants);
  }
  if (near.empty()) return nullptr;
  return &stand_ins_.emplace(question, training::medians(near)).first->second;
}

}  // namespace busbar::validation
