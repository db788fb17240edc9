#include "sim/engine/simgrid_engine.h"

#include <fmt/format.h>

#include "sim/engine/simgrid_compat.h"

namespace busbar::engine {
namespace {

std::string with_value(const char* name, const char* value) {
  return fmt::format("{}:{}", name, value);
}

// All knobs that the results depend on, set to what the benchmarks and traps ask for.
}  // namespace

std::vector<std::string> SimgridEngine::knobs() {
  return {
      "network/model:CM02",      // plain max-min, no calibrated TCP
      "network/crosstraffic:0",  // no reverse traffic
      compat::kTcpGammaOff,      // no TCP window
      "network/loopback-bw:1e30",
      "network/loopback-lat:0",
      "network/optim:Lazy",
      "cpu/optim:Lazy",
      "cpu/model:Cas01",
      // host/model stays unnamed: naming even its default leaves running flows unsolved when a
      // port's demand changes (3.32), see the decision record on flows.
      "contexts/factory:raw",
      "contexts/stack-size:64",  // KiB
      "contexts/nthreads:1",
      with_value(compat::kTimingPrecision, "1e-9"),
      with_value(compat::kWorkPrecision, "1e-5"),
  };
}

struct SimgridEngine::Impl {
  Impl() : engine(&count, words) {}
  char name[7] = "busbar";
  char log[26] = "--log=root.thres:critical";
  char* words[3] = {name, log, nullptr};
  int count = 2;
  compat::sg::Engine engine;
};

SimgridEngine::SimgridEngine() : impl_(std::make_unique<Impl>()) {
  for (const std::string& knob : knobs()) compat::sg::Engine::set_config(knob);
}
SimgridEngine::~SimgridEngine() = default;

}  // namespace busbar::engine
