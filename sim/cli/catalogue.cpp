#include "sim/cli/catalogue.h"

#include "sim/cli/registries.h"
#include "sim/cli/shipped.h"
#include "sim/input/reader.h"

namespace busbar::cli {

std::optional<LoadedCatalogue> load_catalogue(const std::string& world,
                                              const std::vector<std::string>& models,
                                              base::Diagnostics& problems) {
  const std::string hardware = world.empty() ? shipped_chips() : world;
  if (hardware.empty()) {
    problems.error({}, "no folder 'platforms' here or above: name a world with --world");
    return std::nullopt;
  }
  auto platform = input::read_platform(hardware, {}, problems);
  if (!platform) return std::nullopt;
  LoadedCatalogue loaded{std::move(*platform), {}};
  for (const std::string& file : models.empty() ? shipped_models() : models) {
    const auto workload = input::read_workload(file, {}, Registries().known(), problems);
    if (!workload) return std::nullopt;
    for (const model::LanguageModel& m : workload->models) loaded.models.push_back(m);
  }
  return loaded;
}

}  // namespace busbar::cli
