/// The shipped chips and models, for tests.
#pragma once

#include <gtest/gtest.h>

#include "sim/base/registry.h"
#include "sim/input/reader.h"
#include "sim/validation/training_rows.h"

namespace busbar::validation {

struct ShippedCatalogue {
  ShippedCatalogue() {
    const std::string root = BUSBAR_SOURCE_DIR;
    base::Diagnostics problems;
    auto read = input::read_platform(root + "/platforms/worlds/chips.xml", {}, problems);
    const auto workload = input::read_workload(root + "/workloads/models/open-models.xml", {},
                                               base::KnownBehaviours{}, problems);
    if (!read || !workload) throw std::runtime_error("the shipped catalogue cannot be read");
    platform = std::move(*read);
    for (const model::LanguageModel& m : workload->models) models.push_back(m);
  }
  Catalogue view() const { return {&platform, models}; }
  model::Platform platform;
  std::vector<model::LanguageModel> models;
};

}  // namespace busbar::validation
