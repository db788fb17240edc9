/// The parallel plan of a measured run, its blanks filled.
#pragma once

#include "sim/validation/table_fields.h"
#include "sim/validation/training_rows.h"

namespace busbar::validation {

/// The precision that a row names first, or says to be implied; `bf16` where it names none.
std::string precision_of(const Fields& row);

/// Reads the columns of the plan into the row's task; blanks stay open.
void read_plan(const Fields& row, TrainingRow& r);

/// Fills what is open with the fastest setting that fits memory, and notes it in the row. The rule
/// is in sim/doc/models/training.md.
void complete(TrainingRow& r);

}  // namespace busbar::validation
