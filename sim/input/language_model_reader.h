/// Language models of a workload file into the model.
#pragma once

#include "sim/input/reading.h"
#include "sim/model/workload.h"

namespace busbar::input {

/// Reads one <model>; a published number of weights is checked within 1 %.
model::LanguageModel read_language_model(const xml::Element& e, base::Diagnostics& problems);

}  // namespace busbar::input
