/// SimGrid's engine with every knob set that results depend on.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace busbar::engine {

/// Owns the Engine, one per process: SimGrid keeps the clock of its first. It has a command line of
/// its own, so that it takes nothing from ours.
class SimgridEngine {
 public:
  SimgridEngine();
  ~SimgridEngine();
  SimgridEngine(const SimgridEngine&) = delete;

  /// Every option that is set, as `name:value`.
  static std::vector<std::string> knobs();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::engine
