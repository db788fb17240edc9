/// The chips and models that measured tables name.
#pragma once

#include <optional>

#include "sim/base/diagnostics.h"
#include "sim/validation/training_rows.h"

namespace busbar::cli {

/// Hardware of a world and models of catalogues; empty: the shipped ones.
struct LoadedCatalogue {
  model::Platform platform;
  std::vector<model::LanguageModel> models;
  validation::Catalogue view() const { return {&platform, models}; }
};
std::optional<LoadedCatalogue> load_catalogue(const std::string& world,
                                              const std::vector<std::string>& models,
                                              base::Diagnostics& problems);

}  // namespace busbar::cli
