/// What a row of a measured table names: its model and its hardware.
#pragma once

#include <memory>
#include <string>

#include "sim/validation/table_fields.h"
#include "sim/validation/training_rows.h"

namespace busbar::validation {

/// The architecture of the catalogue, or that of the row's columns where they differ or the
/// catalogue has none. `reason` says why there is none.
std::shared_ptr<const model::LanguageModel> model_of(const Fields& row, const Catalogue& catalogue,
                                                     std::string& reason);

/// The chip whose longest name or alias the text contains.
base::Id<model::Accelerator> find_chip(const std::string& text, const model::Platform& platform);

/// Puts a slice on the chip's domain whose size is nearest to the one asked for (0: any). Returns
/// why it cannot; empty: it can.
std::string place(const model::Platform& platform, base::Id<model::Accelerator> chip, double chips,
                  int domain_size, training::Slice& slice);

}  // namespace busbar::validation
